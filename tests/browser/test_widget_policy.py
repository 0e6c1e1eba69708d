"""A strict Content Security Policy with Trusted Types, through a whole conversation."""

from browser_stack import wait_until
from playwright.sync_api import expect

POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "require-trusted-types-for 'script'",
)


def test_a_whole_conversation_keeps_to_the_strict_policy(visits):
    chat = visits()
    response = chat.page.reload()
    policy = response.headers["content-security-policy"]
    assert all(part in policy for part in POLICY)
    chat.open()
    chat.ask("does acupuncture help back pain").locator(".choice").first.click()
    chat.answered(2)
    chat.button("Not helpful").last.click()
    chat.widget.get_by_label("Would you like to say why?").fill("<img src=x onerror=alert(1)>")
    chat.button("Send comment").click()
    chat.ask("<script>alert(1)</script> **bold** <b>does it hurt</b>")
    assert chat.said()[-1].startswith("<script>")
    chat.ask("i cant feel my legs and i wet myself")
    chat.ask("i want to see a practitioner")
    chat.page.set_viewport_size({"width": 320, "height": 400})
    chat.page.set_viewport_size({"width": 1280, "height": 800})
    chat.reload()
    expect(chat.mine).to_have_count(5)
    chat.page.get_by_role("link", name="Your first visit", exact=True).click()
    expect(chat.mine).to_have_count(5)
    chat.choose_in_menu("Start again")
    chat.choose_in_menu("Delete my data")
    expect(chat.list).to_contain_text("Your data has been deleted.")
    assert visits.violations == []
    assert visits.errors == []


def test_the_watch_sees_a_violation(visits):
    chat = visits()
    chat.page.evaluate(
        """() => {
            try { document.body.innerHTML = "<p>"; } catch { /* as it must be */ }
            document.body.setAttribute("style", "color: red");
        }"""
    )
    for directive in ("require-trusted-types-for", "style-src"):
        wait_until(chat.page, lambda one=directive: one in " ".join(visits.violations))
    visits.violations.clear()
    visits.errors.clear()
