"""The routes of terminals; `terminal_view` looks into one."""

from urllib.parse import quote

from wegent_jupyter.client.rest import REQUEST_SECONDS, Rest
from wegent_jupyter.protocol.managing import Message
from wegent_jupyter.protocol.terminals import StartedTerminal, StartTerminal, Terminal, TerminalList

START_SECONDS = 2 * REQUEST_SECONDS
"""The server waits for the device meanwhile, and says so itself when that does not answer."""


class TerminalRoutes(Rest):
    """Terminals of devices."""

    async def start_terminal(self, device_id: str, request: StartTerminal) -> StartedTerminal:
        """Open a terminal on a device."""
        path = f"/devices/{quote(device_id, safe='')}/terminal"
        return await self._post(path, request, StartedTerminal, START_SECONDS)

    async def terminals(self) -> list[Terminal]:
        """Return the terminals of all devices, oldest first."""
        return (await self._get("/terminals", TerminalList)).items

    async def terminal(self, session_id: str) -> Terminal:
        """Return one terminal."""
        return await self._get(_path(session_id), Terminal)

    async def end_terminal(self, session_id: str) -> Message:
        """End a terminal's shell and all that it started."""
        return await self._delete(_path(session_id), Message)


def _path(session_id: str) -> str:
    return f"/terminals/{quote(session_id, safe='')}"
