"""A patient asks, looks at the answers, says what they are worth, and takes everything back."""

import pytest
from browser_stack import Chat, Stack, wait_until
from playwright.sync_api import expect

from needlepoint.database.tables import ConversationEvent, Feedback
from needlepoint.referral.requests import conversation_hash

WORKS = "does acupuncture help back pain"
SESSION = "how long does one session take"
EMERGENCY = "i cant feel my legs and i wet myself"


def feedback_on(chat: Chat, stack: Stack) -> list[tuple[str, str | None]]:
    mine = Feedback.conversation == conversation_hash(chat.conversation())
    return [(row.value, row.comment) for row in stack.rows(Feedback, mine)]


def test_asks_and_gets_an_answer(chat):
    answer = chat.ask(SESSION)
    expect(answer).to_contain_text("minutes")
    expect(answer).to_contain_text("automated assistant")
    expect(chat.panel).to_contain_text("A bot, not a person")
    expect(chat.panel).to_contain_text("Information, not medical advice.")
    assert chat.said() == [SESSION]
    # Read out by a screen reader, from a status that is emptied again.
    chat.heard("minutes")
    expect(chat.widget.get_by_role("status")).to_be_empty()


def test_sources_are_links_to_other_sites(chat):
    links = chat.ask(WORKS).locator(".sources a")
    expect(links.first).to_be_visible()
    for link in links.all():
        assert link.get_attribute("href").startswith("https://")
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener noreferrer"
        assert "opens in a new tab" in link.text_content()


def test_a_button_sends_its_payload_and_shows_its_title(chat):
    choices = chat.ask(SESSION).locator(".choice")
    first, title = choices.first, choices.first.inner_text()
    expect(first).to_have_attribute("aria-disabled", "false")
    with chat.page.expect_request("**/messages") as request:
        first.click()
    chat.answered(2)
    sent = request.value.post_data_json
    assert sent["text"] == title
    assert sent["payload"].startswith("/faq_")
    assert chat.said() == [SESSION, title]
    used = chat.button(title).first
    expect(used).to_have_attribute("aria-disabled", "true")
    used.click(force=True)
    chat.page.wait_for_timeout(300)
    assert chat.mine.count() == 2


def test_buttons_are_alive_after_a_reload(chat):
    chat.ask(SESSION).locator(".choice").first.click()
    chat.answered(2)
    used = chat.said()[1]
    chat.reload()
    expect(chat.mine).to_have_count(2)
    expect(chat.button(used).first).to_have_attribute("aria-disabled", "true")
    other = chat.widget.locator("li.bot .choice[aria-disabled=false]").last
    title = other.inner_text()
    other.click()
    chat.answered(3)
    assert chat.said()[2] == title


def test_an_opening_question_is_one_click(chat):
    question = chat.widget.locator(".list .choice").first
    title = question.inner_text()
    question.click()
    expect(chat.answered(1).locator(".sources")).to_be_visible()
    assert chat.said() == [title]


def test_a_follow_up_is_read_after_the_last_answer(chat):
    first = chat.ask(SESSION).inner_text()
    more = chat.ask("tell me more")
    expect(more).to_contain_text("minutes")
    assert more.inner_text() != first


def test_feedback_is_stored_and_shown_after_a_reload(chat, stack):
    chat.ask(SESSION)
    expect(chat.button("Helpful")).to_have_attribute("aria-pressed", "false")
    with chat.page.expect_response("**/feedback"):
        chat.button("Helpful").click()
    expect(chat.button("Helpful")).to_have_attribute("aria-pressed", "true")
    chat.heard("Thank you.")
    assert feedback_on(chat, stack) == [("up", None)]

    with chat.page.expect_response("**/feedback"):
        chat.button("Not helpful").click()
    assert feedback_on(chat, stack) == [("down", None)]
    chat.widget.get_by_label("Would you like to say why?").fill("Too long for me.")
    with chat.page.expect_response("**/feedback"):
        chat.button("Send comment").click()
    expect(chat.widget.locator(".comment")).to_have_count(0)
    assert feedback_on(chat, stack) == [("down", "Too long for me.")]

    chat.reload()
    expect(chat.button("Not helpful")).to_have_attribute("aria-pressed", "true")
    expect(chat.button("Helpful")).to_have_attribute("aria-pressed", "false")


def test_a_comment_outlives_the_retry_of_its_thumb(chat, stack):
    chat.ask(SESSION)
    chat.page.route("**/feedback", lambda route: route.abort(), times=1)
    answers = []
    chat.page.on("response", lambda response: answers.append(response.url.endswith("/feedback")))
    chat.button("Not helpful").click()
    chat.widget.get_by_label("Would you like to say why?").fill("Too long for me.")
    chat.button("Send comment").click()
    wait_until(chat.page, lambda: sum(answers) == 2)
    assert feedback_on(chat, stack) == [("down", "Too long for me.")]


def test_feedback_that_cannot_be_stored_is_taken_back(chat):
    chat.ask(SESSION)
    chat.page.route("**/feedback", lambda route: route.fulfill(status=500, json={}))
    chat.button("Helpful").click()
    chat.heard("That did not work.")
    expect(chat.button("Helpful")).to_have_attribute("aria-pressed", "false")


def test_an_emergency_stands_out_with_numbers_to_call(chat):
    answer = chat.ask(EMERGENCY)
    alert = answer.get_by_role("alert")
    expect(alert).to_contain_text("Urgent")
    expect(alert).to_contain_text("Call 911 now")
    numbers = [link.get_attribute("href") for link in alert.get_by_role("link").all()]
    assert numbers[:3] == ["tel:911", "tel:999", "tel:112"]
    chat.reload()
    # What was said before is no alarm again.
    expect(chat.widget.locator("li.emergency")).to_contain_text("Call 911 now")
    expect(chat.widget.get_by_role("alert")).to_have_count(0)


def test_start_again_begins_a_new_conversation(chat, stack):
    chat.ask(SESSION)
    before = chat.conversation()
    chat.choose_in_menu("Start again")
    expect(chat.mine).to_have_count(0)
    expect(chat.list).to_contain_text("This is a new one.")
    chat.ask("does it hurt")
    assert chat.conversation() != before
    chat.reload()
    expect(chat.mine).to_have_count(1)
    assert [entry["text"] for entry in chat.history() if entry["from"] == "user"] == [
        "does it hurt"
    ]
    # It is no longer shown, and still there to be deleted.
    assert stack.rows(ConversationEvent, ConversationEvent.conversation == before)


def test_no_is_an_answer_too(chat):
    chat.ask(SESSION)
    chat.button("More options").click()
    chat.button("Delete my data").click()
    chat.button("Cancel").click()
    expect(chat.widget.get_by_role("alertdialog")).to_have_count(0)
    assert len(chat.history()) > 1


@pytest.mark.parametrize("started_again", [False, True])
def test_delete_my_data_leaves_nothing(chat, stack, started_again):
    chat.ask(SESSION)
    with chat.page.expect_response("**/feedback"):
        chat.button("Helpful").click()
    chat.button("Cancel").click()
    conversation, token = chat.conversation(), chat.token()
    said = ConversationEvent.conversation == conversation
    rated = Feedback.conversation == conversation_hash(conversation)
    assert stack.rows(ConversationEvent, said)
    assert stack.rows(Feedback, rated)
    if started_again:
        chat.choose_in_menu("Start again")
        expect(chat.mine).to_have_count(0)
        chat.ask("does it hurt")

    chat.choose_in_menu("Delete my data")
    expect(chat.list).to_contain_text("Your data has been deleted.")
    expect(chat.mine).to_have_count(0)
    assert stack.rows(ConversationEvent, said) == []
    assert stack.rows(Feedback, rated) == []
    # A busy database may be late to say so, and then there is nothing to see.
    wait_until(chat.page, lambda: chat.call("GET", "history", token).status == 401)
    assert chat.token() == ""

    chat.ask("does it hurt")
    assert chat.conversation() != conversation


def test_delete_my_data_by_words_is_answered_and_a_new_conversation_begins(chat, stack):
    chat.ask("does it hurt")
    conversation = chat.conversation()
    expect(chat.ask("delete my data")).to_contain_text("I have deleted what I kept")
    said = ConversationEvent.conversation == conversation
    assert stack.rows(ConversationEvent, said) == []

    chat.send("does it hurt")
    expect(chat.mine).to_have_count(1)  # the window begins anew, too
    expect(chat.unsent).to_have_count(0)
    expect(chat.reply.first).to_contain_text("hurts little")
    assert chat.conversation() != conversation
    assert [one["text"] for one in chat.history() if one["from"] == "user"] == ["does it hurt"]
