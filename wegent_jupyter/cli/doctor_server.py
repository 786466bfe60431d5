"""What can be wrong with the server, its gateway and its devices."""

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx

from wegent_jupyter.cli import agents as listing
from wegent_jupyter.cli.checks import Check, Checks, fail, ok, warn
from wegent_jupyter.client.client import ApiError, Client, Unreachable, trust, verifying
from wegent_jupyter.client.discover import Server, data_dir, running_server
from wegent_jupyter.protocol import api

MAX_CLOCK_SECONDS = 60.0
ANSWER_SECONDS = 10.0
SLOW_SECONDS = 2.0
"""An answer that takes longer is worth a word."""


async def server(client: Client, *, private: bool) -> Checks:
    """Check that a server answers, knows our token, and has the gateway."""
    try:
        version = await client.version()
    except Unreachable as error:
        yield fail("server", str(error), "Restart JupyterLab; its log says why it does not answer.")
        return
    except ApiError as error:
        yield _refused(error)
        return
    yield ok("server", "a private one, for this check" if private else "answers")
    yield ok("token", "accepted")
    yield _gateway(version)


def _refused(error: ApiError) -> Check:
    if error.status in (401, 403):
        where = data_dir() / "gateway.json"
        return fail(
            "token", f"the server does not accept the token of {where}", "Restart JupyterLab: it writes it anew."
        )
    return fail("server", f"it answered {error.status}: {error.problem.message}", "Look at JupyterLab's log.")


def _gateway(version: api.Version) -> Check:
    if version.state == "running":
        problem = version.reason
        return warn("gateway", problem, "Look at JupyterLab's log.") if problem else ok("gateway", "runs")
    if version.state == "elsewhere":
        return fail("gateway", f"runs in another server: {version.url or 'unknown'}", f"Open {version.url or 'it'}")
    return fail("gateway", f"{version.state}: {version.reason or 'no reason given'}", "Mend it; nothing was changed.")


async def clock() -> Check | None:
    """Compare the server's clock with ours."""
    found = running_server()
    if found is None:
        return None
    try:
        async with _http(found) as http:
            answer = await http.get(f"{found.url}/api/version", headers={"Authorization": found.authorization})
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (httpx.HTTPError, KeyError, ValueError):
        return None  # whether the server answers is another check
    apart = abs(time.time() - theirs)
    if apart > MAX_CLOCK_SECONDS:
        return warn("clock", f"the server's differs by {apart:.0f} s", "Set the clock: timedatectl set-ntp true")
    return ok("clock", "the server's and ours agree")


def _http(found: Server) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=found.unix, verify=verifying(found, trust(found)))
    return httpx.AsyncClient(transport=transport, timeout=ANSWER_SECONDS)


async def database(client: Client) -> Check:
    """Check that the database answers, and how fast."""
    started = time.monotonic()
    try:
        await client.tasks(1)
    except (ApiError, Unreachable) as error:
        return fail("database", str(error), "Free disk space; if it is damaged, move it away to start anew.")
    took = time.monotonic() - started
    if took > SLOW_SECONDS:
        return warn("database", f"answers in {took:.1f} s", "Keep it on a local disk: c.WegentApp.data_dir")
    return ok("database", f"answers in {took * 1000:.0f} ms")


def devices(found: list[api.Device]) -> Iterator[Check]:
    """Check presence, slots and names of the devices."""
    embedded = [one for one in found if one.embedded]
    if not embedded:
        yield warn("device", "this computer is not one", "c.WegentApp.embedded_executor = 'on'")
    for device in embedded:
        yield _presence(device)
    for device in found:
        yield _slots(device)
    for name, count in Counter(one.name for one in found).items():
        if count > 1:
            yield ok("names", f"{count} devices are called '{name}'; each has an id of its own")


def _presence(device: api.Device) -> Check:
    if device.status in ("online", "busy"):
        return ok("device", f"{device.name}: {device.status}, executor {device.executor_version or '?'}")
    problem = device.problem or "no reason is known"
    log = data_dir() / "executor" / "logs" / "stderr.log"
    return fail("device", f"{device.name}: {device.status}; {problem}", f"Restart JupyterLab. What it said: {log}")


def _slots(device: api.Device) -> Check:
    name = f"slots of {device.name}"
    use = f"{device.slot_used}/{device.slot_max} in use, {device.queued} queued"
    waiting = sum(one.waiting for one in device.running_tasks)
    if waiting:
        word = "turn waits" if waiting == 1 else "turns wait"
        return warn(name, f"{use}; {waiting} {word} for you", "jupyter wegent approvals")
    if device.queued and device.status in ("offline", "reconnecting"):
        return warn(name, f"{use}: they wait until it is back", "Start the device, or stop them.")
    if device.queued and device.slot_used >= device.slot_max:
        return warn(name, f"{use}: a turn starts when another ends", "jupyter wegent tasks lists them")
    return ok(name, use)


async def look_again(client: Client, device: api.Device) -> api.Device:
    """Return the device with its agents as they are now."""
    try:
        return device.model_copy(update={"agents": await client.refresh_agents(device.device_id)})
    except (ApiError, Unreachable):
        return device  # what it said last is better than nothing


def agents(device: api.Device) -> Iterator[Check]:
    """Check each agent: there, and logged in."""
    for agent in device.agents:
        name = f"agent {agent.id}"
        what = " ".join(part for part in (agent.name, agent.version, agent.path and f"({agent.path})") if part)
        if not agent.ready:
            yield warn(
                name,
                f"{agent.name} cannot run: {agent.reason or 'no reason given'}",
                listing.fix(agent, device) or None,
            )
        elif agent.logged_in is False:
            yield warn(name, f"{what}: not logged in", listing.fix(agent, device) or None)
        else:
            yield ok(name, f"{what}, {listing.LOGINS[agent.logged_in]}".rstrip(", "))
