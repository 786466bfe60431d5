"""The grammar of what `jupyter wegent` does with personal settings: the Codex login, the proxy, models, skills."""

import argparse

from wegent_jupyter.cli.parser_devices import Commands, add_action, add_json, add_yes

SECRET = "read from the terminal without showing it, or from standard input"  # noqa: S105 - a sentence


def add_codex(commands: Commands) -> None:
    """Add `codex`."""
    codex = commands.add_parser(
        "codex",
        help="log Codex in on devices, or save a personal login for them",
        description="Show how Codex is logged in on each device and which login is saved, or change that.",
        epilog="Exit status: 0 done, 1 refused, or the login failed, 2 bad input, 3 no server or device, 130 not done; "
        "Ctrl-C cancels a login.",
    )
    add_json(codex)
    actions = codex.add_subparsers(dest="action", metavar="ACTION")
    add_action(actions, "status", "show what is saved, whether it is used, and which devices have a login")
    login = add_action(actions, "login", "log Codex in on a device, by a code that you type into a page")
    _add_device(login)
    import_ = add_action(actions, "import", "save the login that a device has")
    import_.add_argument("device", metavar="DEVICE", help="id or name")
    upload = add_action(actions, "upload", "save a login from a file of this computer")
    upload.add_argument("file", metavar="FILE", help="such as ~/.codex/auth.json; '-' reads standard input")
    add_action(actions, "on", "let Codex use your own login rather than a provider's key")
    add_action(actions, "off", "let Codex use what is configured as models")
    forget = add_action(actions, "forget", "forget the saved login; devices keep theirs")
    for action in (import_, upload, forget):
        add_yes(action)


def add_proxy(commands: Commands) -> None:
    """Add `proxy`."""
    proxy = commands.add_parser(
        "proxy",
        help="give Codex a proxy on all devices",
        description="Show the proxy that Codex uses on all devices, or change it. No other program gets it.",
        epilog="Exit status: 0 done, 1 refused, or the test failed, 2 bad input, 3 no server or device, 130 not done.",
    )
    add_json(proxy)
    actions = proxy.add_subparsers(dest="action", metavar="ACTION")
    add_action(actions, "status", "show it, without its password")
    add_action(actions, "set", f"save the address, which is {SECRET}")
    add_action(actions, "clear", "forget the address, and turn it off")
    add_action(actions, "on", "let Codex use it")
    add_action(actions, "off", "let Codex connect as the device does")
    _add_device(add_action(actions, "test", "try the saved one from a device"))


def add_models(commands: Commands) -> None:
    """Add `models`."""
    models = commands.add_parser(
        "models",
        help="list models, and manage whose account pays for them",
        description="List the models that --model can name, or manage the providers that have them.",
        epilog="Exit status: 0 done, 1 refused, or the test failed, 2 bad input, 3 no server or device, 130 not done.",
    )
    add_json(models)
    actions = models.add_subparsers(dest="action", metavar="ACTION")
    add_action(actions, "list", "list the models that --model can name")
    add_action(actions, "providers", "list the providers")
    add = _of_provider(actions, "add", f"add a provider; its key is {SECRET}")
    add.add_argument(
        "--kind", required=True, choices=["anthropic", "openai"], help="anthropic: for Claude Code, openai: for Codex"
    )
    _add_provider(add, "the vendor's own")
    add.add_argument("--test", metavar="DEVICE", help="try it from this device first, and add it only if it works")
    edit = _of_provider(actions, "edit", "change a provider; what is not given stays")
    _add_provider(edit, "as before")
    edit.add_argument("--no-default", action="store_true", help="let tasks that name no model go elsewhere")
    edit.add_argument("--key", action="store_true", help=f"give it another key, {SECRET}")
    test = _of_provider(actions, "test", "try a provider from a device; that sends it one short message")
    test.add_argument("--device", help="id or name (default: the starred one, else this computer)")
    test.add_argument("--model", metavar="MODEL", help="which of its models (default: its default, else its first)")
    add_yes(_of_provider(actions, "remove", "remove a provider and its key"))


def _of_provider(actions: Commands, name: str, what: str) -> argparse.ArgumentParser:
    action = add_action(actions, name, what)
    action.add_argument("name", metavar="NAME", help="what models are named by: NAME/MODEL")
    return action


def _add_provider(command: argparse.ArgumentParser, address: str) -> None:
    command.add_argument("--base-url", metavar="URL", help=f"address of its API (default: {address})")
    command.add_argument(
        "--model",
        dest="models",
        metavar="MODEL",
        action="append",
        help="name of a model, as the provider knows it; can be given several times",
    )
    command.add_argument("--default", metavar="MODEL", help="what tasks get that name no model")
    command.add_argument("--no-key", action="store_true", help="it has none, and none is asked for")


def add_skills(commands: Commands) -> None:
    """Add `skills`."""
    skills = commands.add_parser(
        "skills",
        help="list skills, and share them between Claude Code and Codex",
        description="List the skills of a device, or share them between Claude Code and Codex.",
        epilog="Exit status: 0 done, 1 refused, as something is in the way, 2 bad input, 3 no server or device, 130 "
        "not done.",
    )
    _add_option(skills, None)
    add_json(skills)
    actions = skills.add_subparsers(dest="action", metavar="ACTION")
    list_ = add_action(actions, "list", "list the skills of a device")
    for command in (skills, list_):
        command.add_argument(
            "--workspace",
            metavar="PATH",
            help="and those that this directory of the device brings",
            default=None if command is skills else argparse.SUPPRESS,
        )
    share = add_action(actions, "share", "move all skills to one place that both agents use; shows first what moves")
    undo = add_action(actions, "undo", "take that back")
    for action in (list_, share, undo):
        _add_option(action, argparse.SUPPRESS)
    for action in (share, undo):
        add_yes(action)


def _add_option(command: argparse.ArgumentParser, default: str | None) -> None:
    which = "id or name of the device (default: the starred one, else this computer)"
    command.add_argument("--device", help=which, default=default)


def _add_device(command: argparse.ArgumentParser) -> None:
    which = "id or name (default: the starred one, else this computer)"
    command.add_argument("device", metavar="DEVICE", nargs="?", help=which)
