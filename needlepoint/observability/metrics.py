"""What is counted and timed, for Prometheus. No Rasa here.

Every label has a bounded set of values: intents are those of the domain, kinds of red flags those
of ``data/safety``, and whatever else comes is ``other``. No word and no id of a person is one.

A channel calls ``received`` around all it does with a message and ``timed`` around its handler, the
store ``observe`` with what is new in a turn and ``stage("store")`` around its queries, a lock
``stage("lock")`` around the wait, the action endpoint ``action_call`` around a request.
"""

from __future__ import annotations

import os
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter, time
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from structlog.contextvars import bound_contextvars

from needlepoint.feedback import VALUES
from needlepoint.names import (
    BACKUPS,
    CRISIS,
    FALLBACK,
    REPORT_RED_FLAG,
    UTTER_NOT_UNDERSTOOD,
    UTTER_NOT_UNDERSTOOD_AGAIN,
    UTTER_NOTHING_LIKELY,
    VALIDATE_REQUEST,
)
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.safety.rules import SAFETY, URGENCIES

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Set by who runs several workers in one host: the folder in which they put their numbers together.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
OTHER = "other"
CHANNELS = ("web", "rest", "slack")
ANSWERED, NOT_UNDERSTOOD, RED_FLAG, SILENT = "answered", "not_understood", "red_flag", "silent"
FAILED, CANCELLED, REFUSED = "failed", "cancelled", "refused"
OUTCOMES = (ANSWERED, NOT_UNDERSTOOD, RED_FLAG, CRISIS, SILENT, FAILED, CANCELLED, REFUSED)
TURN, LOCK, PARSE, DIALOGUE, ACTIONS, STORE = (
    "turn",
    "lock",
    "parse",
    "dialogue",
    "actions",
    "store",
)
STAGES = (TURN, LOCK, PARSE, DIALOGUE, ACTIONS, STORE)
CUSTOM_ACTIONS = (*BACKUPS, VALIDATE_REQUEST)
# By what the bot said: it asked back, or named a person to ask.
FALLBACK_STEPS = {
    UTTER_NOT_UNDERSTOOD: "asked_back",
    UTTER_NOTHING_LIKELY: "asked_back",
    UTTER_NOT_UNDERSTOOD_AGAIN: "gave_up",
}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.0, 2.0, 5.0, 10.0, 30.0)

TURNS = Counter("needlepoint_turns", "Messages handled.", ["channel", "outcome"])
IN_PROGRESS = Gauge(
    "needlepoint_turns_in_progress", "Messages being handled.", multiprocess_mode="livesum"
)
SECONDS = Histogram(
    "needlepoint_stage_seconds", "Time of each stage of a turn.", ["stage"], buckets=_BUCKETS
)
FAILURES = Counter("needlepoint_stage_failures", "Stages that ended in an error.", ["stage"])
INTENTS = Counter("needlepoint_intents", "Messages by what they were taken for.", ["intent"])
FALLBACKS = Counter("needlepoint_fallbacks", "Messages not understood, by what followed.", ["step"])
RED_FLAGS = Counter("needlepoint_red_flags", "Red flags reported.", ["kind", "urgency"])
CRISES = Counter("needlepoint_crises", "Messages answered with the lines to call in a crisis.")
FEEDBACK = Counter("needlepoint_feedback", "Thumbs given.", ["value"])
ACTION_FAILURES = Counter(
    "needlepoint_action_failures", "Custom actions that failed or were too slow.", ["action"]
)
OUTBOX = Gauge(
    "needlepoint_outbox_jobs",
    "Deliveries to the clinic, of all processes.",
    ["status"],
    multiprocess_mode="livemax",
)
OUTBOX_OLDEST = Gauge(
    "needlepoint_outbox_oldest_seconds",
    "Age of the oldest request still to be delivered; 0 if there is none.",
    multiprocess_mode="livemax",
)
PART_UP = Gauge(
    "needlepoint_part_up",
    "Whether a part works, as in /webhooks/health/ready.",
    ["part"],
    multiprocess_mode="livemin",
)
READY = Gauge("needlepoint_ready", "Whether messages can be answered.", multiprocess_mode="livemin")

_SECONDS = {name: SECONDS.labels(name) for name in STAGES}
_FAILURES = {name: FAILURES.labels(name) for name in STAGES}


@dataclass
class _Turn:
    """A message being handled."""

    started: float
    # When a stage of it ended, and its seconds.
    stages: list[tuple[float, float]] = field(default_factory=list)
    outcome: str | None = None


@dataclass
class _Message:
    """A message that a channel has got."""

    is_timed: bool = False


_turn: ContextVar[_Turn | None] = ContextVar("needlepoint_turn", default=None)
# One object for all tasks that a message starts.
_message: ContextVar[_Message | None] = ContextVar("needlepoint_message", default=None)


def _begin_at_zero() -> None:
    # A rate sees only what grows: a series that begins with its first failure hides it.
    for channel in CHANNELS:
        for outcome in OUTCOMES:
            TURNS.labels(channel, outcome)
    for value in VALUES:
        FEEDBACK.labels(value)
    for step in FALLBACK_STEPS.values():
        FALLBACKS.labels(step)
    for action in (*CUSTOM_ACTIONS, OTHER):
        ACTION_FAILURES.labels(action)
    RED_FLAGS.labels(OTHER, OTHER)
    for kind in _red_flags():
        for urgency in URGENCIES:
            RED_FLAGS.labels(kind, urgency)


def begin_intents(intents: Iterable[str]) -> None:
    """Begin to count each intent of a domain, which is known when there is a model."""
    for intent in (*intents, OTHER):
        INTENTS.labels(intent)


@lru_cache(maxsize=1)
def _red_flags() -> frozenset[str]:
    return frozenset(path.stem for path in (SAFETY / "red_flags").glob("*.yml"))


_begin_at_zero()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time a stage, and count it if it ends in an error.

    Raises:
        KeyError: ``name`` is none of ``STAGES``.
    """
    seconds, failures = _SECONDS[name], _FAILURES[name]
    began = perf_counter()
    try:
        yield
    except Exception:
        failures.inc()
        raise
    finally:
        took = perf_counter() - began
        seconds.observe(took)
        turn = _turn.get()
        if turn is not None:
            turn.stages.append((time(), took))


@contextmanager
def timed_turn(channel: str | None, conversation_id: str | None = None) -> Iterator[None]:
    """Count and time the handling of one message.

    All that is logged in it has the pseudonym of its conversation.

    Args:
        channel: its name; others than ``CHANNELS`` count as one
        conversation_id: Rasa's sender id
    """
    turn, whole = _Turn(time()), _message.get()
    if whole is not None:
        whole.is_timed = True
    token = _turn.set(turn)
    IN_PROGRESS.inc()
    bound = {"conversation": pseudonym(conversation_id)} if conversation_id else {}
    outcome = None
    try:
        with bound_contextvars(**bound), stage(TURN):
            yield
    except CancelledError:
        outcome = CANCELLED
        raise
    except Exception:
        outcome = FAILED
        raise
    finally:
        IN_PROGRESS.dec()
        _turn.reset(token)
        TURNS.labels(_channel(channel), outcome or turn.outcome or SILENT).inc()


@contextmanager
def received(channel: str | None) -> Iterator[None]:
    """Count a message as refused if it ends in an error that no ``timed_turn`` has counted."""
    whole = _Message()
    token = _message.set(whole)
    try:
        yield
    except Exception:
        if not whole.is_timed:
            count_refusal(channel)
        raise
    finally:
        _message.reset(token)


def timed(on_new_message: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """Return the handler of a channel, counted and timed by ``timed_turn``.

    It belongs inside of what turns errors into answers, which would hide them.
    """

    async def handle(message: Any) -> Any:
        with timed_turn(message.input_channel, message.sender_id):
            return await on_new_message(message)

    return handle


@contextmanager
def action_call(action: str | None) -> Iterator[None]:
    """Time the call of a custom action, and count it by its name if it fails or is cut short."""
    try:
        with stage(ACTIONS):
            yield
    except Exception:
        ACTION_FAILURES.labels(action if action in CUSTOM_ACTIONS else OTHER).inc()
        raise


def count_refusal(channel: str | None) -> None:
    """Count a message that a channel refused: too many, too long, or no message at all."""
    TURNS.labels(_channel(channel), REFUSED).inc()


def count_feedback(value: str) -> None:
    """Count a thumb, "up" or "down"."""
    FEEDBACK.labels(value if value in VALUES else OTHER).inc()


def observe(events: Iterable[Any], intents: Container[str]) -> None:
    """Count what is new in a conversation; for a tracker store, when it saves.

    Args:
        events: Rasa's, those of the turn
        intents: all that the domain has; ``domain.intent_properties`` is quick to ask
    """
    turn = _turn.get()
    user: Any = None
    last: Any = None
    answered = asked_back = False
    for event in events:
        last = event
        if event.type_name == "user":
            if user is not None:
                _note(turn, user, answered, asked_back)
            user, answered, asked_back = event, False, False
            _count_message(user, intents)
        elif event.type_name == "bot":
            answered = True
            step = FALLBACK_STEPS.get((event.metadata or {}).get("utter_action") or "")
            if step is not None:
                asked_back = True
                FALLBACKS.labels(step).inc()
    if user is None:
        return
    _note(turn, user, answered, asked_back)
    _SECONDS[DIALOGUE].observe(max(0.0, last.timestamp - user.timestamp))
    if turn is not None:
        # Rasa makes the user's event when it has read the message.
        elsewhere = sum(took for ended, took in turn.stages if ended <= user.timestamp)
        _SECONDS[PARSE].observe(max(0.0, user.timestamp - turn.started - elsewhere))


def exposition() -> bytes:
    """Return all metrics as Prometheus reads them: of this process, or of all in the folder."""
    if not os.environ.get(FOLDER_VARIABLE):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    collector: Callable[[CollectorRegistry], Any] = MultiProcessCollector
    collector(registry)
    return generate_latest(registry)


def _count_message(user: Any, intents: Container[str]) -> None:
    intent = _intent(user)
    INTENTS.labels(intent if intent in intents else OTHER).inc()
    if intent == CRISIS:
        CRISES.inc()
    elif intent == REPORT_RED_FLAG:
        found = {entity.get("entity"): entity.get("value") for entity in user.entities or []}
        kind, urgency = found.get("red_flag"), found.get("urgency")
        RED_FLAGS.labels(
            kind if isinstance(kind, str) and kind in _red_flags() else OTHER,
            urgency if urgency in URGENCIES else OTHER,
        ).inc()


def _note(turn: _Turn | None, user: Any, answered: bool, asked_back: bool) -> None:
    """Give a turn its outcome; count it here if no channel does."""
    intent = _intent(user)
    if intent == CRISIS:
        outcome = CRISIS
    elif intent == REPORT_RED_FLAG:
        outcome = RED_FLAG
    elif asked_back or intent == FALLBACK:
        outcome = NOT_UNDERSTOOD
    else:
        outcome = ANSWERED if answered else SILENT
    if turn is None:
        TURNS.labels(_channel(user.input_channel), outcome).inc()
    else:
        turn.outcome = outcome


def _intent(user: Any) -> str:
    return (user.intent or {}).get("name") or ""


def _channel(name: str | None) -> str:
    return name if name in CHANNELS else OTHER
