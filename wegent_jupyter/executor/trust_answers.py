"""Answer what the gateway asks about trusted directories."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.executor import workspaces
from wegent_jupyter.executor.trust import TrustDamaged, TrustStore
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.api import TrustedPath, TrustRequest

Answer = dict[str, Any]


class TrustAnswers:
    """The answers of one device."""

    def __init__(self, home: Path) -> None:
        """Keep what is said in the executor's home."""
        self._trust = TrustStore(home)

    def questions(self) -> dict[str, Callable[[Answer], Awaitable[Answer]]]:
        """Return what answers each question."""
        return {wire.TRUST: self._set, wire.TRUSTED: self._list}

    async def _set(self, data: Answer) -> Answer:
        try:
            await asyncio.to_thread(self._keep, TrustRequest.model_validate(data))
        except (ValidationError, TrustDamaged, OSError, RuntimeError) as error:
            return _not_done(str(error), "not_stored")
        except workspaces.BadWorkspace as error:
            return _not_done(str(error), "bad_path")
        return await self._list({})

    def _keep(self, request: TrustRequest) -> None:
        path = Path(request.path).expanduser()
        if not path.is_absolute():
            raise workspaces.BadWorkspace(f"{request.path} is not absolute. Give a path that starts with / or ~.")
        self._trust.set(path, request.trusted)

    async def _list(self, _data: Answer) -> Answer:
        try:
            found = await asyncio.to_thread(self._trust.items)
        except TrustDamaged as error:
            return _not_done(str(error), "not_stored")
        items = [TrustedPath(path=str(path), trusted=trusted) for path, trusted in found]
        return wire.TrustAnswer(success=True, items=items).model_dump()


def _not_done(message: str, code: str) -> Answer:
    return wire.Done(success=False, message=message, code=code).model_dump(exclude_none=True)
