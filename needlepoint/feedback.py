"""What patients think of single answers: stored beside the requests, apart from the dialogue."""

from sqlalchemy import delete, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.engine import insert_into, reader
from needlepoint.database.tables import Feedback, new_id, now
from needlepoint.referral.requests import conversation_hash

UP, DOWN = "up", "down"
VALUES = (UP, DOWN)
COMMENT_LIMIT = 500  # characters


def store_feedback(
    engine: Engine,
    conversation_id: str,
    answer_id: str,
    response: str,
    value: str,
    comment: str | None = None,
) -> None:
    """Store what a patient thinks of an answer, in place of what they thought before.

    Args:
        answer_id: as the channel gave it
        response: the name of what the bot said, as ``utter_faq_cost``
        value: "up" or "down"
        comment: up to 500 characters, or None

    Raises:
        ValueError: the value or the comment is not as above.
    """
    if value not in VALUES or len(comment or "") > COMMENT_LIMIT:
        raise ValueError(f"Feedback is up or down, with {COMMENT_LIMIT} characters at most.")
    new = {"response": response, "value": value, "comment": comment, "created_at": now()}
    insert = insert_into(engine, Feedback).values(
        id=new_id(), conversation=conversation_hash(conversation_id), answer_id=answer_id, **new
    )
    key = [Feedback.conversation, Feedback.answer_id]
    with Session(engine) as session, session.begin():
        session.execute(insert.on_conflict_do_update(index_elements=key, set_=new))


def feedback_of(engine: Engine, conversation_id: str) -> dict[str, str]:
    """Return "up" or "down" by the id of the answer, for a conversation."""
    query = select(Feedback.answer_id, Feedback.value)
    mine = query.where(Feedback.conversation == conversation_hash(conversation_id))
    with Session(reader(engine)) as session:
        return dict(session.execute(mine).all())


def delete_feedback(engine: Engine, conversation_id: str) -> int:
    """Delete the feedback of a conversation, and return how much it was."""
    mine = Feedback.conversation == conversation_hash(conversation_id)
    with Session(engine) as session, session.begin():
        return int(session.execute(delete(Feedback).where(mine)).rowcount)
