"""`wegent-executor doctor`: look at everything that has to be right on this machine, and say what is not."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wegent_jupyter.executor import device_key, diagnose, identity, status
from wegent_jupyter.executor.agents.catalogue import Catalogue
from wegent_jupyter.executor.config import ConfigBroken, Settings, load

FREE_BYTES = 1 << 30
"""Less than 1 GiB is soon full of what agents make."""
CLOCK_SECONDS = 60.0
Verdict = Literal["ok", "note", "wrong"]
_MARKS = {"ok": "✓", "note": "!", "wrong": "✕"}


@dataclass(slots=True, frozen=True)
class Check:
    """One line: what was looked at, what was found, what to do."""

    name: str
    verdict: Verdict
    text: str
    fix: str | None = None


def run(environment: Mapping[str, str], config: Path | None) -> int:
    """Look and tell; returns 0, 1 if something is wrong, 2 for bad settings, 3 if the gateway is not reached."""
    try:
        settings = load(environment, config)
    except ConfigBroken as error:
        _tell(Check("configuration", "wrong", str(error)))
        return 2
    wrong: list[str] = []
    for check in _checks(settings):
        _tell(check)
        if check.verdict == "wrong":
            wrong.append(check.name)
    if not wrong:
        return 0
    return 3 if wrong == ["gateway"] else 1


def _tell(check: Check) -> None:
    print(f"{_MARKS[check.verdict]} {check.name}: {check.text}", flush=True)
    if check.fix:
        print(f"    {check.fix}", flush=True)


def _checks(settings: Settings) -> Iterator[Check]:
    yield Check("configuration", "ok", f"{settings.config} is in order.")
    yield _identity(settings)
    yield _process(settings)
    yield _disk(settings)
    yield from _agents(settings)
    if not settings.backend_url:
        fix = "Run: wegent-executor join URL (Add device in JupyterLab shows the URL)"
        yield Check("gateway", "wrong", "No gateway is set.", fix)
        return
    yield _credential(settings)
    reached = False
    for finding in diagnose.examine(diagnose.route(settings)):
        reached = finding.ok and finding.step == "websocket"
        yield Check("gateway", "ok" if finding.ok else "wrong", finding.text, finding.fix)
        if finding.clock_ahead is not None:
            yield _clock(finding.clock_ahead)
    if reached:
        yield _accepted(settings)


def _identity(settings: Settings) -> Check:
    here, known = identity.machine(), identity.made_on(settings.home)
    text = f"“{settings.device_name}”, {settings.device_id}."
    if here is not None and known is not None and here != known:
        return Check(
            "identity",
            "wrong",
            f"{text} This home was made on another machine.",
            "wegent-executor identity new (a copy) or wegent-executor identity keep (it moved)",
        )
    return Check("identity", "ok", text)


def _process(settings: Settings) -> Check:
    pid = status.running(settings.home)
    if pid is None:
        return Check("process", "note", "No executor runs in this home now.", "Start it: wegent-executor")
    told = status.read(settings.home)
    state = told.state if told is not None and told.pid == pid else "starting"
    return Check("process", "ok", f"An executor runs (process {pid}), {state}.")


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.home).free
    text = f"{free / (1 << 30):.1f} GiB are free at {settings.home}."
    if not os.access(settings.home, os.W_OK):
        return Check(
            "disk", "wrong", f"{settings.home} is not writable.", "Give it to the user that runs the executor."
        )
    return Check("disk", "ok" if free >= FREE_BYTES else "note", text, None if free >= FREE_BYTES else "Make room.")


def _agents(settings: Settings) -> Iterator[Check]:
    catalogue = Catalogue(
        settings.agents,
        settings.home,
        settings.allowed_agents,
        config=settings.config,
        background=settings.background_work,
    )
    asyncio.run(catalogue.refresh())
    for agent in catalogue.report():
        if agent.ready:
            login = ", but nobody is logged in" if agent.logged_in is False else ""
            fix = agent.login_command if login else None
            text = f"{agent.name} {agent.version or ''}".strip()
            yield Check("agent", "note" if login else "ok", f"{text} is ready{login}.", fix)
        else:
            yield Check("agent", "note", f"{agent.name}: {agent.reason}", agent.fix)


def _credential(settings: Settings) -> Check:
    key = device_key.load(settings.home)
    if key is not None and key.url == settings.backend_url:
        return Check("credential", "ok", "This device has a key of its own for this gateway.")
    if settings.auth_token:
        return Check("credential", "ok", "A token is set.")
    other = f" Its key is for {key.url}." if key is not None else ""
    fix = f"Run: wegent-executor join {settings.backend_url}"
    return Check("credential", "wrong", f"There is neither a key nor a token for this gateway.{other}", fix)


def _clock(ahead: float) -> Check:
    if abs(ahead) < CLOCK_SECONDS:
        return Check("clock", "ok", "It agrees with the gateway's.")
    word = "ahead of" if ahead > 0 else "behind"
    text = f"It is {abs(ahead):.0f} s {word} the gateway's."
    return Check("clock", "note", text, "Set the clock: certificates and tokens depend on it.")


def _accepted(settings: Settings) -> Check:
    """Show the gateway the credential, if it is not a code that one can show only once."""
    from wegent_jupyter.executor import link
    from wegent_jupyter.executor.credentials import Credentials

    credential = Credentials(settings).current()
    if credential is None or credential.kind == "join code":
        return Check("access", "note", "Not tried: there is only a join code." if credential else "Not tried.")
    try:
        refused = asyncio.run(link.check(settings))
    except Exception as error:  # of several libraries; the way itself has just been found good
        return Check("access", "wrong", f"The connection failed: {error}.")
    if refused is None:
        return Check("access", "ok", "The gateway takes this device's credential.")
    fix = f"Run: wegent-executor join {settings.backend_url}"
    return Check("access", "wrong", f"The gateway refuses this device's credential: {refused.rstrip('.')}.", fix)
