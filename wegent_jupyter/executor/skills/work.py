"""Do what is asked about the skills of this device; all of it touches files, and belongs into a thread."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.skills import listing, places
from wegent_jupyter.executor.skills.errors import IO, NotDone
from wegent_jupyter.executor.skills.migration import Migration
from wegent_jupyter.executor.skills.observe import shown
from wegent_jupyter.executor.trust import TrustStore
from wegent_jupyter.protocol.skills import SharingAnswer, SharingResult, SkillsAnswer
from wegent_jupyter.protocol.wire import Done


class Printed(NamedTuple):
    """What a command prints, and with which status it ends (wire §12)."""

    status: int
    stdout: str
    stderr: str = ""


class Work:
    """The work of one device; no answer raises for what is found on the disk."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is looked at yet."""
        self._settings = settings

    def listed(self, workspace: str | None) -> Done:
        """Return the skills of the person, and of a workspace if one is given."""
        try:
            folder = Path(workspace).expanduser() if workspace else None
        except RuntimeError as error:  # of nobody who is known here
            return Done(success=False, code="bad_path", message=f"{workspace}: {error}")
        if folder is not None and (not folder.is_absolute() or "\0" in str(folder)):
            return Done(success=False, code="bad_path", message=f"{folder} is no absolute path.")
        try:
            trusted = folder is not None and self._trusts(folder)
            items, truncated = listing.collect(places.find(os.environ), workspace=folder, trusted=trusted)
        except (NotDone, OSError, RuntimeError) as error:
            return _refusal(error)
        return SkillsAnswer(success=True, items=items, truncated=truncated, shared=self._is_shared())

    def _is_shared(self) -> bool:
        try:
            return self._migration().shared
        except (NotDone, OSError):  # who asks how sharing stands is told; the skills are there all the same
            return False

    def sharing(self) -> Done:
        """Return how sharing stands."""
        return self._answer(lambda _migration: None)

    def share(self, digest: str | None) -> Done:
        """Share, and return what was done and how it stands then."""
        return self._answer(lambda migration: migration.share(digest))

    def unshare(self) -> Done:
        """Undo it, and return what was done and how it stands then."""
        return self._answer(lambda migration: migration.undo())

    def ls_skills(self) -> Printed:
        """Return what the command prints."""
        items, _ = listing.collect(places.find(os.environ))
        return Printed(0, json.dumps(listing.by_name(items)))

    def setup_shared_skills(self) -> Printed:
        """Share, and return what the command prints."""
        try:
            result = self._migration().share()
        except (NotDone, OSError) as error:
            refusal = _refusal(error)
            told = {"success": False, "status": "failed", "error": refusal.message}
            status = error.status if isinstance(error, NotDone) else IO
            return Printed(status, json.dumps(told), f"{refusal.message}\n")
        return Printed(0, json.dumps(result.model_dump(by_alias=True, exclude={"error", "kept"})))

    def _answer(self, work: Callable[[Migration], SharingResult | None]) -> Done:
        migration = self._migration()
        done, result = Done(success=True, code=""), None
        try:
            result = work(migration)
        except (NotDone, OSError) as error:
            done = _refusal(error)
        try:
            sharing = migration.look()
        except (NotDone, OSError) as error:
            return _refusal(error) if done.success else done
        return SharingAnswer(**done.model_dump(), sharing=sharing, result=result)

    def _trusts(self, folder: Path) -> bool:
        ours = folder.resolve().is_relative_to(self._settings.chats.resolve())
        return TrustStore(self._settings.home).look(folder, ours).usable

    def _migration(self) -> Migration:
        return Migration(places.find(os.environ), self._settings.home)


def _refusal(error: Exception) -> Done:
    """Say why something is not done."""
    if isinstance(error, NotDone):
        return Done(success=False, code=error.code, message=shown(str(error)), fix=error.fix)
    if isinstance(error, OSError):
        text = f"{error.filename or 'A file'}: {error.strerror or error}."
        return Done(success=False, code="device_storage", message=shown(text))
    return Done(success=False, code="device_storage", message=f"The skills cannot be read: {error}.")
