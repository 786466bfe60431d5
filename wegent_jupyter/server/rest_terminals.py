"""REST of terminals: open, list, end. What is typed and printed goes over the namespace `/terminal`."""

from wegent_jupyter.protocol import managing, terminals
from wegent_jupyter.server.handler import NAME, Handler, route

SESSION = r"([A-Za-z0-9_-]{1,100})"


class DeviceTerminalHandler(Handler):
    """`/devices/{id}/terminal`."""

    @route
    async def post(self, device_id: str) -> None:
        """Open a terminal on a device."""
        self.refuse_kernel()
        request = self.read(terminals.StartTerminal)
        self.reply(await self.service.gateway.terminals.start(self.owner, device_id, request))


class TerminalsHandler(Handler):
    """`/terminals`."""

    @route
    async def get(self) -> None:
        """List the owner's terminals, oldest first."""
        items = self.service.gateway.terminals.items(self.owner)
        self.reply(terminals.TerminalList(items=items, total=len(items)))


class TerminalHandler(Handler):
    """`/terminals/{session}`."""

    @route
    async def get(self, session_id: str) -> None:
        """Show a terminal."""
        self.reply(self.service.gateway.terminals.show(self.owner, session_id))

    @route
    async def delete(self, session_id: str) -> None:
        """End a terminal's shell and all that it started."""
        self.refuse_kernel()
        await self.service.gateway.terminals.end(self.owner, session_id)
        self.reply(managing.Message(message=f"Terminal '{session_id}' ended"))


TABLE: list[tuple[str, type[Handler]]] = [
    (rf"/devices/{NAME}/terminal", DeviceTerminalHandler),
    (r"/terminals", TerminalsHandler),
    (rf"/terminals/{SESSION}", TerminalHandler),
]
