"""What a person may give as the gateway's address, and what is meant by it."""

from urllib.parse import SplitResult, parse_qs, urlsplit

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_PAGES = ("lab", "tree", "notebooks", "edit", "doc", "retro", "consoles", "terminals", "view", "files", "login", "api")
"""Where Jupyter's pages begin: what is before is the server's base URL."""
_OURS = "wegent"


class BadAddress(Exception):
    """Not an address of a gateway; the text says why and what to give instead."""


def normal(given: str) -> str:
    """Return an address with `http(s)` and without a slash at its end; raises BadAddress."""
    parts = _parts(given)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path}".rstrip("/")


def gateway(given: str) -> str:
    """Return where our gateway is, given its address or that of any page of its server; raises BadAddress."""
    parts = _parts(given)
    segments = [one for one in parts.path.split("/") if one]
    ends = [n for n, one in enumerate(segments) if one == _OURS and segments[n + 1 : n + 2] in ([], ["api"])]
    if ends:
        base = segments[: ends[-1]]
    elif segments[:1] == ["hub"]:
        raise BadAddress(
            f"{given} is a page of JupyterHub itself. Give the address of your own server there: "
            f"{_SCHEMES[parts.scheme]}://{parts.netloc}/user/YOUR-NAME/wegent"
        )
    else:
        pages = [n for n, one in enumerate(segments) if one in _PAGES and not _is_name(segments, n)]
        base = segments[: pages[0]] if pages else segments
    return f"{_SCHEMES[parts.scheme]}://{'/'.join([parts.netloc, *base, _OURS])}"


def _is_name(segments: list[str], number: int) -> bool:
    """Say whether a segment is a person's name, as in JupyterHub's `/user/lab/`."""
    return number > 0 and segments[number - 1] == "user"


def _parts(given: str) -> SplitResult:
    given = given.strip()
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"{given!r} is not an address: {error}.") from error
    if "://" not in given or parts.scheme not in _SCHEMES:
        raise BadAddress(f"{_shown(given)} is not an address of a gateway: it has to start with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("Leave name and password out of the address: it is stored and shown. You are asked otherwise.")
    if "token" in parse_qs(parts.query) or "token" in parse_qs(parts.fragment):
        raise BadAddress(
            "Leave the token out of the address: it is Jupyter's, it opens everything there, and a device has no use "
            "for it. Give the address alone; the device gets a key of its own."
        )
    if not parts.hostname or port == 0:
        raise BadAddress(f"{_shown(given)} names no host.")
    return parts


def _shown(given: str) -> str:
    """Return an address without what could be a secret in it."""
    return repr(given.partition("?")[0][:200])
