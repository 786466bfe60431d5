"""Personal configuration, and providers of models."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "personal",
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("what", sa.String(20), primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.UniqueConstraint("owner", "name", name="provider_names"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("providers")
    op.drop_table("personal")
