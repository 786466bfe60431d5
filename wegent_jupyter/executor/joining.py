"""`wegent-executor join`: ask a gateway to take this machine, in the manner of RFC 8628."""

import json
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wegent_jupyter.executor import address, config_file, device_key, diagnose, identity, network, status
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.credentials import JOIN_PREFIX
from wegent_jupyter.executor.device_key import DeviceKey
from wegent_jupyter.executor.serving import give_up
from wegent_jupyter.protocol.access import Joining

SECONDS = 10.0
ANSWER_BYTES = 1 << 20


class NotAllowed(Exception):
    """The gateway does not take this machine; the text says why and what to do."""


class Passing(NotAllowed):
    """The gateway cannot answer now, or is asked too often."""


class Ended(NotAllowed):
    """The request is not known any more: it has to be made anew."""


def ask(settings: Settings, url: str, code: str | None = None) -> Joining:
    """Ask to join, with a join code or for a person; raises NotAllowed, OSError."""
    body = {"device_id": settings.device_id, "name": settings.device_name, "system": identity.system()}
    return _post(settings, f"{url}/api/join", body | ({"code": code} if code else {}))


def poll(settings: Settings, url: str, secret: str) -> Joining:
    """Ask whether somebody answered; raises NotAllowed, OSError."""
    return _post(settings, f"{url}/api/join/poll", {"poll_secret": secret})


def join(settings: Settings, given: str, code: str | None, name: str | None, ca: Path | None) -> int:
    """Join the gateway at an address and keep the key; returns the exit status."""
    try:
        url = address.gateway(given)
        settings = _as_asked(settings, url, name, ca)
        identity.check(settings.home)
        code = _code(code)
        joined = _until_answered(settings, url, code)
        if joined.key is None:
            return give_up("The request was denied.", 1)
        kept_ca = settings.ca_bundle if ca is not None else None
        config_file.set_connection(settings.config, url, name, kept_ca)
        device_key.save(settings.home, DeviceKey(url, joined.key, joined.gateway_id))
    except address.BadAddress as error:
        return give_up(str(error), 2)
    except identity.Copied as error:
        return give_up(str(error), 2)
    except NotAllowed as error:
        return give_up(str(error), 1)
    except network.ForeignListener as error:
        return give_up(f"{error}\n  {error.fix}", 3)
    except OSError as error:
        return _unreached(settings, error)
    except KeyboardInterrupt:
        return give_up("Given up; nothing was changed.", 1)
    print(f"Joined {url} as “{settings.device_name}”.", flush=True)
    return 0


def other_executor(settings: Settings, url: str) -> str | None:
    """Return what becomes of an executor that runs in this home already; None when there is none."""
    pid = status.running(settings.home)
    if pid is None:
        return None
    if settings.backend_url == url and "WEGENT_BACKEND_URL" not in settings.from_environment:
        return f"The executor that runs here already (process {pid}) connects with the new key by itself."
    return f"An executor runs here already (process {pid}), for another address: restart it."


def _as_asked(settings: Settings, url: str, name: str | None, ca: Path | None) -> Settings:
    settings = replace(settings, backend_url=url, socket_url="")
    if name:
        settings = replace(settings, device_name=name.strip()[:100] or settings.device_name)
    if ca is not None:
        settings = replace(settings, ca_bundle=str(ca.expanduser().resolve()))
    return settings


def _code(given: str | None) -> str | None:
    if given == "-":
        given = sys.stdin.readline().strip()
        if not given:
            raise NotAllowed("There was no join code on the standard input.")
    if given is not None and not given.startswith(JOIN_PREFIX):
        raise NotAllowed(
            f"A join code starts with {JOIN_PREFIX}. You get one from Add device, Without a person. The short code "
            "that this program shows is typed in JupyterLab, not here."
        )
    return given


def _until_answered(settings: Settings, url: str, code: str | None) -> Joining:
    """Wait for a person; raises NotAllowed, OSError."""
    joining = ask(settings, url, code)
    if joining.state == "approved":
        return joining
    secret, until = _show(settings, url, joining)
    problem = False
    while joining.state == "waiting" and time.monotonic() < until:
        time.sleep(joining.interval)
        try:
            try:
                joining = poll(settings, url, secret)
            except Ended:
                joining = ask(settings, url)
                print("The server has forgotten the request, as it does when it is restarted. There is a new code:")
                secret, until = _show(settings, url, joining)
            problem = False
        except (OSError, Passing) as error:
            if not problem:
                print(_says(error), flush=True)
            problem = True
    if joining.state == "waiting":
        raise NotAllowed("Nobody answered in time. Run it again for a new code.")
    return joining


def _says(error: Exception) -> str:
    if isinstance(error, network.ForeignListener):
        return f"{error} The gateway is asked again."
    return "The gateway does not answer at the moment; it is asked again."


def _show(settings: Settings, url: str, joining: Joining) -> tuple[str, float]:
    """Tell the person what to do; returns the secret to poll with, and until when."""
    minutes = max(1, round((joining.expires_in or 0) / 60))
    print(
        f"\nThis machine asks {url} to let it in as “{settings.device_name}”.\n\n"
        f"    Code:  {joining.user_code}\n\n"
        "Type it in JupyterLab (Wegent, Devices, Add device), or there in a terminal:\n"
        f"    jupyter wegent devices approve {joining.user_code}\n\n"
        f"Waiting, {minutes} minutes at most. Ctrl-C gives up.",
        flush=True,
    )
    return joining.poll_secret or "", time.monotonic() + (joining.expires_in or 0)


def _post(settings: Settings, url: str, body: dict[str, Any]) -> Joining:
    network.check_listener(url)
    proxy = network.proxy_for(url)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({url.partition(":")[0]: proxy} if proxy else {}),
        urllib.request.HTTPSHandler(context=network.trust(settings.ca_bundle)),
    )
    headers = {"Content-Type": "application/json", "User-Agent": f"wegent-executor/{settings.version}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - http(s), see address
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return Joining.model_validate_json(answer.read(ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        raise _problem(error) from error
    except ValidationError as error:
        raise OSError("it answers with something else than Wegent does") from error


def _problem(error: urllib.error.HTTPError) -> Exception:
    """Return what an error answer means: the gateway's own words, or that this is no gateway."""
    try:
        problem = json.loads(error.read(ANSWER_BYTES))
        text, code = str(problem["message"]), str(problem.get("code", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return OSError(f"it answered {error.code}")
    if code.startswith("http_"):
        return OSError(f"it answered {error.code}: {text}")
    words = " ".join(one for one in (text, problem.get("fix")) if one)
    if error.code in (429, 503):
        return Passing(words)
    return Ended(words) if code == "join_ended" else NotAllowed(words)


def _unreached(settings: Settings, error: OSError) -> int:
    """Say why the gateway was not reached, or what could not be kept."""
    if error.filename:
        return give_up(f"{error.filename} cannot be written: {error.strerror}.", 1)
    found = diagnose.cause(diagnose.route(settings))
    if found is None:
        return give_up(f"{settings.backend_url} is there, but the request failed: {error}.", 3)
    return give_up("\n  ".join(part for part in (found.text, found.fix) if part), 3)
