"""What the bot listens to in Slack, by Slack's own framework Bolt.

What asks for an answer is stored and then acknowledged; when it cannot be stored, Bolt answers with
an error: Slack sends an event again, and shows the person an error after a command or a click. What
is only shown (the Home tab, the window of the form, suggested prompts, the thumb that was chosen)
is shown once, after the acknowledgement.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rasa.core.agent import Agent
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from needlepoint import names
from needlepoint.channels import slack_blocks as kit
from needlepoint.channels import slack_inbox as inbox
from needlepoint.channels import slack_request
from needlepoint.channels.opening import opening_buttons
from needlepoint.channels.records import Records, RecordsError
from needlepoint.channels.slack_api import Api, CannotPostError
from needlepoint.channels.slack_home import home_view, prompts
from needlepoint.channels.slack_incoming import Incoming, Reader
from needlepoint.channels.slack_texts import Texts
from needlepoint.channels.slack_worker import Worker
from needlepoint.dialogue.nlg import without_unknown
from needlepoint.feedback import store_feedback
from needlepoint.observability.metrics import count_feedback
from needlepoint.referral.clinic import Clinic
from needlepoint.referral.requests import store_request
from needlepoint.safety.numbers import EVERYWHERE, read_numbers

COMMAND = "/acupuncture"
SHORTCUT = "ask_needlepoint"
Body = Mapping[str, Any]
Ack = Callable[..., Awaitable[Any]]
logger = logging.getLogger(__name__)


class Listeners:
    """Everything that people can do with the bot in Slack."""

    def __init__(
        self,
        agent: Callable[[], Agent | None],
        records: Records,
        api: Api,
        worker: Worker,
        reader: Reader,
        texts: Texts,
        clinic: Clinic,
        keep_days: float,
    ) -> None:
        """Take what they need; ``keep_days`` is how long conversations are kept."""
        self._agent = agent
        self._records = records
        self._api = api
        self._worker = worker
        self._reader = reader
        self._texts = texts
        self._clinic = clinic
        self._keep_days = keep_days
        self._emergency = read_numbers()[EVERYWHERE]["emergency"]
        # Loops hold tasks weakly.
        self._tasks: set[asyncio.Task[Any]] = set()

    def app(self, signing_secret: str) -> AsyncApp:
        """Return the Bolt app; it checks the signature of each request."""

        # Not asked of Slack for each request: to acknowledge must not depend on its API.
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None,
                team_id=None,
                bot_token=self._api.client.token,
            )

        bolt_logger = logging.getLogger(f"{__name__}.bolt")
        # At lower levels it logs what people wrote.
        bolt_logger.setLevel(logging.WARNING)
        app = AsyncApp(
            name="needlepoint",
            logger=bolt_logger,
            signing_secret=signing_secret,
            client=self._api.client,
            authorize=authorize,
            # First stored, then acknowledged.
            process_before_response=True,
        )
        app.event("message")(self.message)
        app.event("app_mention")(self.message)
        app.event("app_home_opened")(self.home)
        app.event("assistant_thread_started")(self.assistant)
        app.event("assistant_thread_context_changed")(self.nothing)
        app.command(COMMAND)(self.command)
        app.shortcut(SHORTCUT)(self.shortcut)
        app.action(re.compile(rf"^{kit.ASK}:"))(self.button)
        app.action(re.compile(rf"^({kit.UP}|{kit.DOWN})$"))(self.opinion)
        app.action(kit.FORM)(self.form)
        app.view(slack_request.CALLBACK)(self.submit)
        return app

    async def check_token(self) -> None:
        """Ask Slack whether it knows the bot, and log it if not."""
        try:
            await self._api.call("auth.test")
        except CannotPostError as error:
            if error.is_passing:
                logger.warning("Slack does not tell whether it knows this bot: %s.", error.code)
                return
            logger.error("Slack does not know this bot: %s. Look at SLACK_BOT_TOKEN.", error.code)

    async def message(self, body: Body) -> None:
        """Answer a direct message or a mention."""
        incoming = self._reader.message(body)
        if incoming:
            await self._put(incoming)

    async def command(self, body: Body, ack: Ack) -> None:
        """Answer a slash command, for the eyes of who gave it."""
        incoming = self._reader.command(body)
        if not incoming.text:
            await ack(response_type="ephemeral", **kit.notice(self._texts["command_help"]))
            return
        await self._put(incoming)
        await ack()

    async def shortcut(self, body: Body, ack: Ack) -> None:
        """Answer what is asked in a message that somebody chose."""
        incoming = self._reader.shortcut(body)
        if incoming.text:
            await self._put(incoming)
        await ack()
        if not incoming.text:
            content = {**kit.notice(self._texts["nothing_to_read"]), "response_type": "ephemeral"}
            self._soon(self._api.respond(body["response_url"], content))

    async def button(self, body: Body, ack: Ack) -> None:
        """Answer a question that the bot offered."""
        await self._put(self._reader.button(body))
        await ack()

    async def opinion(self, body: Body, ack: Ack) -> None:
        """Store what somebody thinks of an answer, and show that it is stored."""
        action = body["actions"][0]
        said = json.loads(action["value"])
        # Of the person, not of the thread: each has a thumb there.
        conversation = self._reader.conversation(body["user"]["id"])
        given = (conversation, said["answer"], said["response"], action["action_id"])
        await self._records.run(store_feedback, *given)
        count_feedback(action["action_id"])
        await ack()
        shown: Body = body.get("message") or {}
        thanks = kit.notice(self._texts[kit.THANKS[action["action_id"]]])
        content = {**thanks, "response_type": "ephemeral", "replace_original": False}
        # Of what only one person sees, Slack does not say how it looks now.
        if "blocks" in shown:
            blocks = kit.with_opinion(shown["blocks"], action["action_id"], self._texts)
            content = {"text": shown.get("text", ""), "blocks": blocks, "replace_original": True}
        self._soon(self._api.respond(body["response_url"], content))

    async def form(self, body: Body, ack: Ack) -> None:
        """Open the form to be called back."""
        place, conversation = self._reader.place(body), self._reader.conversation_at(body)
        promise = self._text(
            names.UTTER_ASK_REQUEST_CONSENT,
            clinic_name=self._clinic.name,
            keep_days=self._clinic.keep_requests_days,
        )
        view = slack_request.modal(self._texts, promise, conversation, place)
        await ack()
        # Slack lets a window open only in the three seconds after the click.
        self._soon(self._call("views.open", trigger_id=body["trigger_id"], view=view))

    async def submit(self, body: Body, ack: Ack) -> None:
        """Store a request to be called back, then confirm it."""
        view = body["view"]
        found = slack_request.read_form(view, self._clinic.country, self._texts, self._responses())
        if isinstance(found, dict):
            await ack(response_action="errors", errors=found)
            return
        conversation, place = slack_request.read_metadata(view)
        clinic = self._clinic
        confirmed = Incoming(view["id"], conversation, "", None, place, confirms=found.name)
        try:
            await self._records.run(
                store_request, conversation, found, clinic.keep_requests_days, clinic.delivers
            )
            await self._put(confirmed)
        except RecordsError:
            trouble = self._text(
                names.UTTER_REQUEST_TROUBLE, clinic_phone=clinic.phone, clinic_email=clinic.email
            )
            await ack(response_action="errors", errors={slack_request.NAME: trouble})
            return
        await ack()

    async def home(self, event: Body) -> None:
        """Show the Home tab."""
        if event.get("tab") == "home":
            view = home_view(
                self._texts, self._responses(), self._clinic, self._emergency, self._keep_days
            )
            self._soon(self._call("views.publish", user_id=event["user"], view=view))

    async def assistant(self, body: Body) -> None:
        """Begin a conversation in the assistant's view."""
        incoming = self._reader.assistant(body)
        await self._put(incoming)
        self._soon(
            self._call(
                "assistant.threads.setSuggestedPrompts",
                channel_id=incoming.place.channel,
                thread_ts=incoming.place.thread,
                prompts=prompts(opening_buttons(self._agent())),
            )
        )

    async def nothing(self) -> None:
        """Acknowledge what needs no answer."""

    async def _put(self, incoming: Incoming) -> None:
        """Store what came.

        Raises:
            RecordsError: it could not be stored.
        """
        if await self._records.run(inbox.put, incoming):
            self._worker.wake()

    async def _call(self, method: str, **fields: Any) -> None:
        await self._api.call(method, **fields)

    def _soon(self, work: Awaitable[None]) -> None:
        """Do something after the acknowledgement; its failure is logged."""
        task = asyncio.ensure_future(self._logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  (nobody waits for it any more)
            logger.error("Slack: something could not be shown: %s", type(error).__name__)

    def _responses(self) -> Mapping[str, Any]:
        agent = self._agent()
        responses: Mapping[str, Any] = agent.domain.responses if agent and agent.domain else {}
        return responses

    def _text(self, response: str, **values: object) -> str:
        """Return a text of the domain, without the lines whose value is not known."""
        text = without_unknown(self._responses()[response][0]["text"], values)
        return text.format(**values)
