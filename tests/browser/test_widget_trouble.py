"""What a patient sees when something is down, slow, or too long."""

import time

import pytest
from browser_stack import PHONE, call
from playwright.sync_api import expect

FIRST, SECOND = "how long does one session take", "does it hurt"
RESTART = 180_000  # milliseconds


def calls(where):
    return [link.get_attribute("href") for link in where.get_by_role("link").all()]


def server_heard(chat):
    return [entry["text"] for entry in chat.history() if entry["from"] == "user"]


def test_a_server_restart_in_mid_conversation_loses_nothing(chat, stack):
    chat.ask(FIRST)
    stack.stop_bot()
    chat.send(SECOND)
    expect(chat.widget.locator("li.sending")).to_contain_text("Waiting to be sent")
    stack.start_bot()
    retry = chat.button("Try again")
    expect(chat.reply.first.or_(retry).first).to_be_visible(timeout=RESTART)
    # Where the restart took longer than the widget is patient.
    if retry.count():
        retry.first.click()
    chat.answered(2)
    assert server_heard(chat) == chat.said() == [FIRST, SECOND]
    chat.reload()
    chat.answered(2)


def test_what_is_written_offline_is_sent_when_back(chat):
    chat.ask(FIRST)
    chat.page.context.set_offline(True)
    expect(chat.banner).to_contain_text("You are offline.")
    assert calls(chat.banner)[:2] == [f"tel:{PHONE}", "tel:911"]
    chat.send(SECOND)
    chat.send("what are the risks")
    expect(chat.mine.last).to_contain_text("Waiting to be sent")
    expect(chat.unsent).to_have_count(2)
    chat.page.context.set_offline(False)
    chat.answered(3)
    expect(chat.banner).to_have_count(0)
    assert server_heard(chat) == chat.said() == [FIRST, SECOND, "what are the risks"]


def test_the_chat_answers_while_the_action_server_is_down(chat, stack):
    stack.stop_actions()
    try:
        expect(chat.ask("is it safe in pregnancy")).to_contain_text("pregnan")
        expect(chat.reply.last).to_contain_text("not medical advice")
        expect(chat.ask("i cant feel my legs and i wet myself")).to_contain_text("Call 911 now")
    finally:
        stack.start_actions()


@pytest.fixture
def held(visits):
    """A chat whose clock only the test moves, and its calls, which wait for the test."""
    chat = visits("demo-visit.html")
    chat.page.clock.install()
    chat.reload()
    # Until now it goes on by itself; to pause it is to leap to a moment that is still to come. No
    # call is under way yet, which the leap would end.
    chat.page.clock.pause_at(time.time() + 3600)
    chat.open()
    routes = []
    chat.page.route("**/messages", lambda route: routes.append(route))
    return chat, routes


def test_a_slow_answer_is_told_of_and_still_comes(held):
    chat, routes = held
    chat.send(FIRST)
    expect(chat.list.locator(".typing")).to_contain_text("The assistant is typing")
    expect(chat.banner).to_have_count(0)
    chat.page.clock.run_for(10_500)
    expect(chat.banner).to_contain_text("No answer yet.")
    assert calls(chat.banner)[:2] == [f"tel:{PHONE}", "tel:911"]
    # What is written meanwhile waits its turn: one message in flight.
    chat.send(SECOND)
    expect(chat.mine.last).to_contain_text("Waiting to be sent")
    first = call(chat, routes, 0)
    assert len(routes) == 1
    first.continue_()
    expect(chat.widget.locator("li.answer")).to_contain_text("minutes")
    expect(chat.widget.locator("li.sending")).to_contain_text(SECOND)
    call(chat, routes, 1).continue_()
    chat.answered(2)
    expect(chat.banner).to_have_count(0)
    assert server_heard(chat) == [FIRST, SECOND]


def test_a_message_that_failed_is_kept_with_a_button(chat):
    chat.page.route("**/messages", lambda route: route.fulfill(status=500, json={}), times=1)
    chat.send(FIRST)
    expect(chat.mine.last).to_contain_text("Not sent.")
    expect(chat.banner).to_contain_text("Something went wrong on our side.")
    assert calls(chat.banner)[:2] == [f"tel:{PHONE}", "tel:911"]
    assert server_heard(chat) == []
    chat.button("Try again").click()
    chat.answered(1)
    expect(chat.banner).to_have_count(0)
    assert server_heard(chat) == [FIRST]


def test_what_was_said_before_is_shown_once_it_can_be_read(chat):
    chat.ask(FIRST)
    chat.page.route("**/history", lambda route: route.fulfill(status=500, json={}), times=1)
    chat.reload()
    expect(chat.banner).to_contain_text("Something went wrong on our side.")
    expect(chat.mine).to_have_count(0)
    chat.send(SECOND)
    chat.answered(2)
    assert chat.said() == [FIRST, SECOND]
    expect(chat.banner).to_have_count(0)


def test_an_answer_that_was_lost_on_the_way_is_not_asked_for_twice(chat):
    def lose(route):
        route.fetch()
        route.abort()

    chat.page.route("**/messages", lose, times=1)
    chat.ask(FIRST)
    assert server_heard(chat) == [FIRST]
    assert len(chat.history()) == 2


def test_too_many_messages_wait_as_long_as_the_server_says(held):
    chat, routes = held
    chat.send(FIRST)
    body = {"error": {"code": "rate_limited", "message": "Wait."}}
    limited = {"status": 429, "json": body, "headers": {"Retry-After": "60"}}
    call(chat, routes, 0).fulfill(**limited)
    expect(chat.banner).to_contain_text("Yours will be sent in 60 seconds.")
    # Up to a quarter more, so that not all come at the same moment.
    chat.page.clock.run_for(30_000)
    assert len(routes) == 1
    chat.page.unroute("**/messages")
    chat.page.clock.run_for(45_000)
    chat.answered(1)
    expect(chat.banner).to_have_count(0)
    assert server_heard(chat) == [FIRST]


def test_ten_thousand_pasted_characters_are_counted_and_not_sent(visits):
    chat = visits(permissions=["clipboard-read", "clipboard-write"]).open()
    sent = []
    chat.page.on("request", lambda request: sent.append(request.url))
    chat.page.evaluate(
        "navigator.clipboard.writeText('my back hurts '.repeat(715).slice(0, 10000))"
    )
    chat.input.focus()
    chat.page.keyboard.press("Control+V")
    counter = chat.widget.locator("#count")
    expect(counter).to_have_text("10000 of 1000 characters")
    chat.heard("10000 of 1000 characters")
    expect(chat.input).to_have_attribute("aria-invalid", "true")
    expect(chat.button("Send")).to_have_attribute("aria-disabled", "true")
    assert chat.input.bounding_box()["height"] < 150
    chat.input.press("Enter")
    chat.button("Send").click(force=True)
    chat.page.wait_for_timeout(300)
    assert not [url for url in sent if url.endswith("/messages")]
    # It is still there to be shortened, also on the next page.
    chat.reload()
    expect(counter).to_have_text("10000 of 1000 characters")
    chat.input.fill("my back hurts " * 70)
    expect(counter).to_have_text("980 of 1000 characters")
    expect(chat.input).to_have_attribute("aria-invalid", "false")
    chat.input.press("Enter")
    chat.answered(1)
    expect(counter).to_be_hidden()
