"""Messages by other hands, through the real model; the floors are under what was measured."""

import statistics

from benchmarks.conversation import FOLLOW_UPS, follow_ups, load, several, single


def test_several_questions_are_told_apart(agent):
    assert statistics.fmean(several(agent)[0]) >= 0.85


def test_one_question_stays_one(agent):
    assert statistics.fmean(single(agent)[0]) >= 0.95


def test_follow_ups_are_understood(agent):
    assert statistics.fmean(follow_ups(agent)) >= 0.88


def test_the_follow_ups_cover_every_topic(agent):
    followed = {row["after"] for row in load(FOLLOW_UPS) if isinstance(row["after"], str)}
    assert {intent for intent in agent.domain.intents if intent.startswith("faq_")} <= followed
