"""What the bot listens to in Slack, by Slack's own framework Bolt.

Each listener stores what came and then acknowledges it; when it cannot be stored, Bolt answers with
an error, and Slack sends it again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rasa.core.agent import Agent
from rasa.shared.core.events import ActiveLoop, BotUttered, Event, SlotSet
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from needlepoint import names
from needlepoint.channels import slack_blocks as kit
from needlepoint.channels import slack_inbox as inbox
from needlepoint.channels import slack_request
from needlepoint.channels.opening import opening_buttons
from needlepoint.channels.records import Records, RecordsError
from needlepoint.channels.slack_api import Api, CannotPostError
from needlepoint.channels.slack_home import home_view, prompts, welcome
from needlepoint.channels.slack_incoming import Incoming, Place, Reader
from needlepoint.channels.slack_texts import Texts
from needlepoint.channels.slack_worker import CHANNEL, Worker
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
        self._bot: str | None = None
        # Loops hold tasks weakly.
        self._tasks: set[asyncio.Task[Any]] = set()

    def app(self, signing_secret: str) -> AsyncApp:
        """Return the Bolt app; it checks the signature of each request."""

        # Not asked of Slack for each request: to acknowledge must not depend on its API.
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None,
                team_id=None,
                bot_user_id=self._bot,
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

    async def learn_own_id(self) -> None:
        """Ask Slack who the bot is, so that it knows when it is mentioned."""
        try:
            self._bot = (await self._api.call("auth.test")).get("user_id")
        except CannotPostError as error:
            logger.error("Slack does not know this bot: %s. Look at SLACK_BOT_TOKEN.", error.code)

    async def message(self, body: Body) -> None:
        """Answer a direct message or a mention."""
        incoming = self._reader.message(body, self._bot)
        if incoming is None:
            return
        if incoming.text:
            await self._put(incoming)
        else:
            self._soon(self._post_welcome(incoming.place))

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
        conversation = self._reader.conversation_at(body)
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
        try:
            await self._records.run(
                store_request, conversation, found, clinic.keep_requests_days, clinic.delivers
            )
        except RecordsError:
            trouble = self._text(
                names.UTTER_REQUEST_TROUBLE, clinic_phone=clinic.phone, clinic_email=clinic.email
            )
            await ack(response_action="errors", errors={slack_request.NAME: trouble})
            return
        await ack()
        self._soon(self._confirm(conversation, place, found.name))

    async def home(self, event: Body) -> None:
        """Show the Home tab."""
        if event.get("tab") == "home":
            view = home_view(
                self._texts, self._responses(), self._clinic, self._emergency, self._keep_days
            )
            self._soon(self._call("views.publish", user_id=event["user"], view=view))

    async def assistant(self, event: Body) -> None:
        """Begin a conversation in the assistant's view."""
        thread = event["assistant_thread"]
        place = Place(thread["channel_id"], thread["user_id"], thread["thread_ts"])
        self._soon(self._post_welcome(place))
        self._soon(
            self._call(
                "assistant.threads.setSuggestedPrompts",
                channel_id=place.channel,
                thread_ts=place.thread,
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

    async def _confirm(self, conversation: str, place: Place, name: str) -> None:
        """End the form in the conversation, if it is open, and say that the request is stored."""
        sent = self._clinic.delivers
        response = names.UTTER_REQUEST_SENT if sent else names.UTTER_REQUEST_KEPT
        agent: Any = self._agent()
        async with agent.lock_store.lock(conversation):
            tracker = await agent.processor.get_tracker(conversation)
            said = await agent.processor.nlg.generate(response, tracker, CHANNEL, request_name=name)
            events: list[Event] = [SlotSet(slot, None) for slot in names.REQUEST_SLOTS]
            if tracker.active_loop_name:
                events.append(ActiveLoop(None))
            about = {"utter_action": response, "metadata": said.get("metadata")}
            said_now = BotUttered(said["text"], metadata=about)
            tracker.update_with_events([*events, said_now], agent.domain)
            await agent.tracker_store.save(tracker)
        await self._worker.send(place, kit.notice(said["text"]), is_private=True)

    async def _post_welcome(self, place: Place) -> None:
        content = welcome(self._texts, opening_buttons(self._agent()))
        await self._worker.send(place, content, is_private=False)

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
