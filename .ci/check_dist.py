"""Check what would be published: `python .ci/check_dist.py DIR`, with one wheel and one sdist in DIR."""

import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

MAX_WHEEL = 1_000_000  # bytes; the wheel carries no agent and no Node.js
EXTENSION = "share/jupyter/labextensions/wegent-jupyter/"
CONFIG = "etc/jupyter/jupyter_server_config.d/wegent_jupyter.json"
# XML namespaces, and the address of its documentation that socket.io-client prints in an error.
KNOWN_HOSTS = {"www.w3.org", "socket.io"}
REGISTRIES = ("registry.npmjs.org", "registry.yarnpkg.com", "pypi.org", "pythonhosted.org", "archiveUrl")


def main(folder: Path) -> int:
    """Print every fault of the distributions in the folder; return 1 if there is one."""
    wheels, sdists = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"expected one wheel and one sdist in {folder}, found {[p.name for p in folder.iterdir()]}")
        return 1
    faults = [*wheel_faults(wheels[0]), *sdist_faults(sdists[0])]
    for fault in faults:
        print(f"FAULT: {fault}")
    if not faults:
        print(f"{wheels[0].name}: {wheels[0].stat().st_size} bytes; {sdists[0].name}: {sdists[0].stat().st_size} bytes")
    return 1 if faults else 0


def wheel_faults(wheel: Path) -> Iterator[str]:
    """Yield what is wrong with the wheel: its size, its files, the addresses in its front end."""
    if wheel.stat().st_size >= MAX_WHEEL:
        yield f"the wheel has {wheel.stat().st_size} bytes, {MAX_WHEEL} are allowed"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        data = f"{'-'.join(wheel.name.split('-')[:2])}.data/data/"
        yield from unexpected_files(names, data)
        for wanted in ("static/style.js", "static/remoteEntry", "package.json", "install.json", "schemas/"):
            if not any(name.startswith(data + EXTENSION + wanted) for name in names):
                yield f"the wheel lacks {EXTENSION}{wanted}"
        if data + CONFIG not in names:
            yield f"the wheel lacks {CONFIG}"
        for name in names:
            if name.startswith(data):
                text = archive.read(name).decode("utf-8", errors="replace")
                yield from (f"{name} names {host}" for host in sorted(foreign_hosts(text)))


def unexpected_files(names: Iterable[str], data: str) -> Iterator[str]:
    """Yield the files that do not belong into the wheel."""
    for name in names:
        if name.startswith("wegent_jupyter/labextension/"):
            yield f"the front end is in the wheel twice: {name}"
        elif name.startswith("wegent_jupyter/"):
            if not name.endswith((".py", "/py.typed", "/script.py.mako")):
                yield f"not a Python file of the package: {name}"
        elif name.startswith(data):
            if name.endswith(".map") or not name.removeprefix(data).startswith((EXTENSION, CONFIG)):
                yield f"not a file of the front end or its configuration: {name}"
        elif ".dist-info/" not in name.partition("/")[0] + "/":
            yield f"outside the package: {name}"


def foreign_hosts(text: str) -> set[str]:
    """Return the hosts of the addresses in the text that are not known, and any trace of a package registry."""
    hosts = set(re.findall(r"\b(?:https?|wss?):\\?/\\?/([A-Za-z0-9.-]+\.[A-Za-z]{2,})", text))
    return (hosts - KNOWN_HOSTS) | {registry for registry in REGISTRIES if registry in text}


def sdist_faults(sdist: Path) -> Iterator[str]:
    """Yield what is wrong with the sdist: the built front end must be in it, what was fetched for it must not."""
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    for wanted in (
        "wegent_jupyter/labextension/static/style.js",
        "labextension/yarn.lock",
        "hatch_build.py",
        "notebooks/quickstart.ipynb",
        "LICENSE",
    ):
        if wanted not in names:
            yield f"the sdist lacks {wanted}"
    for name in names:
        if name.startswith(("labextension/node_modules/", "labextension/lib/", "labextension/lib-test/", ".venv")):
            yield f"the sdist has {name}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
