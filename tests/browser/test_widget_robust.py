"""Whatever a patient and the network do: nothing is lost, nothing is said twice."""

import random
import time
from collections import Counter

from browser_stack import Chat, Stack, Visits
from playwright.sync_api import Error, Route, expect

SEED = 6
HISTORY = 200  # messages: so many the server tells
STEPS = 200
# At these steps the server is killed, while all else goes on.
RESTARTS = (60, 130)
QUESTIONS = ("does it hurt", "is it safe", "what are the risks", "tell me more", "thanks")
# What a person does or the network does, and how often.
WEIGHTS = {
    "ask": 7,
    "reload": 5,
    "offline": 3,
    "online": 3,
    "retry": 3,
    "lose": 2,
    "break": 2,
    "wait": 2,
}
SETTLE = 120  # seconds
PAGE = """
  <!doctype html><html lang="en"><title>Clinic</title><body><p>Welcome.</p>
  <script src="/widget.js" data-open data-server="{server}"></script></body></html>
"""


class Storm:
    """One patient's long and troubled conversation."""

    def __init__(self, visits: Visits, stack: Stack) -> None:
        self.random = random.Random(SEED)
        self.stack = stack
        # A site of its own: it is there while the bot is not.
        self.chat: Chat = visits(stack.site.add("/storm", PAGE.format(server=stack.origin)))
        self.sent: list[str] = []
        self.done: Counter[str] = Counter()
        self.is_offline = False

    def step(self, number: int) -> None:
        if number in RESTARTS:
            name = "restart"
        else:
            name = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if name == "reload" and self.is_offline:
            name = "online"  # the clinic's page cannot be reached either
        self.done[name] += 1
        getattr(self, name.replace("break", "fail"))()
        self.chat.page.wait_for_timeout(self.random.choice((0, 0, 20, 100, 300)))

    def ask(self) -> None:
        text = f"{self.random.choice(QUESTIONS)} ({len(self.sent) + 1})"
        self.chat.send(text)
        self.sent.append(text)

    def reload(self) -> None:
        self.chat.reload()

    def offline(self) -> None:
        self._go(offline=True)

    def online(self) -> None:
        self._go(offline=False)

    def retry(self) -> None:
        button = self.chat.button("Try again")
        if button.count():
            button.first.click()

    def lose(self) -> None:
        """The next message is heard, and its answer lost on the way."""

        def lost(route: Route) -> None:
            try:
                route.fetch()
                route.abort()
            except Error:
                pass  # the page, or the server, is gone meanwhile

        self.chat.page.route("**/messages", lost, times=1)

    def fail(self) -> None:
        """The next message meets a fault, so that it waits for the person."""
        self.chat.page.route(
            "**/messages", lambda route: route.fulfill(status=500, json={}), times=1
        )

    def wait(self) -> None:
        self.chat.page.wait_for_timeout(500)

    def restart(self) -> None:
        self.stack.stop_bot()
        self.stack.launch_bot()

    def settle(self) -> None:
        """The weather clears: wait until nothing is unsent."""
        self.online()
        self.stack.wait_for_bot()
        self.chat.page.unroute_all()
        end = time.monotonic() + SETTLE
        while self.chat.unsent.count() and time.monotonic() < end:
            self.retry()
            self.chat.page.wait_for_timeout(100)
        expect(self.chat.unsent).to_have_count(0)

    def _go(self, offline: bool) -> None:
        self.is_offline = offline
        self.chat.page.context.set_offline(offline)


def test_200_random_steps_lose_and_double_nothing(visits, stack):
    storm = Storm(visits, stack)
    for number in range(STEPS):
        storm.step(number)
    storm.settle()

    history = storm.chat.history()
    assert len(history) < HISTORY, "not all of it: fewer questions, please"
    heard = [entry["text"] for entry in history if entry["from"] == "user"]
    assert sorted(heard) == sorted(storm.sent)
    assert len({entry["id"] for entry in history}) == len(history)
    # Each has its answer.
    for one, following in zip(history, [*history[1:], None], strict=True):
        assert one["from"] == "bot" or following["from"] == "bot", one
    # And it is shown as it was said, once.
    expect(storm.chat.mine).to_have_count(len(heard))
    assert sorted(storm.chat.said()) == sorted(heard)
    storm.chat.reload()
    expect(storm.chat.mine).to_have_count(len(heard))
    expect(
        storm.chat.widget.locator("li.answer, li.emergency, li.question, li.notice")
    ).to_have_count(len(history) - len(heard))
    assert storm.chat.said() == heard
    print(dict(storm.done), len(storm.sent))
