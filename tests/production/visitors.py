"""A load of visitors who keep account of what they were told is stored."""

import threading
import time
import uuid

from needlepoint.channels.rest import NOT_KEPT
from needlepoint.channels.web_chats import HISTORY

QUESTIONS = ("does it hurt?", "how much is it?", "are the needles clean?")
FORM = ("please have someone call me", "{name}", "828 555 0134", "mornings", "yes", "yes")
CONFIRMED = "I have kept your request"
LETTERS = str.maketrans("0123456789", "ghijklmnop")
PAUSE = 0.2  # seconds between two messages
LIMIT = 240  # seconds for what a load is waited for


class Visitor(threading.Thread):
    """Talks in a conversation of their own until told to stop, each message again until answered.

    Attributes:
        kept: ids of the messages whose answer had no note that it was not stored, in order
        not_kept: ids of the others
        liked: ids of the answers whose feedback was acknowledged
        refused: statuses of the calls that were to be tried again
        confirmed: whether the visitor's request to be called back was
        error: what went wrong in this thread
    """

    def __init__(self, site, stop, fills_form):
        super().__init__(daemon=True)
        self.site, self.stop, self.fills_form = site, stop, fills_form
        self.token = site.start()
        self.prefix = uuid.uuid4().hex[:8]
        self.name_given = f"Jo {self.prefix.translate(LETTERS).capitalize()}"
        self.kept, self.not_kept, self.liked, self.refused = [], [], [], []
        self.confirmed, self.error = False, None

    def run(self):
        try:
            turn = 0
            while not self.stop.is_set():
                if self.fills_form and not self.confirmed:
                    self._fill_form()
                else:
                    self._like(self.say(QUESTIONS[turn % len(QUESTIONS)]))
                turn += 1
        except BaseException as error:
            self.error = error
            raise

    def say(self, text):
        """Send a message until it is answered; return the answers."""
        key = f"{self.prefix}-{len(self.kept) + len(self.not_kept):04}"
        body = {"id": key, "text": text}
        answers = self._until(200, "messages", body)["answers"]
        texts = [answer["text"] for answer in answers]
        (self.not_kept if NOT_KEPT in texts else self.kept).append(key)
        time.sleep(PAUSE)
        return answers

    def _fill_form(self):
        for step in FORM:
            said = self.say(step.format(name=self.name_given))
            if any(CONFIRMED in answer["text"] for answer in said):
                self.confirmed = True
                return
        # A step was not kept: from the beginning.
        self.say("cancel")

    def _like(self, answers):
        if any(answer["text"] == NOT_KEPT for answer in answers):
            return
        self._until(204, "feedback", {"answer": answers[0]["id"], "value": "up"})
        self.liked.append(answers[0]["id"])

    def _until(self, wanted, path, body):
        end = time.monotonic() + LIMIT
        while True:
            status, answer = self.site.call(self.site.ports[0], "POST", path, body, self.token)
            if status == wanted:
                return answer
            # Anything else, also no answer in time, is no "try again".
            assert status in (500, 503), (status, answer)
            assert "again" in answer["error"]["message"]
            assert time.monotonic() < end, (status, answer)
            self.refused.append(status)
            time.sleep(0.3)


class Load:
    """Several visitors at once, some of whom ask to be called back."""

    def __init__(self, site, count=6, forms=2):
        self._stop = threading.Event()
        self.visitors = [Visitor(site, self._stop, n < forms) for n in range(count)]

    def __enter__(self):
        for visitor in self.visitors:
            visitor.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for visitor in self.visitors:
            visitor.join(LIMIT)

    def go_on(self, kept):
        """Wait until each visitor has so many more messages kept; fail if one gives up."""
        wanted = [len(visitor.kept) + kept for visitor in self.visitors]
        self.until(
            lambda: all(len(v.kept) >= n for v, n in zip(self.visitors, wanted, strict=True))
        )

    def until(self, is_so):
        end = time.monotonic() + LIMIT
        while not is_so():
            assert not [v.error for v in self.visitors if v.error], self.visitors
            assert time.monotonic() < end, [(len(v.kept), len(v.not_kept)) for v in self.visitors]
            time.sleep(0.05)

    @property
    def not_kept(self):
        return sum(len(visitor.not_kept) for visitor in self.visitors)

    def check(self, site, requests):
        """Make sure that all that was said to be stored is, once, in order, and in its place.

        Args:
            requests: the names on all requests in the database
        """
        for visitor in self.visitors:
            assert visitor.error is None and not visitor.is_alive()
            history = site.history(visitor.token)
            asked = [one["id"] for one in history if one["from"] == "user"]
            assert all(key.startswith(visitor.prefix) for key in asked)
            found = [key for key in asked if key in visitor.kept]
            # A history has the newest messages.
            assert found == visitor.kept[-len(found) if len(history) == HISTORY else 0 :]
            assert len(asked) == len(set(asked))
            likes = [one["id"] for one in history if one.get("feedback") == "up"]
            assert likes[-len(visitor.liked) :] == visitor.liked[-len(likes) :]
            if visitor.fills_form:
                assert visitor.confirmed
                assert requests.count(visitor.name_given) == 1
