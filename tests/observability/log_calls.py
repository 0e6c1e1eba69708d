"""Log as Rasa, its libraries and this project do, with planted words; started by ``test_logs.py``.

The logging is set up as the command ``rasa`` does it, in the same order.
"""

import asyncio
import json
import logging
import sys
import warnings
from types import SimpleNamespace

import rasa.utils.io
import structlog
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import SlotSet
from rasa.utils.common import configure_logging_and_warnings, update_sanic_log_level
from rasa.utils.log_utils import configure_structlog
from sanic.log import error_logger
from sqlalchemy import create_engine, text

from needlepoint.observability.metrics import timed_turn

NAME, PHONE, MAIL = "Zoe Quillfeather", "+1 828 555 0142", "zoe.quill@example.org"
PLANTED = f"I am {NAME}, {PHONE}, {MAIL}"


def main() -> None:
    configure_logging_and_warnings(logging.DEBUG, "logging.yml", True, True)
    rasa.utils.io.configure_colored_logging("DEBUG")
    configure_structlog(logging.DEBUG)
    update_sanic_log_level()
    logging.getLogger("sanic.error").setLevel(logging.DEBUG)
    with timed_turn("web", NAME):
        log_as_rasa()
        log_as_libraries()
        log_as_we_do()
    asyncio.run(forget_a_task())
    print("END")


def log_as_rasa() -> None:
    slots = {"name": SimpleNamespace(name=NAME, value=PLANTED)}
    MessageProcessor._log_slots(SimpleNamespace(slots=slots))
    action = SimpleNamespace(name=lambda: "action_listen", event_for_successful_execution=str)
    silent = SimpleNamespace(update=lambda *_: None, update_with_events=lambda *_: None)
    prediction = SimpleNamespace(events=[SlotSet("name", PLANTED)])
    processor = SimpleNamespace(domain=None)
    MessageProcessor._log_action_on_tracker(
        processor, silent, action, [SlotSet("name", PLANTED)], prediction
    )
    logger = structlog.get_logger("rasa.core.channels.rest")
    try:
        raise ValueError(PLANTED)
    except ValueError:
        logger.exception("rest.message.received.failure", text=PLANTED, sender_id=NAME)


def log_as_libraries() -> None:
    library = logging.getLogger("some.library")
    library.warning(f"No answer to {PLANTED}")
    library.warning("No answer to %s after %d seconds", PLANTED, 7)
    library.warning("No answer to %(who)s", {"who": PLANTED})
    library.warning("Called %s", 18285550142)
    library.warning(PLANTED)
    library.warning('{"event": "%s"}' % PLANTED)  # noqa: UP031  (as libraries do)
    word = NAME.split()[1]
    forged = {"event": word, "action_name": word, "exception": [{"exc_type": word}]}
    library.warning(json.dumps(forged))
    library.warning("Too few %s %s", PLANTED)
    warnings.warn(PLANTED, RuntimeWarning, stacklevel=1)
    try:
        create_engine("sqlite://").connect().execute(text("SELECT :a FROM none"), {"a": PLANTED})
    except Exception as error:  # noqa: BLE001  (any will do)
        error_logger.exception("Exception occurred while handling uri: %s", PLANTED)
        library.error("It failed: %s", error)
        try:
            raise KeyError(PLANTED) from error
        except KeyError:
            library.exception(f"Failed for {NAME}")


def log_as_we_do() -> None:
    ours = logging.getLogger("needlepoint.channels.test")
    ours.warning("Trouble with %s and %s", MAIL, PHONE)
    ours.error("Trouble: %s", ValueError(PLANTED))
    try:
        raise ValueError(PLANTED)
    except ValueError:
        ours.exception("A message could not be handled.")


async def forget_a_task() -> None:
    async def fail() -> None:
        raise ValueError(PLANTED)

    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    del task


if __name__ == "__main__":
    sys.exit(main())
