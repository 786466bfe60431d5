"""The first tables: devices, tasks, turns, attempts, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1.0. Spelt out: later changes of `tables.py` must not change this step."""
    op.create_table(
        "meta", sa.Column("key", sa.String(64), primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )
    op.create_table(
        "devices",
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("device_id", sa.String(100), primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("updated_at", sa.String(40), nullable=False),
        sa.Column("last_pos", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("tasks_of_owner", "tasks", ["owner", "updated_at"])
    _turns_and_attempts()
    op.create_table(
        "events",
        sa.Column("task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("pos", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("turn_id", sa.BigInteger, nullable=False),
        sa.Column("attempt_id", sa.BigInteger),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("events_of_attempt", "events", ["attempt_id"])


def _turns_and_attempts() -> None:
    op.create_table(
        "turns",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("turns_of_task", "turns", ["task_id", "id"])
    op.create_index("open_turns", "turns", ["final"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("turn_id", sa.BigInteger, sa.ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
        sa.Column("task_id", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("device_id", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("attempts_of_turn", "attempts", ["turn_id"])


def downgrade() -> None:
    """Drop everything."""
    for table in ("events", "attempts", "turns", "tasks", "devices", "meta"):
        op.drop_table(table)
