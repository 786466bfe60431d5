"""`jupyter wegent agents`: which agents a device has, and what makes each ready."""

import argparse
import shlex

from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.client.choosing import pick, place
from wegent_jupyter.protocol import api

LOGINS = {True: "logged in", False: "not logged in", None: ""}


async def agents(options: argparse.Namespace) -> int:
    """List agents, after looking again or noting a path if asked to."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        found = device.agents
        if options.action == "set-path":
            path = place(client, device, options.path) if options.path is not None else None
            found = await client.set_agent_path(device.device_id, options.agent, path)
        elif options.refresh:
            found = await client.refresh_agents(device.device_id)
    if options.json:
        return print_json(found)
    rows = [
        (one.id, state(one), one.version or "", LOGINS[one.logged_in], one.path or "", fix(one, device))
        for one in found
    ]
    return print_table(("AGENT", "STATE", "VERSION", "LOGIN", "PATH", "FIX"), rows, "The device has no agents.")


def state(agent: api.Agent) -> str:
    """Return whether an agent can run, in words."""
    if agent.ready:
        return "ready"
    return f"not ready: {agent.reason}" if agent.reason else "not ready"


def fix(agent: api.Agent, device: api.Device) -> str:
    """Return what makes an agent useful, empty when nothing is missing."""
    if not agent.ready:
        return agent.fix or agent.install_command or ""
    if agent.logged_in is False and agent.device_login and agent.id == "codex":
        return f"jupyter wegent codex login {shlex.quote(device.name)}"
    return (agent.login_command or agent.fix or "") if agent.logged_in is False else ""
