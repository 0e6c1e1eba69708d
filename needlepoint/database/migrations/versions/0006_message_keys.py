"""Messages are found by the id that their sender gave them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EVENTS = "conversation_event"


def upgrade() -> None:
    """Add the column; what was stored before is too old to be sent again."""
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        batch_op.add_column(sa.Column("message_key", sa.String(length=255), nullable=True))
        columns = ["conversation", "message_key"]
        batch_op.create_index("ix_conversation_event_message_key", columns)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table(EVENTS, schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_event_message_key")
        batch_op.drop_column("message_key")
