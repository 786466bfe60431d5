"""Tables. Columns are what is searched or compared; the rest of each object is JSON in `data`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("device_id", String(100), primary_key=True),
    Column("data", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("updated_at", String(40), nullable=False),
    Column("last_pos", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Index("tasks_of_owner", "owner", "updated_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("task_id", BigInteger, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("final", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    Index("turns_of_task", "task_id", "id"),
    Index("open_turns", "final"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("turn_id", BigInteger, ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", BigInteger, nullable=False),
    Column("owner", String(255), nullable=False),
    Column("device_id", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Index("attempts_of_turn", "turn_id"),
)

events = Table(
    "events",
    metadata,
    Column("task_id", BigInteger, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("pos", BigInteger, primary_key=True, autoincrement=False),
    Column("turn_id", BigInteger, nullable=False),
    Column("attempt_id", BigInteger),
    Column("type", String(10), nullable=False),
    Column("data", Text, nullable=False),
    Index("events_of_attempt", "attempt_id"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("turn_id", BigInteger, ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    Index("approvals_of_turn", "turn_id"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("data", Text, nullable=False),
)

removed_devices = Table(
    "removed_devices",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("device_id", String(100), primary_key=True),
)

projects = Table(
    "projects",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("data", Text, nullable=False),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("turn_id", BigInteger),
    Column("data", Text, nullable=False),
)

personal = Table(
    "personal",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("what", String(20), primary_key=True),
    Column("data", Text, nullable=False),
)

providers = Table(
    "providers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("name", String(40), nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("owner", "name", name="provider_names"),
)

schema_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table, read at each start so that Alembic is only imported when there is something to do."""
