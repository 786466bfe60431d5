"""What can be wrong with what a person saved: the Codex login, the proxy, keys of providers, shared skills."""

from wegent_jupyter.cli.checks import Check, Checks, fail, ok, warn
from wegent_jupyter.client.client import ApiError, Client, Unreachable
from wegent_jupyter.protocol import api, models

SAVED, SKILLS = "saved logins and keys", "skills"


async def saved(client: Client) -> Checks:
    """Check that whatever is saved, encrypted, can still be read."""
    try:
        codex, providers = await client.codex(), await client.providers()
    except (ApiError, Unreachable) as error:
        yield fail(SAVED, str(error), "Restart JupyterLab.")
        return
    broken = [one for one in providers if one.problem]
    if codex.problem:
        yield warn("personal configuration", codex.problem, "jupyter wegent codex, jupyter wegent proxy set")
    for one in broken:
        yield warn(f"provider {one.name}", one.problem or "", f"jupyter wegent models edit {one.name} --key")
    if not codex.problem and not broken:
        yield ok(SAVED, _count(codex.configured, codex.proxy_configured, providers))


def _count(login: bool, proxy: bool, providers: list[models.Provider]) -> str:
    keys = sum(one.has_key for one in providers)
    there = [("a Codex login", login), ("a proxy", proxy), (f"{keys} key{'s' * (keys != 1)} of providers", keys)]
    found = [what for what, is_there in there if is_there]
    return f"{', '.join(found)}: readable" if found else "none"


async def skills(client: Client, device: api.Device) -> Check:
    """Check that sharing skills was not cut off."""
    try:
        sharing = (await client.sharing(device.device_id)).sharing
    except (ApiError, Unreachable) as error:
        return warn(SKILLS, str(error))
    if sharing.state == "unfinished":
        return warn(SKILLS, "sharing them was cut off", "jupyter wegent skills share, or: jupyter wegent skills undo")
    return ok(SKILLS, "shared by Claude Code and Codex" if sharing.state == "shared" else "each agent has its own")
