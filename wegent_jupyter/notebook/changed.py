"""What a turn changed in its directory."""

from wegent_jupyter.client.client import ApiError, Client
from wegent_jupyter.client.diffs import unified
from wegent_jupyter.client.seen import SeenTurn
from wegent_jupyter.protocol.changes import FileChange, FileDiff


def files_of(seen: SeenTurn | None) -> list[FileChange]:
    """Return the files that a turn changed, as its transcript says."""
    items = [one for one in seen.items if one["kind"] == "changes"] if seen is not None else []
    return [FileChange.model_validate(file) for file in (items[-1].get("files") or [] if items else [])]


async def diff_of(client: Client, seen: SeenTurn | None) -> str:
    """Return what a turn changed as a unified diff, empty if that is nothing or not kept any more; raises ApiError."""
    if seen is None or seen.turn.attempt_id is None or not seen.turn.state.final:
        return ""
    task_id, turn_id = seen.turn.task_id, seen.turn.id
    try:
        found = await client.changes(task_id, turn_id)
    except ApiError as error:
        if error.problem.code != "no_changes":
            raise
        return ""
    parts = [_shown(await client.diff(task_id, turn_id, one.path)) for one in found.items]
    more = [f"… and {found.total - len(found.items):,} more files"] if found.total > len(found.items) else []
    return "\n".join([*parts, *more])


def _shown(diff: FileDiff) -> str:
    if diff.binary:
        return f"{diff.path}: {diff.status}, no text"
    lines = unified(diff.path, diff.before, diff.after) or [f"{diff.path}: {diff.status}, no line differs"]
    more = [f"{diff.path}: only its beginning is compared, as it is too long"] if diff.truncated else []
    return "\n".join([*lines, *more])
