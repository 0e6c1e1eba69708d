"""What came from Slack and is to be answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "slack_incoming",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("posted", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    with op.batch_alter_table("slack_incoming", schema=None) as batch_op:
        batch_op.create_index("ix_slack_incoming_due", ["status", "next_attempt_at"])
        batch_op.create_index("ix_slack_incoming_conversation", ["conversation", "number"])
        batch_op.create_index(batch_op.f("ix_slack_incoming_created_at"), ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("slack_incoming")
