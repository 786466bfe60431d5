"""Run AI coding agents on your own computers, from JupyterLab.

Importing this package imports nothing else: kernels and command-line tools do it on every start.
"""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server where the extension is."""
    from wegent_jupyter.server.app import WegentApp

    return [{"module": "wegent_jupyter", "app": WegentApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell `jupyter labextension develop` where the built front end is."""
    return [{"src": "labextension", "dest": "wegent-jupyter"}]


def load_ipython_extension(shell: Any) -> None:
    """Give IPython the magics, and the name `wg` if that is free: `%load_ext wegent_jupyter`."""
    from wegent_jupyter import notebook
    from wegent_jupyter.notebook import magics

    magics.register(shell)
    shell.user_ns.setdefault("wg", notebook)
