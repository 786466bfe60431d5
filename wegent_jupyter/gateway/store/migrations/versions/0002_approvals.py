"""Approvals: what agents ask, and what people answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("turn_id", sa.BigInteger, sa.ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("approvals_of_turn", "approvals", ["turn_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("approvals")
