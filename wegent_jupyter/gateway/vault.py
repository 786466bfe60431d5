"""Encryption at rest of what people entrust to the gateway: the Codex login, the proxy's address, providers' keys.

The key is in a 0600 file beside the database, so that a copy of the database alone tells nothing. Everything here reads
or writes files: call it from a thread.
"""

import contextlib
import hashlib
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wegent_jupyter.locks import write_private

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

log = logging.getLogger(__name__)

VERSION = "1"
ENTER_AGAIN = "Enter it again, or put back the file from a copy."
KEY_LENGTH = 44
"""32 bytes in URL-safe base64 (cryptography.io/fernet)."""


class Unreadable(Exception):
    """A secret that cannot be decrypted; the text says why, and what to do."""


class VaultFailed(Exception):
    """Nothing can be encrypted now; the text says why."""


class _Missing(Exception):
    """There is no key file."""


class _Damaged(Exception):
    """What is in the key file is no key."""


@dataclass(slots=True, frozen=True)
class _Key:
    secret: str
    name: str
    """Tells keys apart, and nothing of them."""

    @classmethod
    def of(cls, secret: str) -> "_Key":
        return cls(secret, hashlib.sha256(b"wegent " + secret.encode()).hexdigest()[:12])

    def fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet  # 7 MiB, which a server without secrets has no need of

        return Fernet(self.secret)


class Vault:
    """Seals and opens secrets. A lost or damaged key file makes them unreadable, and is never written over."""

    def __init__(self, path: Path) -> None:
        """Keep the key in `path`, which is made when the first secret is sealed."""
        self._path = path
        self._making = threading.Lock()

    def seal(self, text: str, about: str) -> str:
        """Return a secret in the form in which it is stored; it can only be opened as `about`. Raises VaultFailed."""
        with self._making:
            try:
                key = self._key_or_new()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or error
                raise VaultFailed(f"The key file {self._path.name} cannot be used: {why}.") from error
        token = key.fernet().encrypt(f"{about}\n{text}".encode())
        return f"{VERSION}:{key.name}:{token.decode()}"

    def open(self, sealed: str, about: str) -> str:
        """Return a secret; raises Unreadable."""
        if (why := self.problem(sealed)) is not None:
            raise Unreadable(why)
        from cryptography.fernet import InvalidToken

        try:
            plain = self._key().fernet().decrypt(sealed.split(":", 2)[2]).decode()
        except (InvalidToken, _Missing, _Damaged, OSError, ValueError, IndexError) as error:
            raise Unreadable(f"What is stored of it is damaged. {ENTER_AGAIN}") from error
        meant, _, text = plain.partition("\n")
        if meant != about:
            raise Unreadable("What is stored of it belongs to something else. Enter it again.")
        return text

    def problem(self, sealed: str | None) -> str | None:
        """Return why a stored secret cannot be opened, in words; None where it can, or where there is none."""
        if sealed is None:
            return None
        try:
            key = self._key()
        except _Missing:
            return f"It can no longer be read: the key file {self._path.name} is missing. {ENTER_AGAIN}"
        except _Damaged:
            return f"It can no longer be read: the key file {self._path.name} is damaged. {ENTER_AGAIN}"
        except OSError as error:
            return f"It cannot be read: the key file {self._path.name}: {error.strerror or error}."
        version, _, rest = sealed.partition(":")
        if version != VERSION or rest.partition(":")[0] != key.name:
            return (
                f"It can no longer be read: {self._path.name} is not the key file that it was saved with. {ENTER_AGAIN}"
            )
        return None

    def _key(self) -> _Key:
        """Read the key; raises _Missing, _Damaged or OSError."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    self._path.chmod(0o600)
                found = file.read(KEY_LENGTH + 2).strip().decode("ascii", "replace")
        except FileNotFoundError as error:
            raise _Missing from error
        if not _is_key(found):
            raise _Damaged
        return _Key.of(found)

    def _key_or_new(self) -> _Key:
        try:
            return self._key()
        except _Damaged:
            self._set_aside()
        except _Missing:
            pass
        from cryptography.fernet import Fernet

        secret = Fernet.generate_key().decode()
        write_private(self._path, secret + "\n")
        _flush(self._path)  # what it protects must not be on disk before it
        _flush(self._path.parent)
        return _Key.of(secret)

    def _set_aside(self) -> None:
        """Keep a damaged key file under another name: somebody may repair it."""
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        self._path.rename(aside)
        log.warning("The damaged key file was kept as %s; what it protected has to be entered again", aside)


def _is_key(text: str) -> bool:
    letters = text.removesuffix("=")
    return len(text) == KEY_LENGTH and len(letters) == KEY_LENGTH - 1 and all(c.isalnum() or c in "-_" for c in letters)


def _flush(path: Path) -> None:
    """Let the disk have a file, or a directory where that can be asked for."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
