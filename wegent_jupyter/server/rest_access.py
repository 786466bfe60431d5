"""REST of credentials: API tokens, keys, join codes, and how a machine becomes a device."""

from wegent_jupyter.server.handler import Handler

TABLE: list[tuple[str, type[Handler]]] = []
