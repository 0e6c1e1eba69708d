"""Workers in a hurry, to be killed by ``test_faults``: database URL, "mail" or "webhook", port.

Each line on the standard input starts one, whose process id is then a line of the output. They are
forked, so that a new one works at once instead of importing first.
"""

import os
import signal
import sys
import threading

from needlepoint.database.engine import connect
from needlepoint.referral.delivery import Pace, Worker
from needlepoint.referral.mail import Mail, read_smtp_url
from needlepoint.referral.webhook import Webhook

HURRY = Pace(
    first_wait=0.1, longest_wait=0.5, attempts=1000, attempt_limit=1.0, lease=1.5, idle=0.05
)


def work(database: str, way: str, port: str) -> None:
    destination = (
        Webhook(f"http://127.0.0.1:{port}/requests", "a secret")
        if way == "webhook"
        else Mail(
            read_smtp_url(f"smtp://127.0.0.1:{port}"), "bot@clinic.example", "desk@clinic.example"
        )
    )
    Worker(connect(database), destination, HURRY).run(threading.Event())


if __name__ == "__main__":
    # The killed ones are waited for by the system.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        worker = os.fork()
        if not worker:
            work(*sys.argv[1:])
        print(worker, flush=True)
