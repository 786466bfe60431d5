"""`jupyter wegent skills`: the skills of a device, and sharing them between Claude Code and Codex."""

import argparse
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.screen import clean, printable
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_json, print_table
from wegent_jupyter.cli.wording import counted
from wegent_jupyter.client.choosing import pick, place
from wegent_jupyter.protocol import api
from wegent_jupyter.protocol.skills import Sharing, SharingReport, SharingResult, Skill

FAILED, STOPPED = 1, 130
HEAD = ("SKILL", "AGENTS", "FROM", "WHAT IT IS FOR")
NAMES = {"claude": "Claude Code", "codex": "Codex"}
MOVES = 20
"""Moves and entries that are shown; --json has all."""


async def skills(options: argparse.Namespace) -> int:
    """List the skills of a device."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        path = place(client, device, options.workspace) if options.workspace is not None else None
        found = await client.skills(device.device_id, path)
    if options.json:
        return print_json(found)
    print_table(HEAD, [_row(one) for one in found.items], f"No skills on {device.name}.")
    if found.truncated:
        print("… and more", file=sys.stderr)
    if not found.shared:
        print("Claude Code and Codex have skills of their own. To share: jupyter wegent skills share", file=sys.stderr)
    return 0


def _row(one: Skill) -> tuple[str, ...]:
    source = f"{one.source} {one.plugin_name}" if one.plugin_name else one.source
    agents = ", ".join(NAMES[agent] for agent in one.agents)
    return one.name, agents, source, one.short_description or one.description


async def share(options: argparse.Namespace) -> int:
    """Show what sharing moves, ask, and do that."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        plan = (await client.sharing(device.device_id)).sharing
        if not options.json or not options.yes:
            _say(_plan(plan, device))
        if plan.obstacles:
            return _blocked(plan, device.device_id, options)
        if plan.state != "shared" or plan.moves:
            question = f"Do that on {device.name}? It can be undone."
            if not await agreed(question, already=options.yes):
                print("Nothing was moved.", file=sys.stderr)
                return STOPPED
        return _done(await client.share_skills(device.device_id, plan.digest or None), options)


def _blocked(plan: Sharing, device_id: str, options: argparse.Namespace) -> int:
    if options.json:
        print_json(SharingReport(device_id=device_id, sharing=plan))
    print("Nothing was moved.", file=sys.stderr)
    return FAILED


async def undo(options: argparse.Namespace) -> int:
    """Take sharing back."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        question = f"Give Claude Code and Codex on {device.name} back the skills that each had?"
        if not await agreed(question, already=options.yes):
            print("Nothing was undone.", file=sys.stderr)
            return STOPPED
        return _done(await client.unshare_skills(device.device_id), options)


def _plan(plan: Sharing, device: api.Device) -> list[str]:
    """Return what would be done, a line each."""
    if plan.obstacles:
        return [f"Skills on {device.name} cannot be shared as they are:", *_obstacles(plan)]
    if plan.state == "shared" and not plan.moves:
        return [f"Skills on {device.name} are shared: both agents use {plan.shared_path}."]
    cut_off = ["An earlier try was cut off; this takes it up."] if plan.state == "unfinished" else []
    moved = [f"  {one.from_} → {one.to}{' (renamed)' if one.renamed else ''}" for one in plan.moves]
    links = [_link(one.path, one.target, one.status) for one in plan.links]
    head = f"On {device.name} {counted(len(plan.moves), 'skill')} would move to {plan.shared_path}:"
    return [*cut_off, head, *_some(moved), *links, *_some([f"  {one} goes along: it is no skill" for one in plan.left])]


def _obstacles(plan: Sharing) -> list[str]:
    lines = []
    for one in plan.obstacles:
        lines.append(f"  {one.path}: {one.message}")
        lines += [f"    What to do: {one.fix}"] if one.fix else []
    return lines


def _link(path: str, target: str, status: str) -> str:
    if status == "already_configured":
        return f"  {path} is a link to {target} already"
    if status == "copied":
        return f"  {path} gets a copy of them, as nothing can be linked here"
    return f"  {path} becomes a link to {target}"


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - MOVES
    return [*lines[:MOVES], f"  … and {more:,} more"] if more > 0 else lines


def _say(lines: list[str]) -> None:
    for line in lines:
        print(printable(line), file=sys.stderr)


def _done(report: SharingReport, options: argparse.Namespace) -> int:
    result = report.result
    status = 0 if result is None or result.success else FAILED
    if options.json:
        print_json(report)
        return status
    if result is None:
        print("Nothing was to be done.")
    elif not result.success:
        print(clean(f"✕ {result.error or 'It failed, and nothing says why.'}"), file=sys.stderr)
        _say(_obstacles(report.sharing))
    else:
        print(clean(_words(result)))
        _say([f"! It stays, as it came there later: {one}" for one in result.kept])
    return status


def _words(result: SharingResult) -> str:
    count = counted(result.moved_count, "skill")
    if result.status == "undone":
        return f"{count} went back to where they were."
    if not result.moved_count and all(one.status == "already_configured" for one in result.links):
        return f"Nothing was to be done: Claude Code and Codex share {result.shared_path}."
    renamed = sum(one.renamed for one in result.moved)
    more = f", {renamed} under another name as theirs was taken" if renamed else ""
    return f"{count} moved to {result.shared_path}{more}. To take it back: jupyter wegent skills undo"
