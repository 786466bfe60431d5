"""What a device lists: its directories, to choose one from, and the files of a workspace, best first."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import set_traps, trap
from tests.support.repositories import bare, commit, git, repository
from wegent_jupyter.executor.projects import listing as module
from wegent_jupyter.executor.projects.listing import Listing
from wegent_jupyter.protocol.projects import FilesAnswer, FoldersAnswer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def folders(path: Any = None) -> FoldersAnswer:
    return FoldersAnswer.model_validate(asyncio.run(Listing().folders({"path": path})))


def files(path: Path, query: Any = "", **more: Any) -> list[str]:
    answer = FilesAnswer.model_validate(asyncio.run(Listing().files({"path": str(path), "query": query, **more})))
    assert answer.success, answer
    return answer.items


# Directories.


def test_without_a_path_the_home_directory_is_listed(home: Path) -> None:
    for name in ("b", "A", ".cache", "c"):
        (home / name).mkdir()
    (home / "file").write_text("x")
    repository(home / "demo")
    bare(home / "bare", home / "demo")
    found = folders()
    assert (found.success, found.path, found.home, found.parent) == (True, str(home), str(home), str(home.parent))
    assert [one.name for one in found.items] == ["A", "b", "bare", "c", "demo", ".cache"], "hidden ones are last"
    assert [one.name for one in found.items if one.repository] == ["demo"]
    assert found.items[0].path == str(home / "A")
    assert found == folders("~")


def test_the_root_has_no_parent() -> None:
    assert (folders("/").parent, folders("/").path) == (None, "/")


def test_links_are_followed_to_directories_and_no_further_than_that(home: Path, tmp_path: Path) -> None:
    (tmp_path / "there" / "deep").mkdir(parents=True)
    (home / "link").symlink_to(tmp_path / "there")
    (home / "dead").symlink_to(tmp_path / "nowhere")
    (home / "loop").symlink_to(home / "loop")
    assert [one.name for one in folders().items] == ["link"]
    assert (folders(str(home / "link")).path, folders(str(home / "link")).items[0].name) == (
        str(tmp_path / "there"),
        "deep",
    )


def test_any_name_is_listed_that_can_be_told(home: Path) -> None:
    for name in ("new\nline", "quo'te\"s", "dépôt 🚀", "-dash", " "):
        (home / name).mkdir()
    (home / os.fsdecode(b"n\xff")).mkdir()
    assert {one.name for one in folders().items} == {"new\nline", "quo'te\"s", "dépôt 🚀", "-dash", " "}


def test_so_many_are_listed_and_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (home / f"{number:02}").mkdir()
    monkeypatch.setattr(module, "MAX_FOLDERS", 15)
    found = folders()
    assert ([one.name for one in found.items], found.truncated) == ([f"{number:02}" for number in range(15)], True)
    monkeypatch.setattr(module, "MAX_ENCODED", len(json.dumps(("00", str(home / "00")))) * 5)
    assert (len(folders().items), folders().truncated) == (5, True)


@pytest.mark.parametrize(
    "path", ["relative", "../x", "{home}/file", "{home}/nowhere", "{home}/loop", "a\0b", "/" + "x" * 4000, 7, ["/"]]
)
def test_what_is_no_directory_is_said(home: Path, path: Any) -> None:
    (home / "file").write_text("x")
    (home / "loop").symlink_to(home / "loop")
    if not isinstance(path, str):
        assert folders(path).path == str(home), "what is no path counts as none"
        return
    found = folders(path.format(home=home))
    assert (found.success, found.code, found.items) == (False, "bad_path", [])
    assert 10 < len(found.message) < 500


def test_a_directory_that_cannot_be_read_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    # The superuser may read everything, and runs these tests in some places.
    monkeypatch.setattr(os, "scandir", closed)
    assert "cannot be read: Permission denied" in folders().message


# Files.


def test_a_repositorys_files_are_listed_without_what_it_ignores(home: Path) -> None:
    made = repository(home / "demo", **{"src__main.py": "x", ".gitignore": "*.log\nbuild/\n", "gone.txt": "x"})
    (made / "new.txt").write_text("x")
    (made / "x.log").write_text("x")
    (made / "build").mkdir()
    (made / "build" / "out").write_text("x")
    (made / "gone.txt").unlink()
    assert files(made) == [".gitignore", "new.txt", "src/main.py"]
    assert files(made / "src") == ["main.py"]


def test_a_plain_directorys_files_are_listed_without_what_nobody_means(home: Path, tmp_path: Path) -> None:
    for name in ("a.py", "deep/er/b.py", "node_modules/x.js", ".venv/x.py", "__pycache__/a.pyc", ".hidden/c.py"):
        (home / "plain" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "plain" / name).write_text("x")
    (home / "plain" / "out").symlink_to(tmp_path)
    assert files(home / "plain") == ["a.py", "out", ".hidden/c.py", "deep/er/b.py"]


def test_a_directory_that_its_repository_ignores_is_listed_all_the_same(home: Path) -> None:
    made = repository(home / "demo", **{".gitignore": "chats/\n"})
    (made / "chats").mkdir()
    (made / "chats" / "a.txt").write_text("x")
    assert files(made / "chats") == ["a.txt"]


def test_names_that_begin_with_it_come_first_then_paths_that_hold_it_then_those_with_its_letters(home: Path) -> None:
    names = ["test/deep/Main.py", "main.py", "src/remain.py", "src/domain/x.py", "m/a/i/n", "other.txt", "src/mainly.c"]
    made = repository(home / "demo", **{name.replace("/", "__"): "x" for name in names})
    assert files(made, "main") == [
        "main.py",
        "src/mainly.c",
        "test/deep/Main.py",
        "src/remain.py",
        "src/domain/x.py",
        "m/a/i/n",
    ]
    assert files(made, "MAIN.P") == ["main.py", "test/deep/Main.py", "src/remain.py", "src/domain/x.py"]
    assert files(made, "src/m") == ["src/mainly.c", "src/remain.py", "src/domain/x.py"]
    assert files(made, "main", limit=2) == ["main.py", "src/mainly.c"]
    assert files(made, "zzz") == []
    assert len(files(made, "", limit=0)) == 1
    assert files(made, "", limit="many") == files(made)


@pytest.mark.parametrize("query", ["[", "\\", "^a", ".*", "a]b", "(", "x" * 5000, "\0", "\n", "🚀", None, 7])
def test_any_query_is_only_text(home: Path, query: Any) -> None:
    made = repository(home / "demo", **{"a^b[c].txt": "x", "new\nline": "x"})
    assert set(files(made, query)) <= {"a^b[c].txt", "new\nline"}
    assert files(made, "[") == files(made, "^[]") == ["a^b[c].txt"]
    assert files(made, "new\nl") == ["new\nline"]


def test_no_text_makes_the_search_go_back_and_forth(home: Path) -> None:
    made = repository(home / "demo")
    for number in range(50):
        (made / ("a" * 200 + str(number))).touch()
    assert files(made, "a" * 150 + "b" * 50) == []


def test_files_are_looked_up_once_for_all_who_ask_within_a_while(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = repository(home / "demo")
    now, looked = [100.0], [0]
    look = module._look

    async def counted(folder: Path) -> Any:
        looked[0] += 1
        return await look(folder)

    monkeypatch.setattr(module, "_look", counted)
    listing = Listing(lambda: now[0])

    async def ask(query: str = "") -> list[str]:
        found: list[str] = (await listing.files({"path": str(made), "query": query}))["items"]
        return found

    async def scenario() -> None:
        await asyncio.gather(*(ask(letter) for letter in "abcd"))
        (made / "new.txt").write_text("x")
        assert await ask() == ["a.txt"]
        assert looked[0] == 1
        now[0] += module.CACHE_SECONDS
        assert await ask() == ["a.txt", "new.txt"]
        assert looked[0] == 2
        for number in range(20):
            (home / str(number)).mkdir()
            await listing.files({"path": str(home / str(number))})
        assert len(listing._files) == module.CACHED

    asyncio.run(scenario())


def test_so_many_files_are_looked_at_and_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    monkeypatch.setattr(module, "MAX_WALK", 3)
    names = {f"{number}.txt": "x" for number in range(5)}
    made = repository(home / "demo", **names)
    for name, text in names.items():
        (home / "plain").mkdir(exist_ok=True)
        (home / "plain" / name).write_text(text)
    for path in (made, home / "plain"):
        answer = asyncio.run(Listing().files({"path": str(path)}))
        assert (len(answer["items"]), answer["truncated"]) == (3, True)


def test_no_program_that_a_repository_names_runs(home: Path, tmp_path: Path) -> None:
    made = repository(home / "demo", **{"a.txt": "x", "b.md": "x"})
    program, ran = trap(tmp_path)
    set_traps(made, program)
    ran.unlink(missing_ok=True)
    os.utime(made / "a.txt", (1, 1))
    assert files(made) == [".gitattributes", "a.txt", "b.md"]
    assert not ran.exists()


def test_a_workspace_that_is_gone_is_said(home: Path) -> None:
    answer = asyncio.run(Listing().files({"path": str(home / "nowhere")}))
    assert (answer["success"], answer["code"]) == (False, "bad_path")
    assert not asyncio.run(Listing().files({}))["success"]


def test_twenty_thousand_files_are_searched(home: Path) -> None:
    made = home / "big"
    for number in range(20_000):
        folder = made / f"package{number % 100}"
        if number < 100:
            folder.mkdir(parents=True)
        (folder / f"file{number}.py").touch()
    git(made, "init", "-q")
    git(made, "add", "-A")
    commit(made)
    assert files(made, "file1999")[:2] == ["package99/file1999.py", "package90/file19990.py"]
    assert len(files(made, "p9f", limit=1000)) == 1000
