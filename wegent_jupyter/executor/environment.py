"""The environment that agents, shells and commands start with."""

import os

PRIVATE_PREFIXES = ("WEGENT_", "JPY_", "JUPYTERHUB_", "JUPYTER_GATEWAY_")
PRIVATE_NAMES = ("JUPYTER_TOKEN", "DEVICE_ID")


def agent_environment() -> dict[str, str]:
    """Return our environment without what is ours or Jupyter's: agents get no token of either."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PRIVATE_PREFIXES) and name not in PRIVATE_NAMES
    }
