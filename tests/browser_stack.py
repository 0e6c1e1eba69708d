"""What the browser tests share: the really running servers, Chromium, and the chat on its pages."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, Route, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.browser import NoChromiumError, chromium
from needlepoint.channels.sessions import Sessions
from needlepoint.channels.web_files import FOLDER
from needlepoint.database.engine import connect

SECRET = "for the browser tests only, but long enough"
PHONE = "+18285550100"  # of the clinic, in the demo page and in tests/clinic.yml
PATIENCE = 60_000  # milliseconds: a busy machine is no failure
TELL = """
  addEventListener("securitypolicyviolation", (event) =>
    tellViolation(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""
# A status is emptied after a second, which a busy machine may be late to see.
LISTEN = """
  (node) => {
    if (node.heard) return;
    node.heard = [];
    new MutationObserver(() => {
      node.heard.push(node.shadowRoot.querySelector("[role=status]")?.textContent ?? "");
    }).observe(node.shadowRoot, { subtree: true, childList: true, characterData: true });
  }
"""
expect.set_options(timeout=PATIENCE)


class Site:
    """A clinic's own web site on this machine, with the pages that the tests put there."""

    def __init__(self) -> None:
        pages = self.pages = {"/widget.js": (FOLDER / "widget.js").read_bytes()}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                body = pages.get(self.path)
                is_script = self.path.endswith(".js")
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, path: str, page: str) -> str:
        """Put a page on the site; return its address."""
        self.pages[path] = page.encode()
        return self.origin + path


class Stack:
    """Bot and action server; each can be stopped and started again at its port."""

    def __init__(self, start: Callable[..., subprocess.Popen], model: Path, folder: Path) -> None:
        from conftest import ROOT, free_port, patient_credentials, write_endpoints

        self._start = start
        self.site = Site()
        self.port, self.actions_port = free_port(), free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.page = f"{self.origin}/webhooks/web/"
        self.database = f"sqlite:///{folder}/needlepoint.db"
        self._environment = {
            "NEEDLEPOINT_SECRET": SECRET,
            "NEEDLEPOINT_DATABASE_URL": self.database,
            "NEEDLEPOINT_CLINIC": str(ROOT / "tests" / "clinic.yml"),
        }
        write_endpoints(folder, self.actions_port)
        credentials = patient_credentials()
        web = credentials["needlepoint.channels.web.WebChannel"]
        web["allowed_origins"] = [self.site.origin]
        # Here one address has many conversations, and they talk fast.
        web["messages_per_conversation"] = web["calls_per_address"] = "100000/minute"
        (folder / "credentials.yml").write_text(yaml.safe_dump(credentials))
        files = f"--endpoints {folder}/endpoints.yml --credentials {folder}/credentials.yml"
        self._command = f"--interface 127.0.0.1 --port {self.port} --model {model} {files}".split()

    def start_actions(self) -> None:
        self._actions = self._run("run", "actions", "--port", str(self.actions_port))
        self._wait(f"http://127.0.0.1:{self.actions_port}/health", self._actions)

    def stop_actions(self) -> None:
        stop(self._actions)

    def launch_bot(self) -> None:
        """Start the bot; it takes some seconds until it answers."""
        self._bot = self._run("run", *self._command)

    def start_bot(self) -> None:
        self.launch_bot()
        self.wait_for_bot()

    def stop_bot(self) -> None:
        stop(self._bot)

    def wait_for_bot(self) -> None:
        self._wait(f"{self.origin}/webhooks/rest/", self._bot)

    def rows(self, table: Any, *where: Any) -> list[Any]:
        """Return rows of a table of the bot's database."""
        engine = connect(self.database)
        with Session(engine) as session:
            found = session.execute(select(table).where(*where)).scalars().all()
        engine.dispose()
        return found

    def _run(self, *arguments: str) -> subprocess.Popen:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            return self._start(*arguments)

    def _wait(self, url: str, process: subprocess.Popen) -> None:
        from conftest import wait_for

        wait_for(url, process)


class Chat:
    """The chat on a page, as a person sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.widget = page.locator("needlepoint-chat")
        self.launcher = self.widget.locator(".launcher")
        self.panel = self.widget.get_by_role("dialog")
        self.input = self.widget.locator("#input")
        self.list = self.widget.locator(".list")
        self.banner = self.widget.locator(".banner")
        self.mine = self.widget.locator("li.me")
        self.unsent = self.widget.locator("li.waiting, li.sending, li.failed")
        # What was said after the person's last message.
        self.reply = self.widget.locator("li.me:not(:has(~ li.me)) ~ li.bot")

    def open(self) -> "Chat":
        self.widget.evaluate(LISTEN)
        self.launcher.click()
        expect(self.input).to_be_visible()
        return self

    def send(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> Locator:
        """Send a question; return its first answer."""
        before = self.mine.count()
        self.send(text)
        return self.answered(before + 1)

    def answered(self, count: int) -> Locator:
        """Wait until so many messages have their answers; return the first answer to the last."""
        expect(self.mine).to_have_count(count)
        expect(self.unsent).to_have_count(0)
        expect(self.reply.first).to_be_visible()
        return self.reply.first

    def button(self, name: str) -> Locator:
        return self.widget.get_by_role("button", name=name, exact=True)

    def choose_in_menu(self, entry: str) -> None:
        """Choose from the menu, and say yes."""
        self.button("More options").click()
        self.button(entry).click()
        self.widget.get_by_role("alertdialog").get_by_role("button", name=entry).click()

    def reload(self) -> None:
        self.page.reload()
        expect(self.launcher.or_(self.panel).first).to_be_attached()

    def said(self) -> list[str]:
        """Return the person's messages as they are shown."""
        return [
            text.removeprefix("You: ") for text in self.mine.locator(".bubble").all_text_contents()
        ]

    def token(self) -> str:
        return self.page.evaluate(
            """() => {
                const name = Object.keys(localStorage).find((one) => one.endsWith(" session"));
                return name ? JSON.parse(localStorage[name]).token : "";
            }"""
        )

    def conversation(self) -> str:
        """Return the id under which the server stores what is said."""
        return Sessions(SECRET, 30).conversation(f"Bearer {self.token()}")

    def call(self, method: str, path: str, token: str = "") -> Any:
        """Make a call of the widget's own; return the response."""
        base = self.page.evaluate("document.querySelector('script[src*=widget]').dataset.server")
        base = base or self.page.url.partition("/webhooks/")[0]
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return self.page.request.fetch(
            f"{base}/webhooks/web/{path}", method=method, headers=headers
        )

    def history(self) -> list[dict[str, Any]]:
        """Return what the server says was said."""
        response = self.call("GET", "history")
        assert response.status == 200, response.text()
        return response.json()["messages"]

    def heard(self, text: str) -> None:
        """Wait until a screen reader has been given a text to say, since this page was opened."""
        self.page.wait_for_function(
            """(text) => document.querySelector("needlepoint-chat")
                .heard.some((said) => said.includes(text))""",
            arg=text,
        )

    def settled(self) -> None:
        """Wait until the panel, which moves in, is in its place."""
        self.panel.evaluate(
            "(node) => Promise.allSettled(node.getAnimations().map((one) => one.finished))"
        )

    def has_focus(self, locator: Locator) -> bool:
        return locator.evaluate("(node) => node.getRootNode().activeElement === node")


class Visits:
    """Opens pages, each visitor with a browser profile of their own, and notes what goes wrong."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self._browser, self._stack = browser, stack
        self._contexts: list[BrowserContext] = []
        self.violations: list[str] = []
        self.errors: list[str] = []

    def __call__(self, url: str = "", **options: Any) -> Chat:
        """Visit an address, below the demo page's, as somebody new."""
        context = self.visitor(**options)
        return self.tab(context, url)

    def visitor(self, **options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.expose_function("tellViolation", lambda text: self.violations.append(text))
        context.add_init_script(TELL)
        self._contexts.append(context)
        return context

    def tab(self, context: BrowserContext, url: str = "") -> Chat:
        """Open a tab in the profile of somebody."""
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        response = page.goto(url if url.startswith("http") else self._stack.page + url)
        assert isinstance(response, Response), url
        assert response.ok, url
        return Chat(page)

    def _note(self, message: Any) -> None:
        # What the network refuses is no error of the page's; tests refuse much.
        is_network = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not is_network:
            self.errors.append(message.text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def wait_until(page: Page, condition: Callable[[], Any]) -> None:
    """Wait until something is so; the page goes on meanwhile."""
    end = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        page.wait_for_timeout(50)


def call(chat: Chat, routes: list[Route], place: int) -> Route:
    """Return a call that waits for the test, once it has come."""
    wait_until(chat.page, lambda: len(routes) > place)
    return routes[place]


def stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def stack(
    start: Callable[..., subprocess.Popen],
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """One bot with its action server, for all browser tests."""
    stack = Stack(start, model_path, tmp_path_factory.mktemp("browser"))
    stack.launch_bot()
    stack.start_actions()
    stack.wait_for_bot()
    yield stack
    stack.stop_bot()
    stack.stop_actions()
    stack.site.server.shutdown()


# For each module anew: while Playwright runs, no test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromiumError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture
def visits(browser: Browser, stack: Stack) -> Iterator[Visits]:
    """Open pages; none may break its own policy, or have an error, whatever the test does."""
    visits = Visits(browser, stack)
    yield visits
    visits.close()
    assert visits.violations == []
    assert visits.errors == []


@pytest.fixture
def chat(visits: Visits) -> Chat:
    """The chat of somebody new on the demo page, opened."""
    return visits().open()
