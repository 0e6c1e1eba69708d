"""Conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "conversation_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("conversation_event", schema=None) as batch_op:
        for column in ("conversation", "stored_at"):
            name = batch_op.f(f"ix_conversation_event_{column}")
            batch_op.create_index(name, [column], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("conversation_event")
