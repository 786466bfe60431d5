"""Credentials: hashes of the secrets that were given out, and devices that may not come back by one of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "credentials",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "removed_devices",
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("device_id", sa.String(100), primary_key=True),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("removed_devices")
    op.drop_table("credentials")
