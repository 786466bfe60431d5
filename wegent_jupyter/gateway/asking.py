"""Ask something of a connected device, and say in its own words why not."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wegent_jupyter.gateway.devices import DeviceEntry
from wegent_jupyter.gateway.errors import Conflict, Refused, Unavailable
from wegent_jupyter.gateway.hiding import hidden
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered

D = TypeVar("D", bound=wire.Done)
M = TypeVar("M", bound=BaseModel)

UPGRADE = "Upgrade wegent-jupyter there."
CONFLICTS = frozenset({"busy", "changed_since", "in_the_way", "logged_in", "not_undoable", "worktree_not_clean"})
"""Codes of devices for what their state does not allow; the rest is about what was asked."""
MAX_TEXT, MAX_CODE = 4_000, 100
"""Characters of what a device says."""


async def ask(
    device: DeviceEntry,
    event: str,
    data: dict[str, Any],
    answer: type[D],
    seconds: float = wire.CALL_SECONDS,
    secrets: Iterable[str | None] = (),
) -> D:
    """Return a device's answer; raises Refused with its reason, Conflict when it is away, Unavailable.

    `secrets` in `data` are not repeated in errors, whatever the device says.
    """
    if not device.online or device.channel is None:
        raise Conflict(
            f"{device.name} is not connected.",
            code="device_offline",
            fix="Start its executor, or wait until it is back.",
        )
    try:
        said = await device.channel.call(event, data, seconds)
        if isinstance(said, dict) and said.get("code") == "unsupported_method":
            raise Refused(f"The executor on {device.name} cannot do this yet.", code="not_supported", fix=UPGRADE)
    except (NotSent, Unanswered) as error:
        raise Unavailable(f"{device.name} did not answer.", code="unanswered") from error
    done = read(device, said, answer)
    if not done.success:
        secrets, kind = list(secrets), Conflict if done.code in CONFLICTS else Refused
        text = told(done.message, secrets) or f"{device.name} refused."
        raise kind(text, code=told(done.code, secrets, MAX_CODE), fix=told(done.fix, secrets) if done.fix else None)
    return done


def read(device: DeviceEntry, said: Any, answer: type[M]) -> M:
    """Return what a device answered; raises Unavailable when it makes no sense, or could not be passed on."""
    if not is_text(said):
        raise _nonsense(device, "half a character")
    try:
        return answer.model_validate(said)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"])) or "the answer"
        raise _nonsense(device, field[:MAX_CODE]) from error


def is_text(said: Any) -> bool:
    """Say whether all texts in a JSON value can be encoded; half a surrogate pair, which JSON can escape, cannot."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and not one.isascii():
            try:
                one.encode()
            except UnicodeEncodeError:
                return False
    return True


def told(text: str, secrets: Iterable[str | None] = (), most: int = MAX_TEXT) -> str:
    """Return what a device said, without secrets, within bounds, and such that it can be encoded."""
    return hidden(text, secrets)[:most].encode(errors="replace").decode()


def _nonsense(device: DeviceEntry, what: str) -> Unavailable:
    return Unavailable(f"{device.name} answered nonsense: {what}.", code="bad_answer")


async def ask_ours(
    device: DeviceEntry,
    event: str,
    data: dict[str, Any],
    answer: type[D],
    seconds: float = wire.CALL_SECONDS,
    secrets: Iterable[str | None] = (),
) -> D:
    """Ask what only an executor of ours can do; raises Refused for one of Wegent's own, else as `ask`."""
    if not device.kept.ours:
        raise Refused(
            f"{device.name} runs Wegent's own executor, which cannot do this.",
            code="stock_device",
            fix="Run wegent-executor there, or choose another device.",
        )
    return await ask(device, event, data, answer, seconds, secrets)
