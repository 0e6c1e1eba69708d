"""One conversation over reloads, tabs and the pages of a site."""

from browser_stack import call
from playwright.sync_api import expect

FIRST, SECOND = "how long does one session take", "does it hurt"


def server_heard(chat):
    return [entry["text"] for entry in chat.history() if entry["from"] == "user"]


def test_a_reload_keeps_the_conversation(chat):
    chat.ask(FIRST)
    chat.input.fill("what I am about to")
    shown = chat.list.inner_text()
    chat.reload()
    expect(chat.panel).to_be_visible()
    expect(chat.mine).to_have_count(1)
    assert chat.list.inner_text() == shown
    expect(chat.input).to_have_value("what I am about to")
    chat.ask(SECOND)
    assert server_heard(chat) == [FIRST, SECOND]


def test_a_reload_before_the_answer_loses_nothing(chat):
    chat.ask(FIRST)
    chat.page.route("**/messages", lambda route: None, times=1)
    chat.send(SECOND)
    expect(chat.unsent).to_have_count(1)
    chat.reload()
    chat.answered(2)
    assert server_heard(chat) == [FIRST, SECOND]


def test_two_tabs_share_the_conversation(visits):
    somebody = visits.visitor()
    one = visits.tab(somebody).open()
    two = visits.tab(somebody).open()
    one.ask(FIRST)
    two.answered(1)
    two.ask(SECOND)
    one.answered(2)
    assert one.said() == two.said() == [FIRST, SECOND]
    assert one.list.inner_text() == two.list.inner_text()
    assert one.token() == two.token()
    assert server_heard(one) == [FIRST, SECOND]


def test_two_tabs_that_ask_at_the_same_time_double_nothing(visits):
    somebody = visits.visitor()
    one = visits.tab(somebody).open()
    two = visits.tab(somebody).open()
    for number in range(3):
        one.send(f"does it hurt {number}")
        two.send(f"is it safe {number}")
    for chat, own in ((one, "does it hurt"), (two, "is it safe")):
        for number in range(3):
            expect(chat.mine.filter(has_text=f"{own} {number}")).to_have_count(1)
        expect(chat.unsent).to_have_count(0)
    # What the other tab asked in the same moment may come with the next reload only.
    for chat in (one, two):
        chat.reload()
        chat.answered(6)
    assert len(set(one.said())) == 6
    assert sorted(one.said()) == sorted(two.said()) == sorted(server_heard(one))
    assert one.widget.locator("li.bot").count() == two.widget.locator("li.bot").count()


def test_the_second_page_of_the_site_goes_on(chat):
    chat.ask(FIRST)
    shown = chat.list.inner_text()
    chat.page.get_by_role("link", name="Your first visit", exact=True).click()
    chat.page.wait_for_url("**/demo-visit.html")
    expect(chat.panel).to_be_visible()
    expect(chat.mine).to_have_count(1)
    assert chat.list.inner_text() == shown
    chat.ask(SECOND)
    assert server_heard(chat) == [FIRST, SECOND]


def test_an_answer_that_comes_while_closed_is_counted(chat):
    routes = []
    chat.page.route("**/messages", lambda route: routes.append(route))
    chat.send(FIRST)
    expect(chat.unsent).to_have_count(1)
    chat.button("Close chat").click()
    expect(chat.panel).to_be_hidden()
    call(chat, routes, 0).continue_()
    expect(chat.launcher).to_have_accessible_name("Open chat 1 new")
    chat.open()
    chat.answered(1)
    chat.button("Close chat").click()
    expect(chat.launcher).to_have_accessible_name("Open chat")
