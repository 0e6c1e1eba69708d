"""The pictures of the chat widget in the README.

``python -m benchmarks.pictures`` starts the bot, talks to it on its demo page, and writes
``docs/widget-*.png``, in light and in dark.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect

from benchmarks.browser import chromium
from benchmarks.web import PORT, serving

ADDRESS = f"http://127.0.0.1:{PORT}/webhooks/web/"
FOLDER = Path("docs")
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
# Sharp, as on the phone itself.
PHONE = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
EFFECT = "does acupuncture help back pain?"
COST = "what does it cost?"
EMERGENCY = "I can't feel my legs and I wet myself"

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def desktop(page: Page) -> None:
    """A question with its answer, beside the clinic's page."""
    _ask(page, "hello", EFFECT)


def phone(page: Page) -> None:
    """The same on a phone, where the chat fills the screen."""
    _ask(page, "hello", COST)


def emergency(page: Page) -> None:
    """An answer that must not be overlooked."""
    _ask(page, EMERGENCY)
    expect(page.locator("li.emergency")).to_be_visible()


def suggestions(page: Page) -> None:
    """One of the opening questions, and the next questions under its answer."""
    _ask(page, "hello")
    page.locator("li.bot .choice").first.click()
    _answered(page, 2)


PICTURES: dict[str, tuple[Callable[[Page], None], dict[str, Any]]] = {
    "desktop": (desktop, DESKTOP),
    "phone": (phone, PHONE),
    "emergency": (emergency, PHONE),
    "suggestions": (suggestions, PHONE),
}


def take(browser: Browser, name: str, scheme: Scheme) -> Path:
    """Take one picture, in light or in dark; return its file."""
    pose, options = PICTURES[name]
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(ADDRESS)
    page.locator(".launcher").click()
    expect(page.locator(".list .choice").first).to_be_visible()
    pose(page)
    path = FOLDER / f"widget-{name}{'-dark' if scheme == 'dark' else ''}.png"
    page.screenshot(path=path, caret="hide")
    context.close()
    return path


def _ask(page: Page, *questions: str) -> None:
    for count, question in enumerate(questions, start=1):
        page.locator("#input").fill(question)
        page.locator("#input").press("Enter")
        _answered(page, count)


def _answered(page: Page, count: int) -> None:
    expect(page.locator("li.me")).to_have_count(count)
    expect(page.locator("li.me:not(:has(~ li.me)) ~ li.bot").first).to_be_visible()
    expect(page.locator("li.me").last).to_have_class(re.compile(r"^said me\s*$"))


def main() -> None:
    """Take all pictures."""
    with serving(), chromium() as browser:
        for name in PICTURES:
            for scheme in SCHEMES:
                print(take(browser, name, scheme))


if __name__ == "__main__":
    main()
