"""The channel ``health``: what probes and Prometheus ask, at ``/webhooks/health``.

``live`` answers while the process does, ``ready`` says how each part does, ``metrics`` is for
Prometheus. It takes no messages.
"""

from __future__ import annotations

import asyncio
import math
import os
from asyncio import AbstractEventLoop
from typing import Any

from rasa.core.channels.channel import InputChannel
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from needlepoint.channels.rest import OnMessage
from needlepoint.database.tables import FAILED, WAITING
from needlepoint.observability import metrics
from needlepoint.observability.access import TOKEN_VARIABLE, may_read
from needlepoint.observability.facts import read_outbox
from needlepoint.observability.health import Database, probes
from needlepoint.observability.probe import FAILING, OK, Probe, Report, Reporter

NO_STORE = {"Cache-Control": "no-store"}


class HealthSettingsError(RasaException):
    """The settings of the channel cannot be used; the text says what to change."""


class HealthChannel(InputChannel):
    """The channel ``health``; its settings stand in ``credentials.yml``."""

    def __init__(self, deadline: float = 1.0, keep: float = 1.0, outbox_keep: float = 5.0) -> None:
        """Take the settings, all in seconds.

        Args:
            deadline: how long each part may take to answer
            keep: for how long a report is good
            outbox_keep: for how long the numbers of the outbox are

        Raises:
            ValueError: a setting is no positive number.
        """
        for name, number in (("deadline", deadline), ("keep", keep), ("outbox_keep", outbox_keep)):
            if isinstance(number, bool) or not isinstance(number, int | float) or not number > 0:
                raise ValueError(f"{name} is {number!r}; it must be a number of seconds above 0")
        self.deadline, self.keep, self.outbox_keep = deadline, keep, outbox_keep

    @classmethod
    def name(cls) -> str:
        """The channel's name, and its place below ``/webhooks``."""
        return "health"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> HealthChannel:
        """Create the channel from its part of ``credentials.yml``.

        Raises:
            HealthSettingsError: a setting cannot be used.
        """
        try:
            return cls(**(credentials or {}))
        except (ValueError, TypeError) as error:
            raise HealthSettingsError(f"{cls.__module__} in credentials.yml: {error}") from error

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return the routes; the handler of messages is not used."""
        blueprint = Blueprint("needlepoint_health")

        @blueprint.listener("before_server_start")
        async def prepare(app: Sanic, _: AbstractEventLoop) -> None:
            database = Database(self.deadline)

            async def count_outbox() -> None:
                outbox = await asyncio.to_thread(lambda: read_outbox(database.engine()))
                metrics.OUTBOX.labels(WAITING).set(outbox.waiting)
                metrics.OUTBOX.labels(FAILED).set(outbox.failed)
                metrics.OUTBOX_OLDEST.set(outbox.oldest_seconds)

            parts = probes(lambda: getattr(app.ctx, "agent", None), database, self.deadline)
            self._parts = Reporter(parts, self.keep)
            outbox = {"outbox": Probe(count_outbox, self.deadline, essential=False)}
            self._outbox = Reporter(outbox, self.outbox_keep)

        @blueprint.route("/live", methods=["GET"], name="live")
        async def live(_: Request) -> HTTPResponse:
            return response.json({"status": OK}, headers=NO_STORE)

        @blueprint.route("/ready", methods=["GET"], name="ready")
        async def ready(request: Request) -> HTTPResponse:
            report = await self._look()
            status = 503 if report.status == FAILING else 200
            # Whether it answers is for everybody; which part is in trouble is not.
            body = _plain(report) if _may_read(request) else {"status": report.status}
            return response.json(body, status=status, headers=NO_STORE)

        @blueprint.route("/metrics", methods=["GET"], name="metrics")
        async def read_metrics(request: Request) -> HTTPResponse:
            if not _may_read(request):
                return response.json({"error": "forbidden"}, status=403, headers=NO_STORE)
            domain = getattr(getattr(request.app.ctx, "agent", None), "domain", None)
            if domain:
                metrics.begin_intents(domain.intent_properties)
            await asyncio.gather(self._look(), self._count_outbox())
            body = await asyncio.to_thread(metrics.exposition)
            return response.raw(body, headers=NO_STORE, content_type=metrics.CONTENT_TYPE)

        return blueprint

    async def _look(self) -> Report:
        report = await self._parts.report()
        for name, finding in report.parts.items():
            metrics.PART_UP.labels(name).set(finding.status == OK)
        metrics.READY.set(report.status != FAILING)
        return report

    async def _count_outbox(self) -> None:
        report = await self._outbox.report()
        if report.status != OK:
            # Old numbers would look like new ones.
            for gauge in (
                metrics.OUTBOX.labels(WAITING),
                metrics.OUTBOX.labels(FAILED),
                metrics.OUTBOX_OLDEST,
            ):
                gauge.set(math.nan)


def _may_read(request: Request) -> bool:
    return may_read(request.ip, request.headers, os.environ.get(TOKEN_VARIABLE))


def _plain(report: Report) -> dict[str, Any]:
    parts = {
        name: {"status": finding.status, **({"reason": finding.reason} if finding.reason else {})}
        for name, finding in report.parts.items()
    }
    return {"status": report.status, "parts": parts}
