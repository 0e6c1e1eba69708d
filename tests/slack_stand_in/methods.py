"""The methods of the Web API."""

import copy
import re
import uuid
from collections.abc import Mapping
from typing import Any

from slack_events import APP, BOT, BOT_USER, TEAM, new_ts

from slack_stand_in.arguments import Payload
from slack_stand_in.faults import RefusedError
from slack_stand_in.kept import Kept
from slack_stand_in.shapes import age, channel_id, moment, position, shown, whole_view, with_ids

PAGE, MOST = 100, 999  # messages of a history


class Methods(Kept):
    """Each method as ``_its_name``, with its arguments; it returns what its answer has."""

    def _auth_test(self) -> Payload:
        return {
            "url": "https://clinic.slack.com/",
            "team": "Clinic",
            "user": "needlepoint",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "is_enterprise_install": False,
        }

    def _chat_post_message(self, channel: str, **content: Any) -> Payload:
        ts = new_ts()
        message = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": BOT,
            "app_id": APP,
            "team": TEAM,
            "channel": channel_id(channel),
            "ts": ts,
            **with_ids(content),
        }
        self._messages.append(message)
        return {"channel": message["channel"], "ts": ts, "message": shown(message)}

    def _chat_post_ephemeral(self, channel: str, user: str, **content: Any) -> Payload:
        ts = new_ts()
        message = {"channel": channel_id(channel), "user": user, "ts": ts, **with_ids(content)}
        self._ephemerals.append(message)
        return {"message_ts": ts}

    def _chat_update(self, channel: str, ts: str, **content: Any) -> Payload:
        message = self._message(channel, ts)
        if message.get("bot_id") != BOT:
            raise RefusedError("cant_update_message")
        # A text alone takes the place of blocks; blocks alone leave the text.
        if "text" in content and "blocks" not in content:
            message.pop("blocks", None)
            message["edited"] = {"user": BOT_USER, "ts": new_ts()}
        message.update(with_ids(content))
        return {
            "channel": channel,
            "ts": ts,
            "text": message.get("text", ""),
            "message": shown(message),
        }

    def _chat_delete(self, channel: str, ts: str) -> Payload:
        message = self._message(channel, ts)
        if message.get("bot_id") != BOT:
            raise RefusedError("cant_delete_message")
        self._messages.remove(message)
        return {"channel": channel, "ts": ts}

    def _message(self, channel: str, ts: str) -> Payload:
        if not re.fullmatch("[CDG][A-Z0-9]+", channel):
            raise RefusedError("channel_not_found")
        for message in self._messages:
            if message["channel"] == channel and message["ts"] == ts:
                return message
        raise RefusedError("message_not_found")

    def _views_open(self, view: Payload, trigger_id: str) -> Payload:
        if not re.fullmatch(r"\d+\.\d+\.[0-9a-f]+", trigger_id):
            raise RefusedError("invalid_trigger_id")
        if trigger_id in self._triggers:
            raise RefusedError("exchanged_trigger_id")
        self._triggers.add(trigger_id)
        modal = whole_view(view, f"V{uuid.uuid4().hex[:10].upper()}")
        self._modals[modal["id"]] = modal
        return {"view": copy.deepcopy(modal)}

    def _views_update(
        self,
        view: Payload,
        view_id: str = "",
        external_id: str = "",
        hash: str = "",  # noqa: A002  (Slack's name)
    ) -> Payload:
        homes = [views[-1] for views in self._homes.values() if views]
        for old in [*self._modals.values(), *homes]:
            if old["id"] == view_id or (external_id and old["external_id"] == external_id):
                if hash and hash != old["hash"]:
                    raise RefusedError("hash_conflict")
                new = whole_view(view, old["id"])
                old.clear()
                old.update(new)
                return {"view": copy.deepcopy(new)}
        raise RefusedError("not_found")

    def _views_publish(
        self,
        user_id: str,
        view: Payload,
        hash: str = "",  # noqa: A002  (Slack's name)
    ) -> Payload:
        views = self._homes[user_id]
        if hash and views and hash != views[-1]["hash"]:
            raise RefusedError("hash_conflict")
        home = whole_view(view, views[-1]["id"] if views else f"VH{user_id}")
        views.append(home)
        return {"view": copy.deepcopy(home)}

    def _conversations_open(self, users: str = "", channel: str = "", **flags: Any) -> Payload:
        if not users and not channel:
            raise RefusedError("users_list_not_supplied")
        if "," in users:
            found = {"id": "G" + users.replace(",", "")}
        else:
            found = {"id": channel or channel_id(users)}
        return {"channel": found, "no_op": True, "already_open": True}

    def _conversations_history(self, channel: str, **options: Any) -> Payload:
        everything = [each for each in self._messages if each["channel"] == channel_id(channel)]
        roots = [
            each
            for each in everything
            if each.get("thread_ts", each["ts"]) == each["ts"] or each.get("reply_broadcast")
        ]
        return self._pages(sorted(roots, key=age, reverse=True), options)

    def _conversations_replies(self, channel: str, ts: str, **options: Any) -> Payload:
        thread = [
            each
            for each in self._messages
            if each["channel"] == channel_id(channel) and ts in (each["ts"], each.get("thread_ts"))
        ]
        if not thread:
            raise RefusedError("thread_not_found")
        return self._pages(sorted(thread, key=age), options)

    def _pages(self, found: list[Payload], options: Mapping[str, Any]) -> Payload:
        limit = options.get("limit", PAGE)
        if not 1 <= limit <= MOST:
            raise RefusedError("invalid_limit")
        oldest = moment(options.get("oldest") or "0")
        latest = moment(options.get("latest") or "9999999999")
        inclusive = options.get("inclusive", False)
        found = [
            each
            for each in found
            if oldest < age(each) < latest or (inclusive and age(each) in (oldest, latest))
        ]
        begin = position(options.get("cursor", ""))
        end = begin + limit
        page = [shown(each, options.get("include_all_metadata", False)) for each in found]
        for each in page:
            replies = [one for one in self._messages if one.get("thread_ts") == each["ts"]]
            if replies:
                each |= {"thread_ts": each["ts"], "reply_count": len(replies)}
        more = end < len(page)
        return {
            "messages": page[begin:end],
            "has_more": more,
            "response_metadata": {"next_cursor": f"after:{end}" if more else ""},
        }

    def _assistant_threads_set_suggested_prompts(self, **content: Any) -> Payload:
        return self._in_thread(content)

    def _assistant_threads_set_status(self, **content: Any) -> Payload:
        return self._in_thread(content)

    def _assistant_threads_set_title(self, **content: Any) -> Payload:
        return self._in_thread(content)

    def _in_thread(self, content: Payload) -> Payload:
        if not re.fullmatch("[CDG][A-Z0-9]+", content["channel_id"]):
            raise RefusedError("channel_not_found")
        return {}

    def _users_info(self, user: str, include_locale: bool = False) -> Payload:
        if not re.fullmatch("[UW][A-Z0-9]+", user):
            raise RefusedError("user_not_found")
        found = {
            "id": user,
            "team_id": TEAM,
            "name": user.lower(),
            "real_name": f"Person {user}",
            "deleted": False,
            "is_bot": user == BOT_USER,
            "is_app_user": False,
            "tz": "America/New_York",
            "tz_offset": -18000,
            "profile": {"real_name": f"Person {user}", "display_name": user.lower(), "team": TEAM},
        }
        return {"user": {**found, "locale": "en-US"} if include_locale else found}
