"""axe finds nothing to complain of, in any state of the chat: WCAG 2.2, levels A and AA."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_stack import Chat
from playwright.sync_api import expect

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
}
WORKS = "does acupuncture help back pain"
EMERGENCY = "i cant feel my legs and i wet myself"


def closed(chat):
    expect(chat.launcher).to_be_visible()


def opened(chat):
    expect(chat.open().list.locator(".choice").first).to_be_visible()


def answered(chat):
    answer = chat.open().ask(WORKS)
    expect(answer.locator(".sources")).to_be_visible()
    expect(answer.locator(".choice").first).to_be_visible()


def used(chat):
    answered(chat)
    chat.reply.first.locator(".choice").first.click()
    chat.answered(2)
    chat.widget.locator(".choice[aria-disabled=true]").first.scroll_into_view_if_needed()


def emergency(chat):
    chat.open().ask(EMERGENCY)


def typing(chat):
    chat.page.route("**/messages", lambda route: None)
    chat.open().send(WORKS)
    expect(chat.list.locator(".typing")).to_be_visible()


def failed(chat):
    chat.page.route("**/messages", lambda route: route.fulfill(status=500, json={}))
    chat.open().send(WORKS)
    expect(chat.button("Try again")).to_be_visible()


def refused(chat):
    error = {"error": {"code": "too_long", "message": "Please shorten it."}}
    chat.page.route("**/messages", lambda route: route.fulfill(status=422, json=error))
    chat.open().send(WORKS)
    expect(chat.button("Edit")).to_be_visible()


def offline(chat):
    answered(chat)
    chat.page.context.set_offline(True)
    chat.send("does it hurt")
    expect(chat.banner).to_be_visible()


def menu(chat):
    answered(chat)
    chat.button("More options").click()
    expect(chat.button("Start again")).to_be_visible()


def asked_to_confirm(chat):
    menu(chat)
    chat.button("Delete my data").click()
    expect(chat.widget.get_by_role("alertdialog")).to_be_visible()


def commenting(chat):
    answered(chat)
    chat.button("Not helpful").click()
    expect(chat.widget.locator(".comment")).to_be_visible()


def too_long(chat):
    chat.open().input.fill("my back hurts " * 100)
    expect(chat.widget.locator("#count")).to_be_visible()


def unreachable(chat):
    chat.page.route("**/history", lambda route: route.fulfill(status=500, json={}))
    chat.open()
    expect(chat.banner).to_be_visible()


def deleted(chat):
    answered(chat)
    chat.choose_in_menu("Delete my data")
    expect(chat.list.locator(".note")).to_be_visible()


STATES = (
    closed,
    opened,
    answered,
    used,
    emergency,
    typing,
    failed,
    refused,
    offline,
    menu,
    asked_to_confirm,
    commenting,
    too_long,
    unreachable,
    deleted,
)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS = {
    "phone": PHONE,
    "320x256": {"viewport": {"width": 320, "height": 256}},
    "dark": {"color_scheme": "dark"},
    # Not with a dark system: axe then reads a colour of text that is not the one painted.
    "forced colours": {"forced_colors": "active"},
}


def complaints(chat: Chat) -> list[str]:
    """Return what axe finds on the page, in the chat and around it."""
    found = Axe().run(chat.page, options=OPTIONS).response
    # A target within a shadow root is a list: that of its host, then its own.
    looked_at = [
        node
        for rule in found["passes"]
        for node in rule["nodes"]
        if isinstance(node["target"][0], list)
    ]
    assert looked_at, "axe did not look into the chat"
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_is_content_with(visits, state):
    chat = visits(reduced_motion="reduce")
    state(chat)
    assert complaints(chat) == []


@pytest.mark.parametrize("state", (closed, answered, emergency), ids=lambda state: state.__name__)
@pytest.mark.parametrize("look", LOOKS)
def test_axe_is_content_with_the_look(visits, look, state):
    chat = visits(reduced_motion="reduce", **LOOKS[look])
    state(chat)
    assert complaints(chat) == []


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_axe_is_content_with_trouble_in(visits, scheme):
    chat = visits(reduced_motion="reduce", color_scheme=scheme)
    emergency(chat)
    chat.ask(WORKS)
    chat.button("Not helpful").last.click()
    expect(chat.widget.locator(".comment")).to_be_visible()
    chat.page.context.set_offline(True)
    chat.send("does it hurt")
    expect(chat.banner).to_be_visible()
    assert complaints(chat) == []


def test_axe_is_content_with_spanish(visits):
    chat = visits("?lang=es", reduced_motion="reduce").open()
    chat.ask(WORKS)
    chat.button("No útil").click()
    expect(chat.widget.locator(".comment")).to_be_visible()
    assert complaints(chat) == []


def test_axe_sees_what_is_wrong_in_the_chat(visits):
    chat = visits(reduced_motion="reduce").open()
    chat.button("Close chat").evaluate("(node) => node.removeAttribute('aria-label')")
    chat.widget.locator("#bot").evaluate("(node) => { node.style.color = '#0f6f63'; }")
    found = " ".join(complaints(chat))
    assert "button-name" in found
    assert "color-contrast" in found
