"""The statements about personal configuration and providers. Every function runs in a store thread, on the connection
given. What is secret in `data` is sealed already (`gateway/vault.py`)."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from wegent_jupyter.gateway.store.records import Row, dumps, upsert
from wegent_jupyter.gateway.store.tables import personal, providers


def all_personal(connection: Connection) -> list[tuple[str, str, Row]]:
    """Return (owner, what, data) of all that people configured."""
    return [(row.owner, row.what, json.loads(row.data)) for row in connection.execute(select(personal))]


def save_personal(connection: Connection, owner: str, changed: Mapping[str, Row]) -> None:
    """Insert or replace parts of an owner's configuration: `changed` is data by what it is about."""
    for what, data in changed.items():
        upsert(connection, personal, {"owner": owner, "what": what, "data": dumps(data)})


def all_providers(connection: Connection) -> list[tuple[str, Row]]:
    """Return (owner, data) of every provider."""
    return [(row.owner, json.loads(row.data)) for row in connection.execute(select(providers))]


def save_providers(connection: Connection, owner: str, changed: Mapping[int, Row]) -> None:
    """Insert or replace an owner's providers: data by id."""
    for provider_id, data in changed.items():
        row = {"id": provider_id, "owner": owner, "name": data["name"], "data": dumps(data)}
        upsert(connection, providers, row)


def remove_provider(connection: Connection, provider_id: int) -> None:
    """Remove a provider."""
    connection.execute(delete(providers).where(providers.c.id == provider_id))
