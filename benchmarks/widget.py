"""How fast the chat widget is for a patient with a slow phone.

``python -m benchmarks.widget`` starts the bot, opens its demo page in Chromium, and prints the
median of twenty visits, with the processor as it is and slowed down four times; it takes about two
minutes. The script comes when the page is at rest, so that the page's own first paint is not
measured.
"""

import gzip
import re
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.browser import chromium
from benchmarks.web import PORT, serving

ADDRESS = f"http://127.0.0.1:{PORT}/webhooks/web/"
FILES = Path("needlepoint/channels/web_static")
HTML = "text/html; charset=utf-8"
VISITS = 20
SPEEDS = (1, 4)  # times slower
PATIENCE = 30.0  # seconds
QUESTION = "how long does one session take"
# What is measured, and what it may be at most, in milliseconds.
PAINT = "launcher painted, after the script is there"
OPEN = "input usable, after the click"
ANSWER = "answer painted after Enter, over the server's turn"
LIMITS = {PAINT: 100, OPEN: 200, ANSWER: 50}
SIZE_LIMIT = 15_360  # bytes
# Notes moments in the page itself, so that the remote control of the browser is not measured.
WATCH = """
  const moments = (window.moments = {});
  // A frame's callback runs before it is painted; the task behind it, after.
  const painted = (name) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => (moments[name] ??= performance.now());
    channel.port2.postMessage(0);
  });
  const root = () => document.querySelector("needlepoint-chat")?.shadowRoot;
  const look = () => {
    if (!root()?.querySelector(".launcher")) return requestAnimationFrame(look);
    painted("launcher");
    new MutationObserver(() => {
      if (root().querySelector("li.answer")) painted("answer");
    }).observe(root(), { childList: true, subtree: true });
  };
  requestAnimationFrame(look);
  addEventListener("click", (event) => (moments.click ??= event.timeStamp), true);
  addEventListener("focusin", (event) => {
    if (event.composedPath()[0].id === "input") painted("input");
  }, true);
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") moments.enter ??= event.timeStamp;
  }, true);
"""
ADD = """
  () => document.body.append(Object.assign(document.createElement("script"), { src: "widget.js" }))
"""
READ = """
  () => {
    const loaded = performance.getEntriesByType("resource");
    const entry = (name) => loaded.find((one) => one.name.endsWith(name));
    const { requestStart, responseStart } = entry("/messages");
    const script = entry("/widget.js").responseEnd;
    return { ...moments, script, turn: responseStart - requestStart };
  }
"""


def visit(browser: Browser, slower: int) -> dict[str, float]:
    """Return the milliseconds of what one new visitor waits for, on a processor so much slower."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(f"{{{WATCH}}}")
    remote = context.new_cdp_session(page)
    remote.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.route(ADDRESS, lambda route: route.fulfill(body=_without_scripts(), content_type=HTML))
    page.goto(ADDRESS, wait_until="networkidle")
    page.evaluate(ADD)
    _wait(page, "launcher")
    page.locator(".launcher").click()
    _wait(page, "input")
    # The conversation is open: its session is there, and its opening questions.
    page.locator(".list .choice").first.wait_for()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    _wait(page, "answer")
    found: dict[str, Any] = page.evaluate(READ)
    context.close()
    return {
        PAINT: found["launcher"] - found["script"],
        OPEN: found["input"] - found["click"],
        ANSWER: found["answer"] - found["enter"] - found["turn"],
    }


def _without_scripts() -> str:
    return re.sub(r"<script.*</script>", "", (FILES / "demo.html").read_text(encoding="utf-8"))


def _wait(page: Page, moment: str) -> None:
    # Seldom, so that looking takes little from the slowed processor.
    end = time.monotonic() + PATIENCE
    while moment not in page.evaluate("moments"):
        if time.monotonic() > end:
            raise RuntimeError(f"The moment {moment!r} has not come.")
        time.sleep(0.2)


def _cell(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} ms ({min(times):.0f} to {max(times):.0f})"


def main() -> None:
    """Measure, and print a table."""
    with serving(), chromium() as browser:
        visit(browser, 1)  # to warm up server and browser
        visits = {slower: [visit(browser, slower) for _ in range(VISITS)] for slower in SPEEDS}
        version = browser.version
    size = len(gzip.compress((FILES / "widget.js").read_bytes(), 9, mtime=0))
    print(f"Chromium {version}, median of {VISITS} visits (shortest to longest)\n")
    print(f"| | {' | '.join(f'{slower}x slower' for slower in SPEEDS)} | at most |")
    print("|---|---|---|---|")
    for name, limit in LIMITS.items():
        cells = [_cell([one[name] for one in visits[slower]]) for slower in SPEEDS]
        print(f"| {name} | {' | '.join(cells)} | {limit} ms |")
    print(f"| script, gzip | {size:,} bytes | | {SIZE_LIMIT:,} bytes |")


if __name__ == "__main__":
    main()
