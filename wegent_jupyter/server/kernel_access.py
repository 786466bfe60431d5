"""How kernels of notebooks find and open the gateway: a 0600 file beside Jupyter's own, with a narrow token."""

import json
import logging
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wegent_jupyter.locks import write_private

log = logging.getLogger(__name__)


class KernelAccess:
    """The token for kernels, new at each start, and the file in which those of this server find it."""

    def __init__(self, runtime_dir: str) -> None:
        """Write nothing yet. The file is beside `jpserver-{pid}.json` of this server."""
        self.token = secrets.token_urlsafe(32)
        self._file = Path(runtime_dir) / f"wegent-{os.getpid()}.json"
        self._told = ""

    def tell(self, url: str, reach: Mapping[str, str | None]) -> None:
        """Say that the gateway is here."""
        self._write({"url": url, "token": self.token, "unix": None, "ca": None, **reach})

    def tell_of(self, holder: Mapping[str, Any]) -> None:
        """Say where the server is that has the gateway, as that published itself; nothing if it has not yet."""
        if not isinstance(holder.get("url"), str) or not isinstance(holder.get("kernel_token"), str):
            return self.forget()
        where = {"url": holder["url"], "token": holder["kernel_token"]}
        return self._write({**where, "unix": holder.get("unix"), "ca": holder.get("ca")})

    def forget(self) -> None:
        """Remove the file."""
        self._told = ""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", self._file, error)

    def _write(self, where: Mapping[str, Any]) -> None:
        text = json.dumps({"pid": os.getpid(), **where})
        if text == self._told:
            return
        try:
            write_private(self._file, text)
        except OSError as error:
            log.warning("Kernels will not find Wegent, as %s cannot be written: %s", self._file, error)
            return
        self._told = text
