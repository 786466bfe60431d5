"""What must not be in the sources: addresses of a machine or a registry, unfinished work, errors swallowed whole."""

import ast
import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".gif", ".ico", ".jpg", ".jpeg", ".png", ".webp", ".woff", ".woff2"}

# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.~$}…-])/(?:root|work|tmp)(?:/)")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")
REGISTRY = re.compile(r"://|%3A%2F%2F|archive" + r"Url", re.IGNORECASE)


@cache
def sources() -> tuple[Path, ...]:
    """Return the files that git tracks or would add. Fails outside of a git work tree rather than checking nothing."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return tuple(path for name in sorted(set(listing.split("\0")) - {""}) if (path := ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    """Return path → text of every source that is not an image or a font; one that is not UTF-8 is an error."""
    files = (path for path in sources() if path.suffix not in BINARY)
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_the_sources_are_found() -> None:
    assert {"pyproject.toml", "README.md", "wegent_jupyter/__init__.py", "labextension/package.json"} <= set(texts())


def test_no_source_names_a_path_of_one_machine() -> None:
    assert matches(MACHINE_PATH) == []


def test_no_source_is_marked_as_unfinished() -> None:
    assert matches(UNFINISHED) == []


def test_the_front_end_lock_file_names_no_registry() -> None:
    lock = texts()["labextension/yarn.lock"]
    assert lock.count("resolution:") > 0
    assert [line for line in lock.splitlines() if REGISTRY.search(line)] == []


def test_the_front_end_leaves_the_choice_of_registry_to_the_user() -> None:
    settings = {name: texts()[f"labextension/{name}"] for name in (".yarnrc.yml", "package.json")}
    assert [name for name, text in settings.items() if re.search(r"npmRegistryServer|publishConfig", text)] == []


def test_no_except_clause_catches_everything_unnamed() -> None:
    bare = [
        f"{name}:{node.lineno}"
        for name, text in texts().items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert bare == []


def test_every_relative_link_of_the_pages_leads_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in texts().items()
        if name.endswith(".md")
        for target in re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text)
        if not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_package_and_front_end_have_one_version() -> None:
    front_end = json.loads(texts()["labextension/package.json"])["version"]
    assert f'__version__ = "{front_end}"' in texts()["wegent_jupyter/_version.py"]


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("cd /" + "work/main", True),
        ('"/' + 'tmp/x"', True),
        ("~/" + "work/churn", False),
        ("https://example.org/" + "work/", False),
        ("framework/" + "x", False),
    ],
)
def test_a_machine_path_is_told_from_other_text(line: str, is_one: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is is_one
