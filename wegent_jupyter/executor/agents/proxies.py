"""Proxies in an agent's environment: whose they are, and what they must never stand in front of."""

from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
EXCEPTED = ("localhost", "127.0.0.1", "::1", "host.docker.internal")
"""What an issued proxy is not used for where the device does not say: that of Wegent's executor."""


def with_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no proxy stands between an agent and what listens on this machine."""
    own = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    excepted = [one.strip() for one in own.split(",") if one.strip()]
    no_proxy = ",".join([*excepted, *(one for one in LOOPBACK if one not in excepted)])
    return {**environment, "NO_PROXY": no_proxy, "no_proxy": no_proxy}


def with_proxy(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Return an environment with a proxy in front of everything but what the device excepts, or else this machine."""
    own = environment.get("no_proxy") or environment.get("NO_PROXY") or ",".join(EXCEPTED)
    return with_loopback({**environment, **dict.fromkeys(VARIABLES, url), "NO_PROXY": own, "no_proxy": own})
