"""What the user said in one turn of ours, so that nothing of it is lost or said twice when the program dies."""

from wegent_jupyter.executor.agents.base import Run
from wegent_jupyter.executor.agents.codex_rpc import AppServer, RpcError
from wegent_jupyter.executor.agents.shapes import mappings, words

MAX_TURNS = 50
"""Turns of Codex that are looked through; ours rarely takes more than one."""


class Said:
    """The texts, in their order, and the turns of Codex that took them."""

    def __init__(self, run: Run) -> None:
        """Begin with the message itself."""
        self.texts = [run.context, run.prompt] if run.context else [run.prompt]
        self.turns: set[str] = set()

    async def missing(self, server: AppServer, thread: str) -> list[str]:
        """Return what the thread does not hold: Codex keeps what the model was sent, also where it died meanwhile.

        Raises Gone, TimeoutError.
        """
        left = list(self.texts)
        for text in await self._kept(server, thread) if self.turns else ():
            if text in left:
                left.remove(text)
        return left

    async def _kept(self, server: AppServer, thread: str) -> list[str]:
        newest = {"threadId": thread, "limit": MAX_TURNS, "sortDirection": "desc", "itemsView": "full"}
        try:
            told = await server.request("thread/turns/list", newest)
        except RpcError:
            return []
        turns = [one for one in mappings(told.get("data")) if one.get("id") in self.turns]
        items = [item for turn in turns for item in mappings(turn.get("items")) if item.get("type") == "userMessage"]
        return [words(part.get("text")) for item in items for part in mappings(item.get("content"))]
