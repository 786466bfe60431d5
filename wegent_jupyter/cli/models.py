"""`jupyter wegent models`: which models there are, and the providers whose keys pay for them."""

import argparse
import re
import sys

from wegent_jupyter.cli.confirm import agreed
from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.secret import secret
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_json, print_table
from wegent_jupyter.cli.testing import print_test
from wegent_jupyter.client.choosing import pick
from wegent_jupyter.client.client import Client
from wegent_jupyter.protocol import models

STOPPED = 130
AGENTS: dict[models.ProviderKind, str] = {"anthropic": "Claude Code", "openai": "Codex"}
MODELS_HEAD = ("MODEL", "AGENT", "DEFAULT", "WHO PAYS")
PROVIDERS_HEAD = ("NAME", "KIND", "ADDRESS", "KEY", "MODELS", "DEFAULT", "PROBLEM")
EMPTY = "No models yet: agents use their own login and choice. To add some: jupyter wegent models add --help"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


async def list_(options: argparse.Namespace) -> int:
    """List models."""
    async with existing_client() as client:
        found = await client.models()
    if options.json:
        return print_json(found)
    return print_table(MODELS_HEAD, [_model(one) for one in found], EMPTY)


def _model(one: models.ModelChoice) -> tuple[str, ...]:
    who = f"the provider {models.split_model(one.model)[0]}" if one.issued else "the agent's own login"
    return one.model, AGENTS[one.kind], "yes" if one.is_default else "", who


async def providers(options: argparse.Namespace) -> int:
    """List providers."""
    async with existing_client() as client:
        found = await client.providers()
    if options.json:
        return print_json(found)
    return print_table(PROVIDERS_HEAD, [_provider(one) for one in found], "No providers yet.")


def _provider(one: models.Provider) -> tuple[str, ...]:
    address = one.base_url or f"{models.VENDOR[one.kind]} (the vendor's own)"
    key = "saved" if one.has_key else "none"
    return one.name, one.kind, address, key, ", ".join(one.models), one.default_model or "", one.problem or ""


async def add(options: argparse.Namespace) -> int:
    """Add a provider."""
    if not options.models:
        raise BadInput("Which models? Give --model, once for each.")
    if not NAME.fullmatch(options.name):
        raise BadInput("The name has small letters, digits, dots, dashes: 40 at most, such as work.")
    async with existing_client() as client:
        device = await pick(client, options.test) if options.test is not None else None
        request = models.CreateProvider(
            name=options.name,
            kind=options.kind,
            base_url=options.base_url or "",
            key="" if options.no_key else await _key(f"Key of {options.name}, Enter for none"),
            models=options.models,
            default_model=options.default,
        )
        if device is not None:
            trial = models.TestNewProvider(**request.model_dump(), device_id=device.device_id)
            result = await client.test_new_provider(trial)
            if not result.ok:
                return print_test(options, result, device.name)
        made = await client.create_provider(request)
    return print_done(options, made, _added(made))


async def _key(prompt: str) -> str:
    return await secret(prompt, models.MAX_KEY)


def _added(made: models.Provider) -> str:
    names = "\n".join(f"  jupyter wegent run --model {made.name}/{one} …" for one in made.models)
    if made.has_key or made.base_url:
        key = "its key is encrypted here, and sent to a device with each turn that it answers" if made.has_key else ""
        return f"{made.name} is added{f'; {key}' if key else ''}.\n{names}"
    return f"{made.name} is added. It names models, and {AGENTS[made.kind]}'s own login on the device pays.\n{names}"


async def edit(options: argparse.Namespace) -> int:
    """Change a provider."""
    if options.key and options.no_key:
        raise BadInput("--key or --no-key, not both.")
    if options.default is not None and options.no_default:
        raise BadInput("--default or --no-default, not both.")
    if not _edits(options):
        raise BadInput("What? Give --base-url, --model, --default, --no-default, --key or --no-key.")
    async with existing_client() as client:
        before = await _named(client, options.name)
        request = models.UpdateProvider(
            base_url=options.base_url,
            key=await _new_key(before, options),
            models=options.models,
            default_model="" if options.no_default else options.default,
        )
        made = await client.update_provider(before.id, request)
    return print_done(options, made, f"{made.name} is changed.")


def _edits(options: argparse.Namespace) -> bool:
    given = (options.base_url, options.models, options.default)
    return any(one is not None for one in given) or options.key or options.no_key or options.no_default


async def _new_key(before: models.Provider, options: argparse.Namespace) -> str | None:
    """Return the key to send, None to keep the saved one, which is for the saved address only."""
    if options.no_key:
        return ""
    if not options.key and (options.base_url is None or not before.has_key):
        return None
    key = await _key(f"Key of {before.name}" + ("" if options.key else ", again, as its address changes"))
    if not key:
        raise BadInput("No key was given. To have none: --no-key")
    return key


async def remove(options: argparse.Namespace) -> int:
    """Remove a provider."""
    async with existing_client() as client:
        found = await _named(client, options.name)
        question = f"Remove {found.name} and its key? Tasks that name its models fail until they name others."
        if not await agreed(question, already=options.yes):
            print("Nothing was removed.", file=sys.stderr)
            return STOPPED
        answer = await client.delete_provider(found.id)
    return print_done(options, answer, f"{found.name} is removed, and its key with it.")


async def test(options: argparse.Namespace) -> int:
    """Try a provider from a device."""
    async with existing_client() as client:
        found = await _named(client, options.name)
        device = await pick(client, options.device)
        request = models.TestProvider(device_id=device.device_id, model=options.model)
        result = await client.test_provider(found.id, request)
    return print_test(options, result, device.name)


async def _named(client: Client, name: str) -> models.Provider:
    """Return the provider of that name; raises BadInput, which lists what there is."""
    there = await client.providers()
    for one in there:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in there) or "none"
    raise BadInput(f"The provider '{name}' is unknown. Providers: {known}")
