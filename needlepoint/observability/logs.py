"""Logs as lines of JSON, without anybody's words.

``logging.yml`` sets them up for ``rasa run --logging-config-file logging.yml``. A line has only
what is known to be harmless: constants of the source, numbers, names of errors and of functions. Of
what other packages log, all values are left out; so it does not matter which of them holds the
message of a person, or may hold it in their next version.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from structlog.contextvars import get_contextvars

from needlepoint.observability.literals import UNKNOWN, literal
from needlepoint.observability.pseudonym import pseudonym

# Whose texts are ours: written without the words of people.
OWN = ("needlepoint", "actions", "rasa_sdk_plugins")
LONGEST = 500  # characters of a text
FRAMES = 30  # of a traceback, the innermost
STRUCTLOG = "structlog"  # the folder of the package
CAUSES = 5  # errors in a chain
# Fields of Rasa's structured events that say how much, or name a part of the domain.
_HARMLESS = ("action_name", "len_extraction_events")
_CONVERSATION = ("sender_id", "conversation_id")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?[hlL]?([a-zA-Z%])")
# What may be in a text of ours by mistake.
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
# The id of a conversation; that of a request is what the staff retries or deletes it by.
_ID = re.compile(r"(?<!request )\b[0-9a-f]{32}\b")
_PHONE = re.compile(r"(?<![\w.:/-])\+?\(?\d(?:[\s().-]{0,2}\d){6,14}(?![\w:/-])")
_WARNING = re.compile(r"([\w./-]+\.py):(\d+): (\w+)")


class Nothing(logging.Filter):
    """Lets nothing through.

    Rasa puts a handler that writes plain text in the place of the one that writes to the terminal,
    and leaves that one's filters on it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False."""
        return False


class StandardOutput(logging.Handler):
    """Writes lines to the standard output; Rasa does not take it for one of its own kind."""

    def __init__(self, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        # Warnings of Python would go to the terminal as they are.
        logging.captureWarnings(True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stdout.write(f"{self.format(record)}\n")
            sys.stdout.flush()
        except Exception:  # noqa: BLE001  (who logs must not fail of it)
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's own name)
        """Say where a line is missing; logging's own would print its words."""
        if sys.stderr:
            sys.stderr.write(f"A line of {record.name} could not be logged: line {record.lineno}\n")


class JsonFormatter(logging.Formatter):
    """Makes a record a line of JSON.

    ``time``, ``level``, ``logger``, ``event``, ``at`` (function and line), ``process``; where there
    is one, ``conversation`` (a pseudonym) and ``errors`` (types and places, the outermost first).
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        source, function, number = _source(record)
        constant = literal(source, number)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record, constant)[:LONGEST],
            "at": f"{function}:{number}",
            "process": record.process,
        }
        fields = _fields(record, constant)
        line.update({name: fields[name] for name in _HARMLESS if _is_harmless(fields.get(name))})
        conversation = _conversation(fields)
        if conversation:
            line["conversation"] = conversation
        errors = _errors(record.exc_info) or _written_errors(fields.get("exception"))
        if errors:
            line["errors"] = errors
        return json.dumps(line, ensure_ascii=False)


def _source(record: logging.LogRecord) -> tuple[str, str, int]:
    """Return the file, function and line of a call."""
    if STRUCTLOG not in Path(record.pathname).parts:
        return record.pathname, record.funcName, record.lineno
    # Of a logger made before structlog was set up, logging takes structlog for the caller. The
    # caller waits for this line, so it is on the stack.
    frame: FrameType | None = sys._getframe()
    is_past = False
    while frame is not None:
        is_structlog = STRUCTLOG in Path(frame.f_code.co_filename).parts
        if is_past and not is_structlog:
            return frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno
        is_past = is_past or is_structlog
        frame = frame.f_back
    return record.pathname, record.funcName, record.lineno


def _event(record: logging.LogRecord, constant: str) -> str:
    if record.name == "py.warnings":
        found = _WARNING.search(record.getMessage())
        return f"{found[3]} at {_short(found[1])}:{found[2]}" if found else UNKNOWN
    if record.name.partition(".")[0] in OWN:
        return _scrubbed(_own_text(record))
    if record.args:
        return _filled(str(record.msg), record.args)
    return constant


def _own_text(record: logging.LogRecord) -> str:
    if not isinstance(record.args, tuple):
        return record.getMessage()
    # Of an error of a library, its text may have anything in it.
    args = tuple(
        type(arg).__name__ if isinstance(arg, BaseException) and not _is_own(arg) else arg
        for arg in record.args
    )
    return str(record.msg) % args if args else str(record.msg)


def _is_own(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in OWN


def _filled(template: str, args: Any) -> str:
    """Return a template with what is harmless of its values."""
    values = iter(args if isinstance(args, tuple) else (args,))

    def value(place: re.Match[str]) -> str:
        if place[2] == "%":
            return "%"
        found = args.get(place[1]) if isinstance(args, Mapping) else next(values, None)
        if isinstance(found, BaseException):
            return type(found).__name__
        if isinstance(found, int | float) and abs(found) < 1_000_000:  # no phone number
            return str(found)
        return UNKNOWN

    return _PLACEHOLDER.sub(value, template)


def _scrubbed(text: str) -> str:
    text = _EMAIL.sub(UNKNOWN, text)
    text = _ID.sub(lambda found: pseudonym(found[0]), text)
    return _PHONE.sub(UNKNOWN, text)


def _fields(record: logging.LogRecord, constant: str) -> dict[str, Any]:
    """Return the fields of an event of structlog, which Rasa has made JSON of."""
    if record.args or not isinstance(record.msg, str) or not record.msg.startswith("{"):
        return {}
    try:
        found = json.loads(record.msg)
    except (ValueError, RecursionError):
        return {}
    # Else it is somebody's text that looks like one.
    return found if isinstance(found, dict) and found.get("event") == constant else {}


def _is_harmless(value: Any) -> bool:
    if isinstance(value, str):
        return _NAME.fullmatch(value) is not None
    return isinstance(value, int)


def _conversation(fields: Mapping[str, Any]) -> str | None:
    for name in _CONVERSATION:
        if isinstance(fields.get(name), str):
            return pseudonym(fields[name])
    # Set by ``metrics.timed_turn``, a pseudonym already.
    return get_contextvars().get("conversation")


def _errors(exc_info: Any) -> list[dict[str, Any]]:
    """Return types and places of an error and what it came from; no texts, no values."""
    if not isinstance(exc_info, tuple) or exc_info[1] is None:
        return []
    errors: list[dict[str, Any]] = []
    seen: set[int] = set()
    error: BaseException | None = exc_info[1]
    while error is not None and id(error) not in seen and len(errors) < CAUSES:
        seen.add(id(error))
        places = list(_places(error.__traceback__))[-FRAMES:]
        errors.append({"type": _type_name(type(error)), "places": places})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return errors


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f"{_short(code.co_filename)}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next


def _written_errors(found: Any) -> list[dict[str, Any]]:
    """Return the same of what structlog has made of an error."""
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    errors = []
    for error in found[:CAUSES]:
        places = [
            f"{_short(str(frame.get('filename')))}:{frame.get('lineno')} {frame.get('name')}"
            for frame in error.get("frames", [])
        ]
        errors.append({"type": str(error.get("exc_type")), "places": places[-FRAMES:]})
    return errors


def _type_name(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _short(filename: str) -> str:
    """Return a path from its package on."""
    path = Path(filename)
    for start in ("site-packages", "python3.10"):
        if start in path.parts:
            return "/".join(path.parts[path.parts.index(start) + 1 :])
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return path.name
