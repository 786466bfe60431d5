"""A front end without a browser: it hears what a kernel tells of widgets, and does to them what a person does."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from queue import Empty
from types import TracebackType
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient

from tests.support.server import wait_for

MODEL = "IPY_MODEL_"


class FrontEnd:
    """Use as a context manager, before the widgets are made."""

    def __init__(self, connection_file: str) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        """Of each widget, as any front end has it and a notebook may save it."""
        self.told: list[str] = []
        """Every message about widgets, as it came."""
        self.client = BlockingKernelClient(connection_file=connection_file)
        self.client.load_connection_file()
        self._ended = threading.Event()
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self.client.start_channels()
        self._thread.start()

        def hears() -> bool:
            self.client.kernel_info()
            return self._heard.wait(0.2)

        wait_for(hears, "the kernel is heard")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.client.stop_channels()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                continue
            self._heard.set()
            self._take(message["msg_type"], message["content"])

    def _take(self, kind: str, content: dict[str, Any]) -> None:
        if kind not in ("comm_open", "comm_msg", "comm_close"):
            return
        self.told.append(json.dumps(content))
        id_ = content["comm_id"]
        if kind == "comm_close":
            self.states.pop(id_, None)
        elif kind == "comm_open":
            self.states[id_] = dict(content["data"]["state"])
        elif id_ in self.states and "state" in content["data"]:  # of what is closed, front ends hear nothing
            self.states[id_].update(content["data"]["state"])

    # What is shown.

    def inside(self, root: str, *, hidden: bool = False) -> Iterator[str]:
        """Yield a widget and all in it, in the order in which they are shown."""
        state = self.states.get(root, {})
        if not hidden and self._layout(state).get("display") == "none":
            return
        yield root
        for child in state.get("children", ()):
            yield from self.inside(child.removeprefix(MODEL), hidden=hidden)

    def _layout(self, state: dict[str, Any]) -> dict[str, Any]:
        return self.states.get(str(state.get("layout", "")).removeprefix(MODEL), {})

    def page(self, root: str) -> str:
        """Return the HTML that a widget shows."""
        every = (self.states.get(one, {}) for one in self.inside(root))
        return "\n".join(one["value"] for one in every if one.get("_view_name") == "HTMLView")

    def text(self, root: str) -> str:
        """Return what a widget shows, as text."""
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", self.page(root))))

    def control(self, root: str, description: str, *, hidden: bool = False) -> str:
        """Return the control of that name, once it is shown."""

        def found() -> str | None:
            there = self.inside(root, hidden=hidden)
            return next((one for one in there if self.states.get(one, {}).get("description") == description), None)

        control: str = wait_for(found, f"{description!r} is shown; there is: {self.text(root)}")
        return control

    def buttons(self, root: str) -> list[str]:
        """Return the names of the buttons that are shown."""
        every = (self.states.get(one, {}) for one in self.inside(root))
        return [one["description"] for one in every if one.get("_view_name") == "ButtonView"]

    def says(self, root: str, *texts: str) -> str:
        """Wait until a widget shows all of it, and return what it shows."""

        def there() -> str | None:
            shown = self.text(root)
            return shown if all(text in shown for text in texts) else None

        try:
            found: str = wait_for(there, f"{texts} is shown")
        except AssertionError:
            raise AssertionError(f"{texts} is not in: {self.text(root)}") from None
        return found

    # What a person does.

    def click(self, root: str, name: str) -> None:
        """Press a button, once it can be pressed."""

        def ready() -> str | None:
            one = self.control(root, name)
            return one if not self.states[one].get("disabled") else None

        self._send(wait_for(ready, f"{name!r} can be pressed"), {"method": "custom", "content": {"event": "click"}})

    def change(self, control: str, **state: Any) -> None:
        """Give a control another state."""
        self.states[control] |= state  # a front end has it at once
        self._send(control, {"method": "update", "state": state, "buffer_paths": []})

    def pick(self, root: str, description: str, label: str) -> None:
        """Pick one of a list of choices."""
        control = self.control(root, description)

        def at() -> list[int]:
            labels = self.states[control].get("_options_labels", ())
            return [index for index, one in enumerate(labels) if one == label]

        [index] = wait_for(at, f"{label!r} can be picked")
        self.change(control, index=index)

    def _send(self, comm_id: str, data: dict[str, Any]) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)
