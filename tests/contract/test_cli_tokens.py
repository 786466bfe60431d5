"""`jupyter wegent tokens`, and the command line with a token, from what counts as another machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.access import bare
from tests.support.server import JupyterServer, private_environment, wait_for
from tests.support.shell import COMMAND, Ran, wegent

Start = Callable[..., JupyterServer]


def made(server: JupyterServer, *arguments: str) -> str:
    ran = wegent(server, "tokens", "create", *arguments)
    assert ran.status == 0, ran.err
    return ran.out.strip()


def listed(server: JupyterServer, name: str) -> dict[str, object] | None:
    items = json.loads(wegent(server, "tokens", "--json").out)
    return next((one for one in items if one["name"] == name), None)


def elsewhere(server: JupyterServer, home: Path, secret: str) -> dict[str, str]:
    """Return the environment of another machine, which knows the server's address and has a token in a file."""
    file = home / "token"
    file.write_text(f"{secret}\n")
    file.chmod(0o600)
    return {"WEGENT_SERVER_URL": server.url, "WEGENT_TOKEN_FILE": str(file)}


def away(server: JupyterServer, home: Path, secret: str, *arguments: str) -> Ran:
    """Run a command on that machine."""
    return wegent(home, *arguments, environment=elsewhere(server, home, secret))


@pytest.mark.parametrize(
    ("option", "kind", "begins"), [((), "token", "ey"), (("--key",), "key", "wg-"), (("--join",), "join", "wgj-")]
)
def test_the_secret_is_alone_on_standard_output_and_never_seen_again(
    server: JupyterServer, option: tuple[str, ...], kind: str, begins: str
) -> None:
    ran = wegent(server, "tokens", "create", f"a {kind}", *option)
    assert ran.status == 0, ran.err
    [secret] = ran.out.splitlines()
    assert secret.startswith(begins)
    assert secret not in ran.err
    assert "shown this once" in ran.err
    found = listed(server, f"a {kind}")
    assert found is not None
    assert found["kind"] == kind
    assert f"jupyter wegent tokens revoke {found['id']}" in ran.err
    every = wegent(server, "tokens").out + wegent(server, "tokens", "--json").out
    assert secret not in every
    assert secret not in server.log


def test_the_list_says_when_each_ends_and_was_last_used(server: JupyterServer, tmp_path: Path) -> None:
    made(server, "unused")
    secret = made(server, "used", "--key")
    assert away(server, tmp_path, secret, "devices").status == 0
    rows = {one.split("  ")[2]: one for one in _rows(server)}
    assert "in 6 days" in rows["unused"] or "in 7 days" in rows["unused"]
    assert rows["unused"].rstrip().endswith("never")
    assert rows["used"].split()[-2:] == ["never", "now"]


def _rows(server: JupyterServer) -> list[str]:
    return [re.sub(r" {2,}", "  ", line) for line in wegent(server, "tokens").out.splitlines()]


def test_json_has_the_secret_once(server: JupyterServer) -> None:
    ran = wegent(server, "tokens", "create", "for a program", "--json")
    assert json.loads(ran.out)["secret"].startswith("ey")
    found = listed(server, "for a program")
    assert found is not None
    assert "secret" not in found


def test_a_token_opens_everything_from_another_machine_and_nothing_once_revoked(
    server: JupyterServer, tmp_path: Path
) -> None:
    secret = made(server, "laptop")
    ran = away(server, tmp_path, secret, "run", "--agent", "practice", "--mode", "edits", "!write far.txt hi\n!say far")
    assert ran.status == 0, ran.err
    assert "far" in ran.out
    assert "This computer" in away(server, tmp_path, secret, "devices").out
    found = listed(server, "laptop")
    assert found is not None
    assert wegent(server, "tokens", "revoke", str(found["id"])).status == 0
    refused = away(server, tmp_path, secret, "devices")
    assert refused.status == 2
    assert "Traceback" not in refused.err
    assert secret not in refused.err
    assert listed(server, "laptop") is None


def test_from_another_machine_work_goes_into_a_new_folder_unless_one_is_named(
    server: JupyterServer, tmp_path: Path
) -> None:
    """The directory of the shell is another machine's."""
    secret = made(server, "laptop of paths", "--key")
    ran = away(server, tmp_path, secret, "run", "--agent", "practice", "--mode", "edits", "!write a.txt hi")
    assert ran.status == 0, ran.err
    assert not (tmp_path / "a.txt").exists()
    place = tmp_path / "named"
    place.mkdir()
    named = ["--workspace", str(place), "!write a.txt hi"]
    assert away(server, tmp_path, secret, "run", "--agent", "practice", "--mode", "edits", *named).status == 0
    assert (place / "a.txt").exists()


def test_a_token_makes_no_tokens_and_lets_nobody_in(server: JupyterServer, tmp_path: Path) -> None:
    secret = made(server, "narrow", "--key")
    for arguments in (
        ["tokens", "create", "more"],
        ["tokens", "revoke", "1"],
        ["devices", "approve", "ABCD-EFGH", "--yes"],
    ):
        ran = away(server, tmp_path, secret, *arguments)
        assert ran.status == 2, (arguments, ran.err)
    assert listed(server, "more") is None


def test_a_stream_ends_when_its_token_is_revoked(server: JupyterServer, tmp_path: Path) -> None:
    secret = made(server, "stream")
    process = subprocess.Popen(
        [*COMMAND, "run", "--agent", "practice", "!say begun\n!hang"],
        env={**private_environment(tmp_path), **elsewhere(server, tmp_path, secret)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    seen = b""
    while b"begun" not in seen:
        seen += os.read(process.stdout.fileno(), 1000)
    found = listed(server, "stream")
    assert found is not None
    wegent(server, "tokens", "revoke", str(found["id"]))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"Traceback" not in said
    [task, *_] = json.loads(wegent(server, "tasks", "--json").out)
    server.post(f"/tasks/{task['id']}/cancel", {})
    server.finished(task["id"])


@pytest.mark.parametrize(
    ("url", "mode", "says"),
    [
        ("", 0o600, "WEGENT_SERVER_URL is not"),
        ("ftp://host/wegent", 0o600, "an address alone"),
        ("http://host:8888/lab?token=secret-in-url", 0o600, "no token in it"),
        ("http://me:secret-in-url@host:8888", 0o600, "an address alone"),
        ("http://127.0.0.1:9/", 0o644, "chmod 600"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_without_repeating_a_secret(
    tmp_path: Path, url: str, mode: int, says: str
) -> None:
    file = tmp_path / "token"
    file.write_text("some-secret")
    file.chmod(mode)
    ran = wegent(tmp_path, "devices", environment={"WEGENT_SERVER_URL": url, "WEGENT_TOKEN_FILE": str(file)})
    assert ran.status == 2, ran.err
    assert says in ran.err
    assert "secret" not in ran.err


def test_a_server_that_is_not_there_or_none_of_ours_exits_with_3(start_server: Start, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("some-secret")
    file.chmod(0o600)
    ran = wegent(
        tmp_path, "devices", environment={"WEGENT_SERVER_URL": "http://127.0.0.1:9", "WEGENT_TOKEN_FILE": str(file)}
    )
    assert ran.status == 3
    assert "http://127.0.0.1:9/wegent does not answer" in ran.err


def test_the_address_may_be_the_servers_or_the_gateways_below_any_base_url(start_server: Start, tmp_path: Path) -> None:
    server = start_server(base_url="/deep/er/")
    environment = elsewhere(server, tmp_path, made(server, "deep"))
    for url in (server.url, server.url.rstrip("/"), f"{server.url}wegent", f"{server.url}wegent/"):
        ran = wegent(tmp_path, "devices", environment={**environment, "WEGENT_SERVER_URL": url})
        assert ran.status == 0, (url, ran.err)
    ran = wegent(tmp_path, "run", "--agent", "practice", "!say streamed", environment=environment)
    assert "streamed" in ran.out


def test_the_doctor_looks_at_its_own_computer_only(server: JupyterServer, tmp_path: Path) -> None:
    ran = away(server, tmp_path, made(server, "doctor"), "doctor")
    assert ran.status == 2
    assert "unset WEGENT_SERVER_URL" in ran.err


def test_a_join_code_opens_nothing_else(server: JupyterServer) -> None:
    code = made(server, "only joining", "--join")
    answer = bare(server, "GET", "/devices", Authorization=f"Bearer {code}")
    assert answer.status_code in (401, 403)


def test_revoking_what_is_not_there_exits_with_2(server: JupyterServer) -> None:
    ran = wegent(server, "tokens", "revoke", "12345")
    assert ran.status == 2
    assert "12345" in ran.err


def test_the_secret_reaches_a_file_through_a_pipe(server: JupyterServer, tmp_path: Path) -> None:
    line = f"umask 077; {' '.join(COMMAND)} tokens create piped --key > token"
    subprocess.run(["bash", "-c", line], env=private_environment(server.home), cwd=tmp_path, check=True, timeout=60)
    wait_for((tmp_path / "token").exists, "the file is there")
    assert away(server, tmp_path, (tmp_path / "token").read_text().strip(), "devices").status == 0
