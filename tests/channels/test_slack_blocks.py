"""Whatever the bot says becomes a message that Slack takes, with nothing left out."""

import html
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_block_kit import problems, raw_markdown

from needlepoint import names
from needlepoint.channels.said import Said
from needlepoint.channels.slack_blocks import (
    BUTTON,
    FALLBACK,
    FEEDBACK,
    OPINION,
    asked,
    button,
    context,
    is_private,
    message,
    notice,
    rows,
    with_opinion,
)
from needlepoint.channels.slack_texts import read_texts

TEXTS = read_texts()
KEY = "0" * 32
# Of the bot's own texts; addresses that cannot be parsed are for test_slack_mrkdwn.
WORDS = st.text("abc äß&<>.,~`_ \n", min_size=1, max_size=9000).filter(str.strip)
TITLES = st.text("abc &<>*é", min_size=1, max_size=120).filter(str.strip)
BUTTONS = st.lists(
    st.builds(
        lambda title, slot: {"title": title, "payload": f'/faq_cost{{"a": "{slot}"}}'},
        TITLES,
        st.text("xyz", max_size=200),
    ),
    max_size=40,
)
SOURCES = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.text("abc &<>|*", min_size=1, max_size=90),
            "year": st.one_of(st.none(), st.integers(1900, 2030)),
            "url": st.sampled_from([None, "https://a.example/x?a=1&b=2", "javascript:x"]),
        }
    ),
    max_size=12,
)


def said(text="Most feel little.", buttons=(), response="utter_faq_does_it_hurt", **about):
    return Said(text, buttons, response, about, 0.0)


def sent(content):
    return problems("chat.postMessage", {"channel": "C1", **content})


def kinds(content):
    return [block["type"] for block in content["blocks"]]


def buttons_of(content):
    return [e for b in content["blocks"] if b["type"] == "actions" for e in b["elements"]]


def words(content, kind):
    """Return the letters in the blocks of a kind, as a person reads them."""
    found = [b for b in content["blocks"] if b["type"] == kind]
    parts = [part for b in found for part in b.get("elements", [b.get("text")])]
    return letters(html.unescape("".join(part["text"] for part in parts)))


def letters(text):
    return re.sub(r"[\W_]", "", text)


@given(WORDS, BUTTONS, SOURCES, st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_message_is_valid_and_whole(text, buttons, sources, is_alarm, has_form):
    one = said(text, buttons, sources=sources, urgent=is_alarm)
    content = message(one, KEY, TEXTS, [context("A **hint**.")], has_form)
    assert sent(content) == []
    assert words(content, "section") == letters(text)
    questions = [b for b in buttons_of(content) if b["action_id"].startswith("ask:")]
    assert [json.loads(b["value"]) for b in questions] == [
        {"payload": b["payload"], "title": b["title"]} for b in buttons
    ]
    assert all(b["text"]["text"].rstrip("…") in json.loads(b["value"])["title"] for b in questions)
    small = words(content, "context")
    assert all(letters(source["title"]) in small for source in sources)
    assert all(str(source["year"]) in small for source in sources if source["year"])


def test_the_order_of_an_answer():
    one = said(buttons=[{"title": "Cost?", "payload": "/faq_cost"}], sources=[{"title": "A"}])
    content = message(one, KEY, TEXTS, [context("One."), context("Two.")])
    assert kinds(content) == ["context", "context", "section", "context", "actions", "actions"]
    assert content["blocks"][-1]["block_id"] == FEEDBACK
    assert content["metadata"]["event_payload"] == {"key": KEY}
    assert content["unfurl_links"] is content["unfurl_media"] is False


def test_nothing_stands_before_the_number_to_call():
    content = message(said("Call 911 now.", urgent=True), KEY, TEXTS, [asked("x", TEXTS)])
    assert kinds(content) == ["header", "section", "context"]
    assert content["blocks"][0]["text"]["text"] == f"🚨 {TEXTS['emergency']}"


@pytest.mark.parametrize(
    ("response", "has_thumbs"),
    [
        ("utter_faq_cost", True),
        (names.UTTER_ASK_SOURCE, True),
        ("utter_ask_place", False),
        (names.UTTER_GO_ON, False),
        (names.UTTER_SAFETY_DISCLAIMER, False),
    ],
)
def test_only_answers_have_thumbs(response, has_thumbs):
    found = {b["action_id"] for b in buttons_of(message(said(response=response), KEY, TEXTS))}
    assert found == ({"up", "down"} if has_thumbs else set())


def test_a_form_is_one_button_more():
    has = message(said(response="utter_ask_request_name"), KEY, TEXTS, has_form=True)
    assert [b["action_id"] for b in buttons_of(has)] == ["form"]


def test_the_buttons_of_a_conversation_apart_name_it():
    one = said(buttons=[{"title": "Cost?", "payload": "/faq_cost"}])
    made = buttons_of(message(one, KEY, TEXTS, has_form=True, conversation="slack-1"))
    found = {b["action_id"]: json.loads(b["value"]).get("conversation") for b in made}
    assert found == {"ask:0": "slack-1", "form": "slack-1", "up": None, "down": None}


@given(st.text(max_size=300))
def test_no_marks_are_read_in_what_was_asked(question):
    (element,) = asked(question, TEXTS)["elements"]
    assert len(element["text"]) <= 3000
    assert not re.search("[<>]", element["text"])
    shown = html.unescape(element["text"]).replace("\u200b", "")
    assert shown == TEXTS["you_asked"].format(question=question.replace("\u200b", ""))


def test_markdown_is_slacks_in_the_blocks_and_in_what_a_notification_shows():
    content = message(said("**Yes** & see [this](https://a.example). 2 < 3"), KEY, TEXTS)
    assert content["blocks"][0]["text"]["text"] == (
        "*Yes* &amp; see <https://a.example|this>. 2 &lt; 3"
    )
    assert raw_markdown(content) == []


def test_what_a_person_named_calls_nobody():
    content = message(said("Thank you, <!channel>."), KEY, TEXTS)
    assert "<!channel>" not in json.dumps(content)


def test_the_text_of_a_notification_is_no_longer_than_slack_advises():
    content = message(said("word " * 2000), KEY, TEXTS)
    assert len(content["text"]) <= FALLBACK
    assert sent(content) == []


def test_long_button_titles_end_in_dots():
    (element,) = buttons_of({"blocks": list(rows([button("x" * 90, "/faq_cost", "0")]))})
    assert element["text"]["text"] == "x" * (BUTTON - 1) + "…"
    assert json.loads(element["value"])["title"] == "x" * 90


def test_a_payload_longer_than_slack_can_hold_is_refused():
    with pytest.raises(ValueError, match="Cost"):
        button("Cost", "/faq_cost" + "x" * 2000, "0")


@pytest.mark.parametrize("count", [0, 1, 5, 6, 11, 40])
def test_buttons_stand_in_rows_of_five(count):
    made = list(rows([button(str(n), "/faq_cost", str(n)) for n in range(count)]))
    assert sum(len(row["elements"]) for row in made) == count
    assert all(len(row["elements"]) <= 5 for row in made)


def test_an_opinion_is_shown_and_can_be_changed():
    blocks = message(said(sources=[{"title": "A"}]), KEY, TEXTS)["blocks"]
    up = with_opinion(blocks, "up", TEXTS)
    down = with_opinion(up, "down", TEXTS)
    for changed, chosen, thanks in (
        (up, "up", "thanks_helpful"),
        (down, "down", "thanks_not_helpful"),
    ):
        assert sent({"text": "x", "blocks": changed}) == []
        styles = {b["action_id"]: b.get("style") for b in buttons_of({"blocks": changed})}
        assert styles == {"up": None, "down": None, chosen: "primary"}
        lines = [b for b in changed if b.get("block_id") == OPINION]
        assert [line["elements"][0]["text"] for line in lines] == [TEXTS[thanks]]
        assert changed[: len(blocks) - 1] == blocks[:-1]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (said(), False),
        (said(cautions=["blood_thinners"]), True),
        (said(notes=[names.UTTER_NOTE_CAUTION]), True),
        (said(notes=["utter_note_bot"]), False),
        (said(response="utter_ask_request_name"), True),
        (said(response="utter_request_sent"), True),
        (said(response=names.UTTER_MEMORY), True),
        (said(response=names.UTTER_CAUTION_NOTED), True),
        (said(response="utter_safety_disclaimer_cautions"), True),
        (said(response=names.UTTER_DATA_DELETED), True),
        (said(response=names.UTTER_DATA_DELETED_CLINIC_TOLD), True),
        (said(response=names.UTTER_NO_DATA), True),
        (said(response=names.UTTER_DELETE_TROUBLE), True),
        (said(response=names.UTTER_SAFETY_DISCLAIMER), False),
    ],
)
def test_what_repeats_something_personal_is_private(one, expected):
    assert is_private(one) is expected


@pytest.mark.parametrize("name", sorted(TEXTS.plain))
def test_the_channels_own_words_can_be_sent(name):
    content = notice(TEXTS[name])
    assert sent(content) == []
    assert raw_markdown(content) == []
