"""Open the database: engine, pragmas, schema. Runs in the store's threads, never on the event loop."""

from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.pool import NullPool

from wegent_jupyter.gateway.store.tables import schema_version

HEAD = "0005"
"""The newest migration; a test holds it against the files in `migrations/versions`."""

NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p")
"""WAL needs shared memory, which these do not have (sqlite.org/wal.html)."""


class StoreBroken(Exception):
    """The database cannot be used; the text names it and says what to do."""


def open_engine(url: str) -> Engine:
    """Return an engine on an up-to-date schema; raises StoreBroken and leaves a damaged database as it is."""
    try:
        # Its errors go into the log, which is no place for what people write.
        engine = create_engine(url, hide_parameters=True, **_engine_options(url))
    except (ArgumentError, ImportError) as error:  # ImportError: the driver is not installed
        raise StoreBroken(f"The setting database_url cannot be used: {error}") from error
    try:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        with engine.begin() as connection:
            migrate(connection)
    except (DatabaseError, OSError, NewerSchema) as error:
        engine.dispose()
        raise StoreBroken(
            f"The database {engine.url.render_as_string(hide_password=True)} cannot be used: "
            f"{getattr(error, 'orig', None) or error}. "
            "It was left as it is. Move it away to start with an empty one, or put back a copy."
        ) from error
    return engine


class NewerSchema(Exception):
    """The database was made by a newer version of ours."""


def migrate(connection: Connection) -> None:
    """Bring the schema to HEAD; raises NewerSchema."""
    current = None
    if inspect(connection).has_table(schema_version.name):
        current = connection.execute(select(schema_version.c.version_num)).scalar()
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise NewerSchema(f"it was made by a newer wegent-jupyter (schema {current}, ours is {HEAD})")
    # 0.15 s to import, and needed only when there is something to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine_options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_size": 4, "pool_pre_ping": True}
    return {"poolclass": NullPool} if ":memory:" in url else {}


def _prepare_sqlite(engine: Engine) -> None:
    database = engine.url.database or ""
    if database and not Path(database).exists():
        Path(database).touch(mode=0o600)
    journal = "DELETE" if on_network_file_system(Path(database).parent) else "WAL"

    def connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: savepoints and BEGIN IMMEDIATE are ours
        # (SQLAlchemy documentation, "Serializable isolation / Savepoints / Transactional DDL").
        connection.isolation_level = None
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=NORMAL",
            "busy_timeout=5000",
            "foreign_keys=ON",
            "cache_size=-4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def on_network_file_system(directory: Path) -> bool:
    """Say whether a directory lies on a file system that is shared between machines."""
    best = ("", "")
    target = str(directory.resolve())
    for part in psutil.disk_partitions(all=True):
        inside = target == part.mountpoint or target.startswith(part.mountpoint.rstrip("/") + "/")
        if inside and len(part.mountpoint) >= len(best[0]):
            best = (part.mountpoint, part.fstype)
    return best[1].startswith(NETWORK_FILE_SYSTEMS)
