"""The worker that brings stored requests to the clinic, until each has arrived.

Each message carries the same key at every attempt. A worker that is killed after the receiver took
a message, and before that was noted, sends it again: the receiver knows it by its key.
"""

import logging
import random
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from time import monotonic

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from needlepoint.database.engine import connect
from needlepoint.referral import jobs
from needlepoint.referral.deletion import purge_requests
from needlepoint.referral.message import Destination, PermanentError, TemporaryError

DATABASE_WAIT = 5.0  # seconds, after which a database that could not be used is tried again
PURGE_EVERY = 3600.0  # seconds
LONGEST_ASKED_WAIT = 86400.0  # seconds; no receiver can put a message off for longer
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How patient a worker is; times in seconds.

    Attributes:
        first_wait: after the first attempt; it doubles each time
        longest_wait: between two attempts
        attempts: after so many a job is given up; with these values, in three to four days
        attempt_limit: that one attempt may take
        lease: after which others may take the job of a worker that died
        idle: between two looks for jobs that are due
    """

    first_wait: float = 1.0
    longest_wait: float = 3600.0
    attempts: int = 120
    attempt_limit: float = 30.0
    lease: float = 90.0
    idle: float = 1.0

    def __post_init__(self) -> None:
        if self.lease <= self.attempt_limit:
            raise ValueError("The lease must be longer than an attempt, or two have the same job.")

    def wait(self, attempts: int) -> float:
        """Return how long to wait after so many attempts, spread so that not all come at once."""
        # The exponent has a bound, or a number beyond all floats comes out.
        full = min(self.first_wait * 2 ** min(attempts - 1, 60), self.longest_wait)
        return full * random.uniform(0.5, 1.0)


@dataclass
class Tally:
    """What became of the jobs that were due."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0


class Worker:
    """Brings due messages to one destination. Any number of workers may share a database."""

    def __init__(self, engine: Engine, destination: Destination, pace: Pace | None = None) -> None:
        self.engine = engine
        self.destination = destination
        self.pace = pace or Pace()

    def run(self, stop: threading.Event) -> None:
        """Deliver what is due, and purge what is old, until ``stop``; finish the job in hand."""
        next_purge = monotonic()
        while not stop.is_set():
            pause = self.pace.idle
            try:
                self.run_once(stop)
                if monotonic() >= next_purge:
                    purge_requests(self.engine)
                    next_purge = monotonic() + PURGE_EVERY
            except SQLAlchemyError as error:
                _log_away(error)
                pause = DATABASE_WAIT
            stop.wait(pause)

    def run_once(self, stop: threading.Event | None = None) -> Tally:
        """Try each job that is due, until none is left or ``stop``; return what became of them.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be used.
        """
        tally = Tally()
        while not (stop and stop.is_set()):
            job = jobs.take(self.engine, self.pace.lease)
            if job is None:
                break
            self._deliver(job, tally)
        return tally

    def _deliver(self, job: jobs.Job, tally: Tally) -> None:
        request_id = job.message.request_id
        try:
            within(self.pace.attempt_limit, lambda: self.destination.send(job.message))
        except PermanentError as error:
            tally.failed += 1
            noted = jobs.note_failed(self.engine, job, str(error))
            log.error("request %s was refused: %s", request_id, error)
        except TemporaryError as error:
            noted = self._postpone(job, error, tally)
        except Exception as error:  # noqa: BLE001 - a fault with one job must not hold up the others
            noted = self._postpone(job, TemporaryError(_place(error)), tally)
        else:
            tally.sent += 1
            noted = jobs.note_sent(self.engine, job)
            log.info("request %s is delivered", request_id)
        if not noted:
            log.info("request %s was deleted, or taken by another worker, meanwhile", request_id)

    def _postpone(self, job: jobs.Job, error: TemporaryError, tally: Tally) -> bool:
        request_id = job.message.request_id
        if job.attempts >= self.pace.attempts:
            tally.failed += 1
            log.error(
                "request %s is given up after %d attempts: %s", request_id, job.attempts, error
            )
            return jobs.note_failed(self.engine, job, str(error))
        tally.postponed += 1
        wait = max(self.pace.wait(job.attempts), min(error.wait, LONGEST_ASKED_WAIT))
        log.warning("request %s waits another %.0f s: %s", request_id, wait, error)
        return jobs.note_postponed(self.engine, job, str(error), wait)


def connected(stop: threading.Event) -> Engine | None:
    """Return the database as soon as it can be used; None if ``stop`` comes first."""
    while not stop.is_set():
        try:
            return connect()
        except SQLAlchemyError as error:
            _log_away(error)
            stop.wait(DATABASE_WAIT)
    return None


def keep_purging(engine: Engine, stop: threading.Event) -> None:
    """Purge what is old until ``stop``: all there is to do where requests are only kept."""
    while not stop.is_set():
        pause = PURGE_EVERY
        try:
            purge_requests(engine)
        except SQLAlchemyError as error:
            _log_away(error)
            pause = DATABASE_WAIT
        stop.wait(pause)


def _log_away(error: SQLAlchemyError) -> None:
    # Its text may have the values of a row in it: only its name.
    log.error("the database cannot be used: %s", type(error).__name__)


def within(limit: float, call: Callable[[], None]) -> None:
    """Make a call that may take ``limit`` seconds.

    A receiver that sends a byte now and then never runs into the time-out of a socket. Python can
    stop waiting for such a call, not end it: the call is left alone, and dies with the process.

    Raises:
        TemporaryError: it took longer.
        Exception: what the call raised.
    """
    outcome: Future[None] = Future()

    def work() -> None:
        try:
            call()
            outcome.set_result(None)
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for it
            outcome.set_exception(error)

    threading.Thread(target=work, name="delivery", daemon=True).start()
    try:
        outcome.result(limit)
    except TimeoutError:
        raise TemporaryError(f"no answer within {limit:g} s") from None


def _place(error: Exception) -> str:
    """Return where an error came from, without its text: that may have personal data in it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
