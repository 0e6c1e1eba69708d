"""The Slack channel as people meet it: the real bot, real HTTP, a stand-in for Slack."""

import json
import time

import pytest
from slack_events import (
    FORM,
    JSON,
    assistant_thread_started,
    bot_message,
    button,
    channel_message,
    deleted,
    direct_message,
    edited,
    event_body,
    home_button,
    home_opened,
    mention,
    message_shortcut,
    new_event_id,
    new_ts,
    slash,
    submit,
    url_verification,
)
from slack_stack import SECRET
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels.slack_incoming import Reader
from needlepoint.database.engine import connect
from needlepoint.database.tables import (
    ConversationEvent,
    Feedback,
    ReferralRequest,
    SlackIncoming,
)
from needlepoint.referral.requests import conversation_hash


def text_of(message):
    return json.dumps(message["blocks"], ensure_ascii=False)


def buttons_of(message):
    return [
        element
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def titled(message, title):
    return next(b for b in buttons_of(message) if b["text"]["text"] == title)


def rows(bot, table):
    engine = connect(bot.database)
    with Session(engine) as session:
        found = session.execute(select(table)).scalars().all()
    engine.dispose()
    return found


@pytest.fixture(autouse=True)
def _no_problems(slack_bot):
    yield
    assert slack_bot.stand_in.problems == []


def test_a_direct_message_is_answered_with_sources_and_thumbs(slack_bot):
    (answer,) = slack_bot.ask(direct_message("U10", "does it hurt?"))
    blocks = text_of(answer)
    assert "Sources: " in blocks
    assert "automated assistant" in blocks
    assert "thread_ts" not in answer
    assert {"up", "down"} <= {b["action_id"] for b in buttons_of(answer)}


def test_direct_messages_of_one_person_are_one_conversation(slack_bot):
    slack_bot.ask(direct_message("U11", "are the needles clean"))
    (more,) = slack_bot.ask(direct_message("U11", "tell me more"))
    assert "automated assistant" not in text_of(more)
    (other,) = slack_bot.ask(direct_message("U12", "tell me more"))
    assert "Which question shall I tell you more about" in text_of(other)


def test_a_mention_is_answered_in_its_thread_with_a_word_on_privacy(slack_bot):
    event = mention("U20", "C20", "<@UBOT> how much is it?")
    (answer,) = slack_bot.ask(event)
    assert answer["thread_ts"] == event["ts"]
    assert "Others can read this" in answer["blocks"][0]["elements"][0]["text"]
    again = mention("U20", "C20", "<@UBOT> does it hurt?", thread_ts=event["ts"])
    (second,) = slack_bot.ask(again)
    assert second["thread_ts"] == event["ts"]
    assert "Others can read this" not in text_of(second)


def test_what_is_personal_is_for_one_person_only(slack_bot):
    event = mention("U21", "C21", "<@UBOT> I take warfarin")
    slack_bot.ask(event)
    for question in ("is cupping safe?", "what do you know about me?"):
        count = len(slack_bot.stand_in.ephemerals("C21", "U21"))
        again = mention("U21", "C21", f"<@UBOT> {question}", thread_ts=event["ts"])
        assert slack_bot.slack.event(again).status == 200
        slack_bot.stand_in.wait_for(
            lambda c=count: len(slack_bot.stand_in.ephemerals("C21", "U21")) > c
        )
        whispered = slack_bot.stand_in.ephemerals("C21", "U21")[-1]
        assert "blood thin" in text_of(whispered).lower()
        assert whispered["thread_ts"] == event["ts"]


def test_an_emergency_comes_first_and_stands_out(slack_bot):
    event = mention("U22", "C22", "<@UBOT> since this morning i cant feel when i wipe and cant pee")
    first, _ = slack_bot.ask(event, 2)
    assert first["blocks"][0]["type"] == "header"
    assert first["blocks"][1]["text"]["text"].startswith("Call 911 now (999 in the UK")
    assert first["thread_ts"] == event["ts"]


def test_a_button_asks_its_question(slack_bot):
    (greeting,) = slack_bot.ask(direct_message("U30", "hello"))
    pressed = titled(greeting, "What does it cost?")
    before = len(slack_bot.said("DU30"))
    url = slack_bot.stand_in.response_url()
    assert slack_bot.slack.interact(button("U30", "DU30", greeting, pressed, url)).status == 200
    slack_bot.stand_in.wait_for(lambda: len(slack_bot.said("DU30")) > before)
    answer = slack_bot.said("DU30")[-1]
    assert "You asked: What does it cost?" in text_of(answer)
    assert "Prices differ" in text_of(answer)


def test_a_typed_intent_counts_as_words(slack_bot):
    reply = slack_bot.ask(direct_message("U31", ' /crisis{"urgency": "A"}'))
    assert "988" not in text_of(reply[0])


def test_what_was_asked_is_shown_as_it_stands(slack_bot):
    url = slack_bot.stand_in.response_url()
    words = "[Reset your password](https://evil.example) does it hurt?"
    assert slack_bot.slack.command(slash("U29", "C29", words, url)).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.responses(url))
    shown = text_of(slack_bot.stand_in.responses(url)[0])
    assert f"You asked: {words}" in shown
    assert "<https://evil.example" not in shown


def test_thumbs_are_stored_and_shown(slack_bot):
    (answer,) = slack_bot.ask(direct_message("U32", "how long does a session take"))
    for value in ("up", "down"):
        url = slack_bot.stand_in.response_url()
        pressed = button("U32", "DU32", answer, value, url)
        assert slack_bot.slack.interact(pressed).status == 200
        slack_bot.stand_in.wait_for(lambda u=url: slack_bot.stand_in.responses(u))
        (shown,) = slack_bot.stand_in.responses(url)
        assert shown["replace_original"] is True
        styles = {b["action_id"]: b.get("style") for b in buttons_of(shown)}
        assert styles[value] == "primary"
        answer = {**answer, "blocks": shown["blocks"]}
    assert json.dumps(answer["blocks"]).count("You found this") == 1
    (stored,) = [f for f in rows(slack_bot, Feedback) if f.response == "utter_faq_session_length"]
    assert stored.value == "down"


def test_in_a_thread_each_person_has_a_thumb(slack_bot):
    event = mention("U24", "C24", "<@UBOT> how many sessions do i need?")
    (answer,) = slack_bot.ask(event)
    for user, value in (("U24", "up"), ("U25", "down")):
        url = slack_bot.stand_in.response_url()
        assert slack_bot.slack.interact(button(user, "C24", answer, value, url)).status == 200
        slack_bot.stand_in.wait_for(lambda u=url: slack_bot.stand_in.responses(u))
    key = answer["metadata"]["event_payload"]["key"]
    stored = [f.value for f in rows(slack_bot, Feedback) if f.answer_id == key]
    assert sorted(stored) == ["down", "up"]


def test_a_command_is_answered_for_one_person(slack_bot):
    url = slack_bot.stand_in.response_url()
    answer = slack_bot.slack.command(slash("U33", "C33", "does it hurt & <b>", url))
    assert (answer.status, answer.body) == (200, b"")
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.responses(url))
    (shown,) = slack_bot.stand_in.responses(url)
    assert shown["response_type"] == "ephemeral"
    assert "You asked: does it hurt &amp; &lt;b&gt;" in text_of(shown)
    # Asked in private, it goes on in the direct messages.
    (more,) = slack_bot.ask(direct_message("U33", "tell me more"))
    assert "Which question" not in text_of(more)


def test_a_command_without_a_question_says_how_to_ask(slack_bot):
    answer = slack_bot.slack.command(slash("U34", "C34", "  ", slack_bot.stand_in.response_url()))
    assert "/acupuncture does it hurt?" in json.loads(answer.body)["text"]


def test_a_shortcut_answers_what_somebody_else_asked(slack_bot):
    message = channel_message("U35", "C35", "I take warfarin. Does acupuncture hurt?")
    url = slack_bot.stand_in.response_url()
    payload = message_shortcut("U36", "C35", message, "ask_needlepoint", url)
    assert slack_bot.slack.interact(payload).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.responses(url))
    assert slack_bot.stand_in.responses(url)[0]["response_type"] == "ephemeral"
    # It was not about who asked.
    (memory, *_) = slack_bot.ask(direct_message("U36", "what do you know about me?"))
    assert "blood thin" not in text_of(memory).lower()


def test_a_button_under_a_shortcuts_answer_stays_in_its_conversation(slack_bot):
    message = channel_message("U35", "C35", "hello")
    url, next_url = slack_bot.stand_in.response_url(), slack_bot.stand_in.response_url()
    payload = message_shortcut("U28", "C35", message, "ask_needlepoint", url)
    assert slack_bot.slack.interact(payload).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.responses(url))
    shown = {**slack_bot.stand_in.responses(url)[0], "ts": new_ts()}
    pressed = titled(shown, "What does it cost?")
    click = button("U28", "C35", shown, pressed, next_url, ephemeral=True)
    assert slack_bot.slack.interact(click).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.responses(next_url))
    assert "Prices differ" in text_of(slack_bot.stand_in.responses(next_url)[0])
    events = [(e.conversation, json.loads(e.data)) for e in rows(slack_bot, ConversationEvent)]
    asked = {where for where, event in events if event.get("text") == "/faq_cost"}
    assert Reader(SECRET).shortcut(payload).conversation in asked


def test_the_home_tab_has_every_topic_as_a_button(slack_bot):
    assert slack_bot.slack.event(home_opened("U37")).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.homes("U37"))
    view = slack_bot.stand_in.homes("U37")[-1]
    topics = {b["action_id"] for b in buttons_of(view) if b["action_id"].startswith("ask:")}
    assert len(topics) == 51
    pressed = home_button("U37", view, "ask:cost")
    assert slack_bot.slack.interact(pressed).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("DU37"))
    assert "Prices differ" in text_of(slack_bot.said("DU37")[0])


def test_the_assistant_view_begins_with_suggestions(slack_bot):
    event = assistant_thread_started("U38")
    assert slack_bot.slack.event(event).status == 200
    slack_bot.stand_in.wait_for(slack_bot.stand_in.prompts)
    (call,) = slack_bot.stand_in.prompts()
    assert 1 <= len(call["prompts"]) <= 4
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("DU38"))
    assert "automated assistant" in text_of(slack_bot.said("DU38")[0])


def test_a_welcome_comes_once_however_often_its_event_does(slack_bot):
    alone, started = mention("U26", "C26", "<@UBOT>"), assistant_thread_started("U26")
    for event in (alone, started):
        event_id = new_event_id()
        for retry in (None, 1, 2):
            assert slack_bot.slack.event(event, event_id, retry).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("C26") and slack_bot.said("DU26"))
    slack_bot.ask(direct_message("U26", "does it hurt?"))
    (welcome,) = slack_bot.said("C26")
    assert welcome["thread_ts"] == alone["ts"]
    assert "automated assistant" in text_of(welcome)
    assert "Others can read this" in welcome["blocks"][0]["elements"][0]["text"]
    assert len(slack_bot.said("DU26")) == 2


def fill(slack_bot, user, values):
    """Open the form from the chat and send it; return what Slack is answered."""
    (asked,) = slack_bot.ask(direct_message(user, "can someone call me back please"))
    pressed = button(user, f"D{user}", asked, "form", slack_bot.stand_in.response_url())
    count = len(slack_bot.stand_in.modals())
    assert slack_bot.slack.interact(pressed).status == 200
    slack_bot.stand_in.wait_for(lambda: len(slack_bot.stand_in.modals()) > count)
    view = slack_bot.stand_in.modals()[-1]
    return slack_bot.slack.interact(submit(user, view, values))


FILLED = {
    "name": {"value": "Zoë Müller"},
    "contact": {"value": "828 555 0134"},
    "time": {"value": "Tuesdays"},
    "consent": {"value": ["agreed"]},
}


def test_the_form_stores_a_request_and_confirms_it(slack_bot):
    answer = fill(slack_bot, "U40", FILLED)
    assert (answer.status, answer.body) == (200, b"")
    who = conversation_hash(Reader(SECRET).conversation("U40"))
    (stored,) = [r for r in rows(slack_bot, ReferralRequest) if r.conversation == who]
    assert (stored.contact, stored.preferred_time) == ("+18285550134", "Tuesdays")
    slack_bot.stand_in.wait_for(lambda: len(slack_bot.said("DU40")) == 2)
    assert "Thank you, Zoë Müller" in text_of(slack_bot.said("DU40")[1])
    # The form in the chat is over, too.
    (next_answer,) = slack_bot.ask(direct_message("U40", "does it hurt?"))
    assert "What is your name" not in text_of(next_answer)


def test_an_emergency_after_the_form_of_the_home_tab_is_understood(slack_bot):
    assert slack_bot.slack.event(home_opened("U42")).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.homes("U42"))
    pressed = home_button("U42", slack_bot.stand_in.homes("U42")[-1], "form")
    count = len(slack_bot.stand_in.modals())
    assert slack_bot.slack.interact(pressed).status == 200
    slack_bot.stand_in.wait_for(lambda: len(slack_bot.stand_in.modals()) > count)
    view = slack_bot.stand_in.modals()[-1]
    assert slack_bot.slack.interact(submit("U42", view, FILLED)).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("DU42"))
    assert "Thank you, Zoë Müller" in text_of(slack_bot.said("DU42")[0])
    words = "since this morning i cant feel when i wipe and cant pee"
    first, *_ = slack_bot.ask(direct_message("U42", words))
    assert first["blocks"][1]["text"]["text"].startswith("Call 911 now")


def test_the_form_says_what_is_wrong(slack_bot):
    wrong = {**FILLED, "contact": {"value": "12"}, "consent": {"value": []}}
    answer = fill(slack_bot, "U41", wrong)
    errors = json.loads(answer.body)["errors"]
    assert set(errors) == {"contact", "consent"}
    assert all(errors.values())


def test_what_is_no_question_gets_no_answer(slack_bot):
    original = direct_message("U50", "x")
    for event in (
        edited(original, "does it hurt?"),
        deleted(original),
        bot_message("does it hurt?", "DU50"),
        channel_message("U50", "C50", "does it hurt?"),
        # A mention that was edited comes as a new one.
        {**mention("U50", "C50", "<@UBOT> cost?"), "edited": {"user": "U50", "ts": new_ts()}},
    ):
        assert slack_bot.slack.event(event).status == 200
    slack_bot.ask(direct_message("U51", "does it hurt?"))
    assert slack_bot.said("DU50") == []
    assert slack_bot.said("C50") == []


def test_an_event_that_comes_again_is_answered_once(slack_bot):
    event, event_id = direct_message("U52", "does it hurt?"), new_event_id()
    assert slack_bot.slack.event(event, event_id).status == 200
    for number, reason in enumerate(("http_timeout", "http_error", "unknown_error"), 1):
        assert slack_bot.slack.event(event, event_id, (number, reason)).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("DU52"))
    slack_bot.ask(direct_message("U52", "thanks"))
    assert len(slack_bot.said("DU52")) == 2


def test_no_words_are_kept_once_they_are_answered(slack_bot):
    slack_bot.ask(direct_message("U53", "does it hurt?"))
    slack_bot.stand_in.wait_for(
        lambda: all(r.data == "" for r in rows(slack_bot, SlackIncoming) if r.status == "done")
    )


@pytest.mark.parametrize(
    "changes",
    [{"secret": "another"}, {"timestamp": int(time.time()) - 400}],
    ids=["another secret", "an old timestamp"],
)
def test_what_is_not_signed_by_slack_is_refused(slack_bot, changes):
    body = json.dumps(url_verification("x")).encode()
    assert slack_bot.slack.post(body, "application/json", **changes).status == 401


def test_a_request_without_a_signature_is_refused(slack_bot):
    headers = {"X-Slack-Signature": "", "X-Slack-Request-Timestamp": ""}
    assert slack_bot.slack.post(b"{}", "application/json", headers).status == 401
    assert slack_bot.slack.post(b"\xff\xfe", "application/json", headers).status == 400


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", JSON),
        (b'{"authorizations": 5}', JSON),
        (b"payload=x", FORM),
        (b"payload=[]", FORM),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=0"},
        {"X-Slack-Signature": "v0=\xe9"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
    ],
    ids=["wrong", "not ASCII", "no time"],
)
def test_what_strangers_send_is_not_even_read(slack_bot, body, content_type, headers):
    answer = slack_bot.slack.post(body, content_type, headers, secret="another")
    assert answer.status == 401


def test_the_address_is_verified_also_with_a_charset(slack_bot):
    for content_type in ("application/json", "application/json; charset=utf-8"):
        answer = slack_bot.slack.json(url_verification("a challenge"), content_type)
        assert answer.status == 200
        assert "a challenge" in answer.body.decode()
    event = direct_message("U54", "does it hurt?")
    answer = slack_bot.slack.json(event_body(event), "application/json; charset=utf-8")
    assert answer.status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.said("DU54"))


def test_a_long_message_is_read_as_far_as_it_goes(slack_bot):
    (answer,) = slack_bot.ask(direct_message("U55", "does it hurt? " + "very much so " * 400))
    assert "I read only the first 4000 characters" in text_of(answer)


def test_delete_my_data_deletes_the_conversation(slack_bot):
    slack_bot.ask(direct_message("U56", "I take warfarin"), 2)
    conversation = Reader(SECRET).conversation("U56")

    def kept():
        return [e for e in rows(slack_bot, ConversationEvent) if e.conversation == conversation]

    assert kept()
    answer = slack_bot.ask(direct_message("U56", "delete my data"))[-1]
    assert "I have deleted what I kept of this conversation" in text_of(answer)
    slack_bot.stand_in.wait_for(lambda: not kept())


def test_a_form_of_a_thread_is_confirmed_there_for_one_person(slack_bot):
    def whispered():
        return slack_bot.stand_in.ephemerals("C59", "U59")

    event = mention("U59", "C59", "<@UBOT> can someone call me back please")
    assert slack_bot.slack.event(event).status == 200
    (asked,) = slack_bot.stand_in.wait_for(whispered)
    url, count = slack_bot.stand_in.response_url(), len(slack_bot.stand_in.modals())
    pressed = button("U59", "C59", asked, "form", url, ephemeral=True)
    assert slack_bot.slack.interact(pressed).status == 200
    slack_bot.stand_in.wait_for(lambda: len(slack_bot.stand_in.modals()) > count)
    view = slack_bot.stand_in.modals()[-1]
    assert slack_bot.slack.interact(submit("U59", view, FILLED)).status == 200
    slack_bot.stand_in.wait_for(lambda: len(whispered()) == 2)
    assert "Thank you, Zoë Müller" in text_of(whispered()[1])
    assert whispered()[1]["thread_ts"] == event["ts"]
    assert slack_bot.said("C59") == slack_bot.said("DU59") == []


def test_what_a_thread_keeps_is_deleted_without_telling_others(slack_bot):
    event = mention("U58", "C58", "<@UBOT> delete my data")
    assert slack_bot.slack.event(event).status == 200
    slack_bot.stand_in.wait_for(lambda: slack_bot.stand_in.ephemerals("C58", "U58"))
    assert slack_bot.said("C58") == []


# What is pressed, one after another, and what is said to it.
CLICKS = (("Yes", "Please check:"), ("Send it", "Thank you, Jo"))


def test_the_form_can_be_finished_by_its_buttons_in_a_thread(slack_bot):
    event = mention("U57", "C57", "<@UBOT> can someone call me back please")

    def whispered():
        return slack_bot.stand_in.ephemerals("C57", "U57")

    def after(do):
        """Return what is whispered once something was done."""
        count = len(whispered())
        assert do().status == 200
        slack_bot.stand_in.wait_for(lambda: len(whispered()) > count)
        return whispered()[-1]

    def click(shown, title):
        url = slack_bot.stand_in.response_url()
        pressed = button("U57", "C57", shown, titled(shown, title), url, ephemeral=True)
        return slack_bot.slack.interact(pressed)

    asked = after(lambda: slack_bot.slack.event(event))
    for words in ("Jo", "828 555 0134", "weekday mornings"):
        again = mention("U57", "C57", f"<@UBOT> {words}", thread_ts=event["ts"])
        asked = after(lambda e=again: slack_bot.slack.event(e))
    assert "Is that all right?" in text_of(asked)
    for title, words in CLICKS:
        asked = after(lambda a=asked, t=title: click(a, t))
        assert words in text_of(asked)
    assert all(one["thread_ts"] == event["ts"] for one in whispered())
    assert slack_bot.said("C57") == slack_bot.said("DU57") == []
    thread = conversation_hash(Reader(SECRET).conversation("C57", event["ts"]))
    (stored,) = [r for r in rows(slack_bot, ReferralRequest) if r.conversation == thread]
    assert stored.preferred_time == "weekday mornings"
