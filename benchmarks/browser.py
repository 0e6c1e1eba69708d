"""Chromium, by which the chat widget is tested, measured and photographed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

HOW_TO_INSTALL = (
    "There is no Chromium: install it by `sudo apt-get install chromium` (Debian) or "
    "`.venv/bin/playwright install chromium`."
)


class NoChromiumError(RuntimeError):
    """There is no Chromium; the text says how to install it."""


def find_chromium(playwright: Playwright) -> str:
    """Return the path of the system's Chromium, else of Playwright's own.

    Raises:
        NoChromiumError: there is neither.
    """
    own = playwright.chromium.executable_path
    found = shutil.which("chromium") or (own if Path(own).is_file() else None)
    if found is None:
        raise NoChromiumError(HOW_TO_INSTALL)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window.

    Raises:
        NoChromiumError: there is none.
    """
    with sync_playwright() as playwright:
        # Its sandbox needs rights that containers do not give; only our own pages are shown.
        browser = playwright.chromium.launch(
            executable_path=find_chromium(playwright), args=["--no-sandbox"]
        )
        yield browser
        browser.close()
