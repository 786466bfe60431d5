"""`jupyter wegent codex`: log Codex in on devices, and the personal login that is saved for them."""

import argparse
import asyncio
import sys
from pathlib import Path

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.screen import clean, erase_progress, progress
from wegent_jupyter.cli.secret import piped
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_facts, print_json, print_table
from wegent_jupyter.cli.words import ago
from wegent_jupyter.client.choosing import pick
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import api, personal

AGENT = "codex"
FAILED, STOPPED = 1, 130
HEAD = ("DEVICE", "LOGIN FILE", "SAVED LOGIN", "WHEN", "PATH")
KINDS = {"chatgpt": "a ChatGPT login", "api_key": "an API key", None: "a login"}
THERE = {True: "there", False: "missing", None: "not reported"}
SENT: dict[personal.SyncStatus, str] = {
    "unknown": "",
    "present": "not sent: it has one",
    "missing": "not sent",
    "writing": "being sent",
    "written": "sent",
    "skipped_existing": "not sent: it has one",
    "failed": "failed",
}
ENDS: dict[personal.LoginState, str] = {
    "cancelled": "somebody cancelled it.",
    "none": "the device was started anew meanwhile.",
}
WARNING = (
    "A ChatGPT login that is used on two machines breaks on both: each renews it, and with that ends the other's.\n"
    "An API key has no such trouble. Better for a ChatGPT login: jupyter wegent codex login DEVICE, once for each."
)


class Status(personal.RuntimeConfig):
    """What is saved, and how each device stands."""

    devices: list[personal.DeviceAuth]


async def status(options: argparse.Namespace) -> int:
    """Show what is saved, and how each device stands."""
    async with existing_client() as client:
        saved = await client.codex()
        devices = await client.codex_devices()
    if options.json:
        return print_json(Status(**saved.model_dump(), devices=devices))
    print_facts(_facts(saved))
    print()
    return print_table(HEAD, [_row(one) for one in devices], "No device runs Codex.")


def _facts(saved: personal.RuntimeConfig) -> list[tuple[str, str | None]]:
    kind = f"{KINDS[saved.auth_kind]}, {ago(saved.auth_json_updated_at) or 'at an unknown time'}"
    use = "yes" if saved.use_user_config else "no: turns get what is configured as models, if anything"
    proxy = saved.proxy_url_masked if saved.use_proxy else "off"
    return [
        ("Saved", kind if saved.configured else "nothing; each device has the login that it has"),
        ("Digest", saved.auth_json_sha256),
        ("Sent to", saved.target_path if saved.configured else None),
        ("Own login", use),
        ("Proxy", proxy if saved.proxy_configured else None),
        ("Upload", None if saved.upload_allowed else "forbidden by the operator of this server"),
        ("Problem", saved.problem),
    ]


def _row(one: personal.DeviceAuth) -> tuple[str, ...]:
    name = one.name if one.online else f"{one.name} (offline)"
    sent = f"{SENT[one.status]}: {one.error}" if one.error else SENT[one.status]
    return name, THERE[one.exists], sent, ago(one.synced_at), one.target_path or ""


async def login(options: argparse.Namespace) -> int:
    """Log Codex in on a device; Ctrl-C cancels."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        try:
            ended = await _follow(client, await client.login(device.device_id, AGENT), device)
        except asyncio.CancelledError:
            erase_progress()
            await client.cancel_login(device.device_id, AGENT)
            print("The login was cancelled. Nothing changed on the device.", file=sys.stderr)
            raise
    erase_progress()
    return _ended(ended, device, options)


async def _follow(client: Client, started: personal.AgentLogin, device: api.Device) -> personal.AgentLogin:
    """Show a login until it is over."""
    shown, now = None, started
    async for now in client.logging_in(started):
        if now.state == "waiting" and (now.url, now.code) != shown:
            shown = now.url, now.code
            erase_progress()
            print(clean(_invitation(now)), file=sys.stderr)
        progress(f"waiting for the login on {device.name}; Ctrl-C cancels")
    return now


def _invitation(now: personal.AgentLogin) -> str:
    code = f"\nand type this code:              {now.code}" if now.code else ""
    return f"Open this page in any browser:   {now.url}{code}"


def _ended(ended: personal.AgentLogin, device: api.Device, options: argparse.Namespace) -> int:
    if options.json:
        print_json(ended)
    elif ended.state == "done":
        print(clean(f"Codex is logged in on {device.name}."))
    else:
        why = ended.message or ENDS.get(ended.state, f"it is {ended.state}")
        print(clean(f"✕ Codex is not logged in on {device.name}: {why}"), file=sys.stderr)
        if ended.fix:
            print(clean(f"  What to do: {ended.fix}"), file=sys.stderr)
    return 0 if ended.state == "done" else STOPPED if ended.state == "cancelled" else FAILED


async def import_(options: argparse.Namespace) -> int:
    """Save the login of a device."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        if not await _warned(f"Save the Codex login of {device.name}, for all your devices?", options):
            return STOPPED
        saved = await client.import_codex(device.device_id)
    return _saved(saved, options)


async def upload(options: argparse.Namespace) -> int:
    """Save the login that a file has."""
    text = await (piped(personal.MAX_AUTH_BYTES) if options.file == "-" else asyncio.to_thread(_read, options.file))
    async with existing_client() as client:
        if not await _warned(f"Save the login in {options.file}, for all your devices?", options):
            return STOPPED
        saved = await client.upload_codex(personal.UploadAuth(auth_json=text))
    return _saved(saved, options)


def _read(name: str) -> str:
    try:
        with Path(name).expanduser().open("rb") as file:
            text = file.read(personal.MAX_AUTH_BYTES + 1).decode()
    except (OSError, ValueError) as error:
        raise BadInput(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error
    if len(text.encode()) > personal.MAX_AUTH_BYTES:
        raise BadInput(f"{name} is no auth.json of Codex: it has more than {personal.MAX_AUTH_BYTES:,} bytes.")
    return text


async def _warned(question: str, options: argparse.Namespace) -> bool:
    """Say what may break, and return whether the person goes on."""
    print(WARNING, file=sys.stderr)
    if await agreed(question, already=options.yes):
        return True
    print("Nothing was saved.", file=sys.stderr)
    return False


def _saved(saved: personal.RuntimeConfig, options: argparse.Namespace) -> int:
    text = f"Saved, encrypted: {KINDS[saved.auth_kind]}, digest {saved.auth_json_sha256}."
    if not saved.use_user_config:
        text += "\nNo device gets it yet. To send it where Codex has none, and use it: jupyter wegent codex on"
    return print_done(options, saved, text)


async def on(options: argparse.Namespace) -> int:
    """Let Codex use the person's own login."""
    async with existing_client() as client:
        saved = await client.set_codex(personal.UpdateRuntimeConfig(use_user_config=True))
    text = "Codex uses your own login on each device."
    if saved.configured:
        text += f" Where {saved.target_path} is missing it is written; none is overwritten."
    return print_done(options, saved, text)


async def off(options: argparse.Namespace) -> int:
    """Let Codex use what is configured as models."""
    async with existing_client() as client:
        saved = await client.set_codex(personal.UpdateRuntimeConfig(use_user_config=False))
    return print_done(options, saved, "Codex uses what is configured as models; where nothing is, the device's login.")


async def forget(options: argparse.Namespace) -> int:
    """Forget what is saved."""
    async with existing_client() as client:
        if not await agreed("Forget the saved Codex login? Devices keep theirs.", already=options.yes):
            print("Nothing was forgotten.", file=sys.stderr)
            return STOPPED
        saved = await client.forget_codex()
    return print_done(options, saved, "The saved login is forgotten. Devices keep theirs.")
