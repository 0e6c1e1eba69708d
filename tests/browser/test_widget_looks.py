"""The chat by keyboard, at any size, in any colours, in Spanish, and on a hostile page."""

import re

from browser_stack import Chat
from playwright.sync_api import expect

QUESTION = "how long does one session take"
PHONE_SIZE = {"width": 390, "height": 844}
# What a page's own style sheet may do to everything on it.
HOSTILE = """
  * { all: revert; font-size: 40px !important; display: block !important; }
  body * {
    position: static !important; float: left !important; width: 50px !important;
    margin: 30px !important; padding: 20px !important; border: 5px solid red !important;
    color: yellow !important; background: black !important; opacity: 0.3 !important;
    visibility: hidden !important; transform: rotate(3deg) !important;
    filter: blur(3px) !important; overflow: hidden !important; pointer-events: none !important;
    text-transform: uppercase !important; letter-spacing: 9px !important;
    direction: rtl !important; text-align: right !important; line-height: 4 !important;
    box-sizing: content-box !important; z-index: 0 !important; white-space: pre !important;
  }
  button, textarea, ol, li, svg, p, h2 { display: none !important; }
  :root { font-size: 3px; --accent: red; --text: red; --surface: red; }
"""


def style(locator, name):
    return locator.evaluate("(node, name) => getComputedStyle(node)[name]", name)


def brightness(locator):
    """Return how light the ground of something is, from 0 to 255."""
    colour = style(locator, "backgroundColor")
    return max(float(part) for part in re.findall(r"[\d.]+", colour)[:3])


def focused(chat):
    """What has the focus: the label of it, and whether a ring shows it."""
    return chat.page.evaluate(
        """() => {
            let node = document.activeElement;
            while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(node);
            const label = node.getAttribute("aria-label") ?? node.innerText.trim();
            const name = node.id ? "#" + node.id : label;
            return [name, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
        }"""
    )


def press_until(chat, key, wanted):
    """Press a key until something has the focus, which must be seen."""
    for _ in range(60):
        chat.page.keyboard.press(key)
        name, is_ringed = focused(chat)
        if wanted in name:
            assert is_ringed, f"no focus ring on {name}"
            return
    raise AssertionError(f"{wanted!r} cannot be reached by {key}")


def test_the_keyboard_is_enough(visits):
    chat = visits()
    keys = chat.page.keyboard
    press_until(chat, "Tab", "Open chat")
    keys.press("Enter")
    expect(chat.input).to_be_focused()
    keys.type("how long does one session")
    keys.press("Shift+Enter")
    keys.type("take")
    keys.press("Enter")
    answer = chat.answered(1)
    assert chat.said() == ["how long does one session\ntake"]
    # An answer does not take the focus away.
    expect(chat.input).to_be_focused()

    choice = answer.locator(".choice").last.inner_text()
    press_until(chat, "Shift+Tab", choice)
    keys.press("Enter")
    chat.answered(2)
    assert focused(chat)[0] == choice
    press_until(chat, "Tab", "Helpful")
    keys.press("Space")
    expect(chat.widget.locator(".comment")).to_be_visible()
    press_until(chat, "Tab", "#comment")
    press_until(chat, "Tab", "Cancel")
    keys.press("Enter")
    expect(chat.input).to_be_focused()

    press_until(chat, "Shift+Tab", "#more")
    keys.press("Enter")
    press_until(chat, "Tab", "Start again")
    keys.press("Escape")
    expect(chat.button("Start again")).to_be_hidden()
    assert focused(chat)[0] == "#more"
    keys.press("Enter")
    press_until(chat, "Tab", "Delete my data")
    keys.press("Enter")
    assert focused(chat)[0] == "#cancel"
    # Nothing behind the question can be reached.
    for _ in range(3):
        keys.press("Tab")
        assert focused(chat)[0] not in ("#input", "#more")
    press_until(chat, "Tab", "#cancel")
    keys.press("Escape")
    assert focused(chat)[0] == "#more"
    expect(chat.mine).to_have_count(2)
    keys.press("Escape")
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def test_focus_goes_back_to_the_button_of_the_page_that_opened_it(visits):
    chat = visits()
    asked = chat.page.get_by_role("button", name="Ask a question now")
    asked.focus()
    asked.press("Enter")
    expect(chat.input).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(asked).to_be_focused()


def test_a_window_of_320_by_256_shows_all_of_it(visits):
    chat = visits(viewport={"width": 320, "height": 256}).open()
    chat.ask(QUESTION)
    chat.settled()
    width, seen = chat.panel.evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert width <= seen <= 320
    height, seen = chat.panel.evaluate("(node) => [node.scrollHeight, node.clientHeight]")
    assert height > seen
    assert style(chat.panel, "overflowY") == "auto"
    for part in (chat.button("Close chat"), chat.reply.first.locator(".choice").last, chat.input):
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        assert box["y"] >= -2 and box["y"] + box["height"] <= 258
    chat.ask("does it hurt")
    chat.button("Close chat").click()
    expect(chat.panel).to_be_hidden()


def test_on_a_phone_it_fills_the_screen_and_the_page_behind_is_inert(visits):
    chat = visits(viewport=PHONE_SIZE, has_touch=True, is_mobile=True, device_scale_factor=2)
    main = chat.page.locator("main")
    chat.launcher.tap()
    expect(chat.panel).to_be_visible()
    expect(main).to_have_js_property("inert", True)
    assert style(chat.page.locator("html"), "overflow") == "hidden"
    chat.settled()
    box = chat.panel.bounding_box()
    assert (box["x"], box["y"]) == (0, 0)
    assert (box["width"], box["height"]) == (390, 844)
    # The on-screen keyboard comes when it is asked for.
    expect(chat.panel).to_be_focused()
    assert float(style(chat.input, "fontSize").removesuffix("px")) >= 16
    chat.ask(QUESTION)
    # On the next page it does not stand in the way.
    chat.button("Close chat").tap()
    expect(main).to_have_js_property("inert", False)
    assert style(chat.page.locator("html"), "overflow") != "hidden"
    expect(chat.launcher).to_be_visible()


def test_dark_where_the_system_is(visits):
    light, dark = visits(color_scheme="light").open(), visits(color_scheme="dark").open()
    assert brightness(light.panel) > 200
    assert brightness(dark.panel) < 60
    dark.page.get_by_role("button", name="Light mode").click()
    expect(dark.widget.locator(".np")).not_to_have_class(re.compile("dark"))
    assert brightness(dark.panel) > 200


def test_forced_colours_leave_edges_to_see(visits):
    chat = visits(forced_colors="active")
    assert style(chat.launcher, "borderTopStyle") == "solid"
    chat.open().ask(QUESTION)
    parts = (".head", ".said.me .bubble", ".said.answer .bubble", ".choice", "#input", ".send")
    for part in parts:
        edge = chat.widget.locator(part).first
        assert float(style(edge, "borderTopWidth").removesuffix("px")) >= 1, part
        assert style(edge, "borderTopColor") != style(edge, "backgroundColor"), part


def test_spanish_speaks_spanish(visits):
    chat = visits("?lang=es")
    expect(chat.launcher).to_have_accessible_name("Abrir el chat")
    chat.open()
    expect(chat.panel).to_contain_text("Un bot, no una persona")
    expect(chat.widget.get_by_role("textbox", name="Su pregunta")).to_be_visible()
    expect(chat.widget.locator(".np")).to_have_attribute("lang", "es")
    answer = chat.ask(QUESTION)
    # The answers are English, and say so to a screen reader.
    expect(answer.locator("[lang=en]").first).to_contain_text("minutes")
    expect(chat.button("Útil")).to_be_visible()
    chat.button("Más opciones").click()
    chat.button("Borrar mis datos").click()
    question = chat.widget.get_by_role("alertdialog")
    expect(question).to_contain_text("No se puede deshacer.")
    question.get_by_role("button", name="Borrar mis datos").click()
    expect(chat.list).to_contain_text("Sus datos se han borrado.")


def embedded(visits, stack, name, css="", attributes=""):
    """Visit a page of a clinic's own site, with the chat on it."""
    script = f'<script src="{stack.page}widget.js" {attributes}></script>'
    page = f"<!doctype html><html lang=en><title>Clinic</title><style>{css}</style><body><p>Hello"
    return visits(stack.site.add(name, f"{page}</p>{script}</body></html>"))


def test_a_page_of_another_origin_may_have_it(visits, stack):
    attributes = 'data-title="Back &amp; Neck" data-open'
    chat = embedded(visits, stack, "/plain", attributes=attributes)
    expect(chat.panel).to_have_accessible_name("Back & Neck")
    chat.ask(QUESTION)
    chat.reload()
    chat.answered(1)


def test_hostile_css_of_the_page_does_not_reach_in(visits, stack):
    plain = embedded(visits, stack, "/plain")
    chat = embedded(visits, stack, "/hostile", HOSTILE)
    assert chat.launcher.bounding_box() == plain.launcher.bounding_box()
    asked: list[Chat] = [one.open() for one in (plain, chat)]
    for one in asked:
        one.ask(QUESTION).locator(".choice").first.click()
        one.answered(2)
        one.page.mouse.move(5, 5)
        one.settled()
    names = ("color", "backgroundColor", "fontSize", "letterSpacing", "direction", "lineHeight")
    for part in (".panel", ".head", "h2", ".answer .bubble", ".choice", "#input", ".foot"):
        here, there = (one.widget.locator(part).first for one in asked)
        assert here.bounding_box() == there.bounding_box(), part
        for name in (*names, "opacity", "visibility", "textTransform", "pointerEvents"):
            assert style(here, name) == style(there, name), (part, name)
    chat.button("Close chat").click()
    expect(chat.panel).to_be_hidden()
