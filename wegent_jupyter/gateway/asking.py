"""Ask something of a connected device, and say in its own words why not."""

from typing import Any, TypeVar

from pydantic import ValidationError

from wegent_jupyter.gateway.devices import DeviceEntry
from wegent_jupyter.gateway.errors import Conflict, Refused, Unavailable
from wegent_jupyter.protocol import wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered

D = TypeVar("D", bound=wire.Done)

CONFLICTS = frozenset({"busy", "changed_since", "worktree_not_clean"})
"""Codes of devices for what their state does not allow; the rest is about what was asked."""


async def ask(
    device: DeviceEntry, event: str, data: dict[str, Any], answer: type[D], seconds: float = wire.CALL_SECONDS
) -> D:
    """Return a device's answer; raises Refused with its reason, Conflict when it is away, Unavailable."""
    if not device.online or device.channel is None:
        raise Conflict(
            f"{device.name} is not connected.",
            code="device_offline",
            fix="Start its executor, or wait until it is back.",
        )
    try:
        done = answer.model_validate(await device.channel.call(event, data, seconds))
    except (NotSent, Unanswered) as error:
        raise Unavailable(f"{device.name} did not answer.", code="unanswered") from error
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"])) or "the answer"
        raise Unavailable(f"{device.name} answered nonsense: {field}.", code="bad_answer") from error
    if not done.success:
        kind = Conflict if done.code in CONFLICTS else Refused
        raise kind(done.message or f"{device.name} refused.", code=done.code, fix=done.fix)
    return done
