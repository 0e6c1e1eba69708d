"""What the bot says, in Slack's marks; what people write in Slack, as plain words."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from slack_block_kit import raw_markdown

from needlepoint.channels.slack_mrkdwn import escaped, link, mrkdwn, plain_words, sections

# No surrogates: nothing that can be sent as JSON in UTF-8 has them.
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=300)
MARKS = st.text("*_~`[]()<>&|#- \nab:/.", max_size=80)
WORD = st.text("abcxyzäß,;", min_size=2, max_size=9)
WORDS = st.lists(WORD, min_size=1, max_size=5).map(" ".join)
ADDRESS = st.builds("https://{}.example/{}".format, st.text("abc", min_size=1), WORD)
# What the answers are made of.
PART = st.one_of(
    WORDS,
    st.sampled_from(["5 < 6", "needles & pins", "a > b", "2 * 3", "snake_case"]),
    WORDS.map("**{}**".format),
    WORDS.map("*{}*".format),
    st.builds("[{}]({})".format, WORDS, ADDRESS),
    ADDRESS,
)
LINE = st.builds(
    "{}{}".format,
    st.sampled_from(["", "- ", "* ", "  - "]),
    st.lists(PART, min_size=1, max_size=6).map(" ".join),
)
ANSWER = st.lists(LINE, min_size=1, max_size=8).map("\n".join)


def shown(marked):
    """Return the words that a person reads of a text in Slack's marks."""
    labels = re.sub(r"<([^|<>]+)(?:\|([^<>]*))?>", lambda m: m[2] or m[1], marked)
    return html.unescape(labels).replace("\u200b", "")


def letters(text):
    return re.sub(r"[\W_]", "", text)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("plain", "plain"),
        ("**bold** and *italic*", "*bold* and _italic_"),
        ("(**bold**), **two** and **three**", "(*bold*), *two* and *three*"),
        ("a **b** **c** d", "a *b* *c* d"),
        ("*a* or *b*", "_a_ or _b_"),
        ("**[NCCAOM](https://nccaom.example)**", "*<https://nccaom.example|NCCAOM>*"),
        ("[a | b](https://a.example/x?y=1&z=2)", "<https://a.example/x?y=1&amp;z=2|a ¦ b>"),
        ("See https://a.example/x_y_z.", "See <https://a.example/x_y_z>."),
        ("(https://a.example/b)", "(<https://a.example/b>)"),
        ("- one\n* two\n  - three", "• one\n• two\n  • three"),
        ("# Title\ntext", "*Title*\ntext"),
        ("5 * 3 * 2, snake_case, a~b", "5 * 3 * 2, snake_case, a~b"),
        ("AT&T <b> > c", "AT&amp;T &lt;b&gt; &gt; c"),
        ("<!channel> <@U1>", "&lt;!channel&gt; &lt;@U1&gt;"),
        ("[call](tel:+18285550100)", "<tel:+18285550100|call>"),
        ("", ""),
    ],
)
def test_marks(text, marked):
    assert mrkdwn(text) == marked


@pytest.mark.parametrize(
    "address", ["javascript:x", "data:x", "ftp://a.example", "a.example", "", "http://["]
)
def test_an_address_that_is_not_safe_is_no_link(address):
    assert link(address, "label") == "label"


@pytest.mark.parametrize("text", ["*not bold", "_a_", "~a~", "`a`", "**a", "a `b` c", "__a__"])
def test_what_looks_like_a_mark_of_slack_is_kept_as_typed(text):
    marked = mrkdwn(text)
    assert shown(marked) == text
    # Slack takes a mark for one only between a space and a letter.
    assert not re.search(r"(?:^|[\s(])[*_~`]\S", marked)


@given(TEXT | MARKS)
@example("[x](http://[)")
@example("[x](http://[::1)")
@example("<https://a.example|b>")
def test_no_text_can_forge_a_mark_or_break_the_channel(text):
    marked = mrkdwn(text)
    without_links = re.sub(
        r"<(?:https?|mailto|tel):[^<>|\s]+(?:\|[^<>|]*)?>", "", marked, flags=re.I
    )
    assert "<" not in without_links
    assert ">" not in without_links
    assert not re.search(r"&(?!amp;|lt;|gt;)", marked)


@given(ANSWER)
def test_an_answer_has_no_raw_markdown_and_all_its_words(text):
    marked = mrkdwn(text)
    block = {"type": "section", "text": {"type": "mrkdwn", "text": marked}}
    assert raw_markdown({"blocks": [block]}) == []
    expected = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    assert letters(shown(marked)) == letters(expected)


@given(TEXT | MARKS)
def test_escaped_words_are_the_same_words(text):
    assert html.unescape(escaped(text)).replace("\u200b", "") == text.replace("\u200b", "")


@given(st.text("ab&<* \n", max_size=400), st.integers(10, 60))
def test_pieces_are_short_enough_and_lose_no_word(text, limit):
    pieces = sections(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert letters("".join(map(shown, pieces))) == letters(text)


def test_long_texts_are_cut_between_lines_then_between_words():
    lines = "\n".join("word " * 20 for _ in range(100))
    pieces = sections(lines, 3000)
    assert all(piece.startswith("word") and len(piece) <= 3000 for piece in pieces)
    words = sections("word " * 2000, 3000)
    assert all(set(piece.split()) == {"word"} for piece in words)
    assert sum(len(piece.split()) for piece in words) == 2000


@pytest.mark.parametrize("mark", ["**{}**", "[{}](https://a.example/)"])
def test_no_mark_is_cut_in_two(mark):
    text = "word " * 298 + mark.format("some words in the middle") + " word" * 298
    pieces = sections(text, 2000)
    assert len(pieces) == 2
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(pieces)}}
    assert raw_markdown({"blocks": [block]}) == []
    assert not any(left in "".join(pieces) for left in ("**", "\u200b", "](", "["))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@UBOT> does it hurt?", "does it hurt?"),
        ("<@UBOT|needlepoint> does it hurt?", "does it hurt?"),
        ("does it hurt <@UBOT>", "does it hurt"),
        ("<@U2> asked, <@U3|jo> too", "@ asked, jo too"),
        ("in <#C1|wellness> and <#C2>", "in wellness and #"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|today>", "@here @team today"),
        ("<https://a.example/x|this> and <https://b.example>", "this and https://b.example"),
        ("<mailto:a@b.example|a@b.example> <tel:+1828>", "a@b.example +1828"),
        ("2 &lt; 3 &amp; 4 &gt; 3", "2 < 3 & 4 > 3"),
        ("&amp;lt;", "&lt;"),
        ("  <@UBOT>  ", ""),
        ("2 < 3 and 4 > 3", "2 < 3 and 4 > 3"),
    ],
)
def test_plain_words(text, words):
    assert plain_words(text, "UBOT") == words


def test_before_the_bot_knows_its_own_id_a_mention_is_a_person():
    assert plain_words("<@UBOT> does it hurt?") == "@ does it hurt?"


@given(TEXT)
def test_what_a_person_typed_comes_back(text):
    # Slack sends these three escaped, and nothing else of what was typed.
    assert plain_words(html.escape(text, quote=False)) == text.strip()
