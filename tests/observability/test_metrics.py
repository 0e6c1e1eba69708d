"""What is counted of a turn, and that no label holds what a person wrote."""

import asyncio
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from structlog.contextvars import get_contextvars

from needlepoint.names import ACTION_SAFETY_DISCLAIMER
from needlepoint.observability import metrics
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.safety.rules import read_rules

INTENTS = {"faq_cost", "crisis", "report_red_flag", "nlu_fallback", "greet"}


class Change:
    """How much a sample grows."""

    def __init__(self, name, **labels):
        self._of = name, labels
        self._before = self._now()

    def _now(self):
        return REGISTRY.get_sample_value(*self._of) or 0.0

    def __int__(self):
        return int(self._now() - self._before)


def said(intent, *entities, channel="web", at=100.0, text="words"):
    return UserUttered(
        text,
        {"name": intent},
        [{"entity": name, "value": value} for name, value in entities],
        timestamp=at,
        input_channel=channel,
    )


def answer(name="utter_faq_cost", at=100.2):
    return BotUttered("an answer", metadata={"utter_action": name}, timestamp=at)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([said("faq_cost"), answer()], "answered"),
        ([said("nlu_fallback"), answer("utter_not_understood")], "not_understood"),
        ([said("none"), answer("utter_not_understood_again")], "not_understood"),
        ([said("crisis"), answer("utter_crisis")], "crisis"),
        ([said("report_red_flag"), answer("utter_red_flag")], "red_flag"),
        ([said("faq_cost")], "silent"),
    ],
)
def test_a_turn_is_counted_once_by_its_outcome(events, outcome):
    changes = {
        name: Change("needlepoint_turns_total", channel="web", outcome=name)
        for name in metrics.OUTCOMES
    }
    metrics.observe(events, INTENTS)
    assert {name: int(change) for name, change in changes.items() if int(change)} == {outcome: 1}


def test_within_a_channel_s_timer_it_is_counted_once_too():
    change = Change("needlepoint_turns_total", channel="rest", outcome="answered")
    whole = Change("needlepoint_stage_seconds_count", stage="turn")
    with metrics.timed_turn("rest", "me"):
        metrics.observe([said("faq_cost", channel="rest"), answer()], INTENTS)
    assert (int(change), int(whole)) == (1, 1)


def test_several_messages_saved_at_once_are_several_turns():
    change = Change("needlepoint_turns_total", channel="web", outcome="answered")
    metrics.observe([said("faq_cost"), answer(), said("greet"), answer()], INTENTS)
    assert int(change) == 2


def test_a_turn_that_fails_is_counted_as_that_although_it_was_stored():
    failed = Change("needlepoint_turns_total", channel="web", outcome="failed")
    answered = Change("needlepoint_turns_total", channel="web", outcome="answered")
    with pytest.raises(ValueError), metrics.timed_turn("web"):
        metrics.observe([said("faq_cost"), answer()], INTENTS)
        raise ValueError
    assert (int(failed), int(answered)) == (1, 0)


def test_a_caller_who_goes_away_is_no_failure():
    cancelled = Change("needlepoint_turns_total", channel="web", outcome="cancelled")
    with pytest.raises(asyncio.CancelledError), metrics.timed_turn("web"):
        raise asyncio.CancelledError
    assert int(cancelled) == 1


async def test_a_handler_is_timed_and_its_logs_have_the_pseudonym():
    seen = []

    async def handle(message):
        seen.append(get_contextvars()["conversation"])
        seen.append(REGISTRY.get_sample_value("needlepoint_turns_in_progress"))

    change = Change("needlepoint_turns_total", channel="slack", outcome="silent")
    await metrics.timed(handle)(SimpleNamespace(input_channel="slack", sender_id="Zoe"))
    assert seen == [pseudonym("Zoe"), 1.0]
    assert "conversation" not in get_contextvars()
    assert REGISTRY.get_sample_value("needlepoint_turns_in_progress") == 0.0
    assert int(change) == 1


def test_stages_are_told_apart_by_timestamps(monkeypatch):
    clock = iter([100.0, 100.3])  # the message comes; the wait for the lock ends
    monkeypatch.setattr(metrics, "time", lambda: next(clock, 200.0))
    ticks = iter([0.0, 0.0, 0.3])
    monkeypatch.setattr(metrics, "perf_counter", lambda: next(ticks, 1.0))
    parse = Change("needlepoint_stage_seconds_bucket", stage="parse", le="0.15")
    below = Change("needlepoint_stage_seconds_bucket", stage="parse", le="0.08")
    dialogue = Change("needlepoint_stage_seconds_bucket", stage="dialogue", le="0.6")
    with metrics.timed_turn("web"):
        with metrics.stage("lock"):
            pass
        # 0.4 s after it came, of which 0.3 were spent waiting.
        events = [said("faq_cost", at=100.4), answer(at=100.8)]
        metrics.observe([*events, ActionExecuted("action_listen", timestamp=100.9)], INTENTS)
    assert (int(parse), int(below), int(dialogue)) == (1, 0, 1)


def test_only_known_intents_channels_and_red_flags_are_labels():
    name = "Zoe Müller +18285550100"
    before = metrics.exposition()
    entities = [("red_flag", name), ("urgency", name)]
    other = Change("needlepoint_red_flags_total", kind="other", urgency="other")
    intents = Change("needlepoint_intents_total", intent="other")
    metrics.observe([said("report_red_flag", *entities, channel=name), answer(name)], INTENTS)
    metrics.observe([said(name, channel=name, text=name), answer(name)], INTENTS)
    with pytest.raises(OSError), metrics.action_call(name):
        raise OSError
    metrics.count_refusal(name)
    metrics.count_feedback(name)
    after = metrics.exposition()
    assert before != after
    assert b"Zoe" not in after
    assert (int(other), int(intents)) == (1, 1)


def test_red_flags_are_counted_by_kind_and_urgency():
    change = Change("needlepoint_red_flags_total", kind="cauda_equina", urgency="A")
    entities = [("red_flag", "cauda_equina"), ("urgency", "A")]
    metrics.observe([said("report_red_flag", *entities), answer()], INTENTS)
    assert int(change) == 1


def test_each_kind_of_red_flag_is_there_before_the_first_one():
    # increase() does not see a series that begins with 1.
    show = "from needlepoint.observability import metrics; print(metrics.exposition().decode())"
    fresh = subprocess.run(
        [sys.executable, "-c", show], check=True, capture_output=True, text=True
    ).stdout
    signs = [sign for sign in read_rules().signs if sign.label == "red_flag"]
    assert signs
    for kind, urgency in {(sign.name, sign.urgency) for sign in signs} | {("other", "other")}:
        labels = f'kind="{kind}",urgency="{urgency}"'
        assert f"needlepoint_red_flags_total{{{labels}}} 0.0" in fresh, kind


def test_what_follows_a_message_not_understood_is_counted():
    asked = Change("needlepoint_fallbacks_total", step="asked_back")
    gave_up = Change("needlepoint_fallbacks_total", step="gave_up")
    metrics.observe([said("nlu_fallback"), answer("utter_nothing_likely")], INTENTS)
    metrics.observe([said("nlu_fallback"), answer("utter_not_understood_again")], INTENTS)
    assert (int(asked), int(gave_up)) == (1, 1)


async def test_a_message_is_refused_only_if_no_timer_has_counted_it():
    refused = Change("needlepoint_turns_total", channel="web", outcome="refused")
    failed = Change("needlepoint_turns_total", channel="web", outcome="failed")

    async def handle():
        with metrics.timed_turn("web"):
            raise OSError

    for work in (asyncio.sleep(0), handle()):
        with pytest.raises(KeyError), metrics.received("web"):
            try:
                # In a task of its own, which goes on when the caller has gone.
                await asyncio.ensure_future(work)
            except OSError:
                raise KeyError from None
            raise KeyError
    with metrics.received("web"):
        pass
    assert (int(refused), int(failed)) == (1, 1)


def test_a_failing_stage_and_action_are_counted_and_still_raise():
    stage = Change("needlepoint_stage_failures_total", stage="store")
    action = Change("needlepoint_action_failures_total", action=ACTION_SAFETY_DISCLAIMER)
    with pytest.raises(OSError), metrics.stage("store"):
        raise OSError
    with pytest.raises(asyncio.TimeoutError), metrics.action_call(ACTION_SAFETY_DISCLAIMER):
        raise asyncio.TimeoutError
    with pytest.raises(KeyError), metrics.stage("no such"):
        pass
    assert (int(stage), int(action)) == (1, 1)


def test_a_save_without_a_message_counts_nothing():
    before = metrics.exposition().replace(b"\n", b" ").split(b"needlepoint_")[1:]
    metrics.observe([ActionExecuted("action_listen"), answer()], INTENTS)
    after = metrics.exposition().replace(b"\n", b" ").split(b"needlepoint_")[1:]
    assert before == after


def test_several_processes_put_their_numbers_together(tmp_path):
    environment = {**os.environ, metrics.FOLDER_VARIABLE: str(tmp_path)}
    count = "from needlepoint.observability import metrics; metrics.count_refusal('web')"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environment, check=True)
    show = "from needlepoint.observability import metrics; print(metrics.exposition().decode())"
    whole = subprocess.run(
        [sys.executable, "-c", show], env=environment, check=True, capture_output=True, text=True
    )
    assert 'needlepoint_turns_total{channel="web",outcome="refused"} 2.0' in whole.stdout
