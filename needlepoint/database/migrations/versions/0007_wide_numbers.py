"""Numbers of 64 bits for what each turn makes several of."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBERS = (("conversation_event", "id"), ("slack_incoming", "number"))


def upgrade() -> None:
    """Widen the columns: 2^31 events are about 400 million turns."""
    _make("bigint")


def downgrade() -> None:
    """Make them as narrow as before; that fails where a number is too large."""
    _make("integer")


def _make(kind: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return  # SQLite's integers have 64 bits
    for table, column in NUMBERS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
        # What gives the next number has a width of its own.
        op.execute(f"ALTER SEQUENCE {table}_{column}_seq AS {kind}")
