"""Conversations have a version, and their events a number in them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EVENTS = "conversation_event"


def upgrade() -> None:
    """Number the events that are there, and give each conversation its row."""
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("generation", sa.String(length=32), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("head_number", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_updated_at"), ["updated_at"])
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=True))
    op.execute(
        f"UPDATE {EVENTS} SET number = (SELECT count(*) FROM {EVENTS} AS e"
        f" WHERE e.conversation = {EVENTS}.conversation AND e.id <= {EVENTS}.id)"
    )
    op.execute(
        "INSERT INTO conversation"
        " (id, generation, last_number, fence, head, head_number, updated_at)"
        " SELECT conversation, '0005', max(number), 0, NULL, 0, max(stored_at)"
        f" FROM {EVENTS} GROUP BY conversation"
    )
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        batch_op.alter_column("number", nullable=False, existing_type=sa.Integer())
        for column in ("conversation", "stored_at"):
            batch_op.drop_index(batch_op.f(f"ix_conversation_event_{column}"))
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        columns = ["conversation", "number"]
        batch_op.create_index("ix_conversation_event_number", columns, unique=True)


def downgrade() -> None:
    """Take both away; the events stay."""
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_event_number")
        batch_op.drop_column("number")
        for column in ("conversation", "stored_at"):
            batch_op.create_index(batch_op.f(f"ix_conversation_event_{column}"), [column])
    op.drop_table("conversation")
