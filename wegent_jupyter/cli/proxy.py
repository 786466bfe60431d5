"""`jupyter wegent proxy`: the proxy that Codex, and nothing else, uses on all devices."""

import argparse

from wegent_jupyter.cli.errors import BadInput
from wegent_jupyter.cli.secret import secret
from wegent_jupyter.cli.server import existing_client
from wegent_jupyter.cli.tables import print_done, print_facts, print_json
from wegent_jupyter.cli.testing import print_test
from wegent_jupyter.cli.words import ago
from wegent_jupyter.client.choosing import pick
from wegent_jupyter.protocol import personal


async def status(options: argparse.Namespace) -> int:
    """Show it, without its password."""
    async with existing_client() as client:
        saved = await client.codex()
    if options.json:
        return print_json(saved)
    use = "Codex uses it" if saved.use_proxy else "off"
    return print_facts(
        [
            ("Proxy", saved.proxy_url_masked if saved.proxy_configured else "none"),
            ("Saved", ago(saved.proxy_updated_at)),
            ("Use", use if saved.proxy_configured else None),
        ]
    )


async def set_(options: argparse.Namespace) -> int:
    """Save the address."""
    async with existing_client() as client:
        before = await client.codex()
        url = await secret("Address, such as http://NAME:PASSWORD@proxy.example.com:3128", personal.MAX_PROXY_BYTES)
        if not url:
            raise BadInput("No address was given. To forget the saved one: jupyter wegent proxy clear")
        saved = await client.set_proxy(url)
    more = "" if before.use_proxy else " Codex uses it after: jupyter wegent proxy on"
    return print_done(options, saved, f"Saved, encrypted: {saved.proxy_url_masked}.{more}")


async def clear(options: argparse.Namespace) -> int:
    """Forget the address."""
    async with existing_client() as client:
        saved = await client.set_proxy("")
    return print_done(options, saved, "No proxy is saved; Codex connects as the device does.")


async def on(options: argparse.Namespace) -> int:
    """Let Codex use it."""
    return await _use(options, use=True, text="Codex uses the proxy from the next turn on.")


async def off(options: argparse.Namespace) -> int:
    """Let Codex connect as the device does."""
    return await _use(options, use=False, text="Codex connects as the device does. The address stays saved.")


async def _use(options: argparse.Namespace, *, use: bool, text: str) -> int:
    async with existing_client() as client:
        before = await client.codex()
        request = personal.UpdateRuntimeConfig(use_user_config=before.use_user_config, use_proxy=use)
        saved = await client.set_codex(request)
    return print_done(options, saved, text)


async def test(options: argparse.Namespace) -> int:
    """Try it from a device."""
    async with existing_client() as client:
        device = await pick(client, options.device)
        result = await client.test_proxy(personal.TestProxy(device_id=device.device_id))
    return print_test(options, result, device.name)
