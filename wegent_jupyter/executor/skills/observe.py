"""Look at what there is to share, changing nothing; what stands in the way is named with what to do about it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wegent_jupyter.executor.skills import trees
from wegent_jupyter.executor.skills.places import AgentId, Places
from wegent_jupyter.executor.skills.scene import COPYING, Entry, Kind, Place, Scene
from wegent_jupyter.protocol.skills import MAX_SKILLS, Obstacle

MAX_WALKED = 200_000
"""Files in all skills that are looked at for links."""
MANAGED = "{} is a link, such as a dot-file manager makes. It was left as it is."


class _InTheWay(Exception):
    def __init__(self, path: Path | str, message: str, fix: str) -> None:
        super().__init__(message)
        self.obstacle = Obstacle(path=shown(path), message=shown(message), fix=shown(fix))


class _Looked(NamedTuple):
    """What a path is: the last part of it that exists, and whether that is all of it."""

    about: os.stat_result
    complete: bool


def observe(places: Places, *, linkable: bool = True) -> Scene:
    """Look at all of it; `linkable` says whether links can be made here."""
    scene = Scene(places.home, places.shared, os.path.realpath(places.shared), False, [], [], [], linkable)
    device = 0
    try:
        looked = _look(places.home, places.shared, "the shared directory")
        scene.exists, device = looked.complete, looked.about.st_dev
        if scene.exists:
            scene.entries = list(_entries(places.shared, None, scene.obstacles))
    except _InTheWay as error:
        scene.obstacles.append(error.obstacle)
    seen = {places.shared}
    for agent, path in places.legacy:
        if path not in seen:
            seen.add(path)
            try:
                scene.places.append(_place(scene, agent, path, device))
            except _InTheWay as error:
                scene.obstacles.append(error.obstacle)
    return scene


def _place(scene: Scene, agent: AgentId, path: Path, device: int) -> Place:
    place = Place(agent, path, os.path.realpath(path))
    if path.is_symlink():
        _look(scene.home, path.parent, "its directory")
        _check_link(scene, path)
        place.state = "linked"
        return place
    _check_apart(scene, path)
    looked = _look(scene.home, path, "a directory of skills")
    if not looked.complete:
        return place
    place.state, place.mode = "own", stat.S_IMODE(looked.about.st_mode)
    if device and looked.about.st_dev != device:
        raise _InTheWay(
            path,
            f"{path} lies on another file system than {scene.shared}: its skills cannot be moved there in one step.",
            "Move them yourself, or mount both in one place.",
        )
    place.entries = list(_entries(path, scene, scene.obstacles))
    return place


def _check_link(scene: Scene, path: Path) -> None:
    text = os.readlink(path)  # noqa: PTH115 - the text itself
    straight = os.path.normpath(path.parent / text)
    if straight == str(scene.shared) or os.path.realpath(path) == os.path.realpath(scene.shared):
        return
    raise _InTheWay(
        path,
        f"{path} is a link to {text}. It was left as it is.",
        "Remove the link if it is not needed: sharing puts one to the shared directory into its place.",
    )


def _check_apart(scene: Scene, path: Path) -> None:
    if path.is_relative_to(scene.shared) or scene.shared.is_relative_to(path):
        raise _InTheWay(path, f"{path} and {scene.shared} lie in each other.", "Choose another CODEX_HOME or config.")


def _look(home: Path, path: Path, what: str) -> _Looked:
    """Follow a path from the home directory without following a link; raises _InTheWay."""
    if not path.is_relative_to(home):
        raise _InTheWay(
            path,
            f"{path} does not lie in the home directory {home}, and nothing outside of it is touched.",
            "Unset CODEX_HOME or CLAUDE_CONFIG_DIR for this device, or move the directory into your home.",
        )
    about, at = home.stat(), home
    for part in path.relative_to(home).parts:
        at = at / part
        try:
            about_next = at.lstat()
        except FileNotFoundError:
            _check_ours(at.parent, about)
            return _Looked(about, False)
        except OSError as error:
            raise _InTheWay(at, f"{at} cannot be opened: {error.strerror}.", "Mend its permissions.") from error
        if stat.S_ISLNK(about_next.st_mode):
            raise _InTheWay(at, MANAGED.format(at), "Put a directory in its place, then share again.")
        if not stat.S_ISDIR(about_next.st_mode):
            raise _InTheWay(at, f"{at} is a file, where {what} should be.", "Move it away.")
        _check_ours(at, about_next)
        about = about_next
    return _Looked(about, True)


def _check_ours(path: Path, about: os.stat_result) -> None:
    """Raise _InTheWay where this person may not change a directory."""
    if about.st_uid != os.geteuid():
        raise _InTheWay(path, f"{path} belongs to another user.", f"Give it to yourself: sudo chown -R $USER {path}")
    if not about.st_mode & stat.S_IWUSR or not os.access(path, os.W_OK | os.X_OK):
        raise _InTheWay(path, f"{path} cannot be written to.", f"Make it writable: chmod u+w {path}")


def _entries(folder: Path, scene: Scene | None, obstacles: list[Obstacle]) -> Iterator[Entry]:
    """Yield the entries of a directory; `scene` is given for those that are to move."""
    with os.scandir(folder) as entries:
        found = sorted((one for one in entries if one.name != COPYING), key=lambda one: one.name)
    if len(found) > MAX_SKILLS:
        raise _InTheWay(folder, f"{folder} has more than {MAX_SKILLS} entries.", "Move some of them away.")
    walk = _Walk()
    for entry in found:
        try:
            yield _entry(Path(entry.path), entry.stat(follow_symlinks=False), folder, scene, walk)
        except _InTheWay as error:
            obstacles.append(error.obstacle)
        except FileNotFoundError:  # it has gone meanwhile
            continue


def _entry(path: Path, about: os.stat_result, folder: Path, scene: Scene | None, walk: "_Walk") -> Entry:
    kind = kind_of(about)
    if scene is not None:
        _check_movable(path, about, folder, kind)
    if kind == "link":
        return _link(path, about, folder, scene)
    copied = scene is not None and not scene.linkable and trees.equal(path, scene.shared / path.name)
    siblings = walk.siblings(path, folder, scene.shared) if scene is not None and kind == "folder" else ()
    blank = _is_empty(path) if kind == "folder" else about.st_size == 0
    return Entry(path.name, kind, about.st_ino, about.st_mtime_ns, siblings=siblings, blank=blank, copied=copied)


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except PermissionError:  # whatever is in it, it is not known to be empty
        return False


def kind_of(about: os.stat_result) -> Kind:
    """Return what an entry is; what is neither directory nor link is a file to us."""
    return "link" if stat.S_ISLNK(about.st_mode) else "folder" if stat.S_ISDIR(about.st_mode) else "file"


def _link(path: Path, about: os.stat_result, folder: Path, scene: Scene | None) -> Entry:
    text, leads = os.readlink(path), os.path.realpath(path)  # noqa: PTH115 - the text itself
    from_shared = os.path.realpath(os.path.join(scene.shared if scene else folder, text))  # noqa: PTH118
    if scene is not None and (shown(text), shown(leads)) != (text, leads):  # it is to be written down
        fix = "Let it lead to a name that is, or move it away."
        raise _InTheWay(path, f"{path} leads to {leads}, which is no text in UTF-8.", fix)
    copied = scene is not None and not scene.linkable and trees.equal(path, scene.shared / path.name)
    return Entry(
        path.name, "link", about.st_ino, about.st_mtime_ns, text, leads, steady=from_shared == leads, copied=copied
    )


def _check_movable(path: Path, about: os.stat_result, folder: Path, kind: Kind) -> None:
    if shown(path.name) != path.name:
        raise _InTheWay(path, f"The name of {shown(path)} is no text in UTF-8.", "Rename it.")
    if about.st_dev != folder.stat().st_dev:
        raise _InTheWay(path, f"{path} is a mounted file system.", "Unmount it, or move it away.")
    if path.name == ".git":
        raise _InTheWay(
            path,
            f"{folder} is a git repository: its skills would leave it.",
            f"Move the repository away and put links to its skills into {folder}, then share again.",
        )
    if kind == "folder":
        _check_ours(path, about)
    elif about.st_uid != os.geteuid():
        raise _InTheWay(path, f"{path} belongs to another user.", "Move it away, or give it to yourself.")


class _Walk:
    """Looks for links in skills that would lead elsewhere after a move, up to a number of files in all."""

    def __init__(self) -> None:
        self._left = MAX_WALKED

    def siblings(self, skill: Path, folder: Path, shared: Path) -> tuple[str, ...]:
        """Return to which other entries of its directory links in a skill lead; raises _InTheWay."""
        found = set[str]()
        for link in self._links(skill):
            text = os.readlink(link)  # noqa: PTH115 - the text itself
            target = Path(os.path.normpath(link.parent / text))
            if Path(text).is_absolute() or target.is_relative_to(skill):
                continue
            if target.is_relative_to(folder):
                found.update(target.relative_to(folder).parts[:1])
            elif os.path.realpath(link) != os.path.realpath(shared / link.parent.relative_to(folder) / text):
                raise _InTheWay(link, f"{link} leads to {text}, and would not after a move.", "Make it absolute.")
        return tuple(sorted(found))

    def _links(self, folder: Path) -> Iterator[Path]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise _InTheWay(folder, f"The skills have more than {MAX_WALKED} files.", "Move some away.")
                    if entry.is_symlink():
                        yield Path(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        yield from self._links(Path(entry.path))
        except PermissionError:  # what cannot be read moves along
            return


def shown(path: Path | str) -> str:
    """Return a path as text, whatever its bytes are."""
    return os.fsencode(path).decode(errors="replace")
