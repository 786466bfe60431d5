"""One migration at a time."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from wegent_jupyter.executor.skills.errors import NotDone


@contextlib.contextmanager
def exclusive(home: Path, person: Path) -> Iterator[None]:
    """Let one migration at a time work: of this executor, and of this person's directories; raises NotDone."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(home / "skills.lock", mode=0o600)
    descriptor = os.open(person, os.O_RDONLY | os.O_DIRECTORY)
    try:
        lock.acquire(timeout=0)
        try:
            # Another executor of this person has another home. A file of ours in this one would be left behind.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Timeout(str(person)) from error
        except OSError as error:  # some network file systems do not lock directories
            if error.errno not in (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        yield
    except Timeout as error:
        text = "The skills are being shared or taken back at this moment."
        raise NotDone("busy", text, "Try again in a moment.") from error
    finally:
        os.close(descriptor)
        lock.release()
