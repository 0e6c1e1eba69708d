"""The arguments of the API's methods: their kinds, and how a form or a query has them."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from slack_stand_in.faults import RefusedError

Payload = dict[str, Any]
TEXT, FLAG, NUMBER, LIST, OBJECT = str, bool, int, list, dict
Kinds = dict[str, type]

_CONTENT: Kinds = {"text": TEXT, "blocks": LIST, "attachments": LIST}
_PARSING: Kinds = {"parse": TEXT, "link_names": FLAG}
_LOOKS: Kinds = {"username": TEXT, "icon_emoji": TEXT, "icon_url": TEXT}
_PAGES: Kinds = {
    "cursor": TEXT,
    "inclusive": FLAG,
    "include_all_metadata": FLAG,
    "latest": TEXT,
    "oldest": TEXT,
    "limit": NUMBER,
}
# Of each method: the arguments that it needs, and those that it can have.
METHODS: dict[str, tuple[Kinds, Kinds]] = {
    "auth.test": ({}, {}),
    "chat.postMessage": (
        {"channel": TEXT},
        {
            **_CONTENT,
            **_PARSING,
            **_LOOKS,
            "thread_ts": TEXT,
            "reply_broadcast": FLAG,
            "unfurl_links": FLAG,
            "unfurl_media": FLAG,
            "mrkdwn": FLAG,
            "metadata": OBJECT,
        },
    ),
    "chat.postEphemeral": (
        {"channel": TEXT, "user": TEXT},
        {**_CONTENT, **_PARSING, **_LOOKS, "thread_ts": TEXT},
    ),
    "chat.update": (
        {"channel": TEXT, "ts": TEXT},
        {**_CONTENT, **_PARSING, "reply_broadcast": FLAG, "metadata": OBJECT},
    ),
    "chat.delete": ({"channel": TEXT, "ts": TEXT}, {}),
    "views.open": ({"view": OBJECT, "trigger_id": TEXT}, {}),
    "views.update": ({"view": OBJECT}, {"view_id": TEXT, "external_id": TEXT, "hash": TEXT}),
    "views.publish": ({"view": OBJECT, "user_id": TEXT}, {"hash": TEXT}),
    "conversations.open": (
        {},
        {"users": TEXT, "channel": TEXT, "return_im": FLAG, "prevent_creation": FLAG},
    ),
    "conversations.history": ({"channel": TEXT}, _PAGES),
    "conversations.replies": ({"channel": TEXT, "ts": TEXT}, _PAGES),
    "assistant.threads.setSuggestedPrompts": (
        {"channel_id": TEXT, "prompts": LIST},
        {"thread_ts": TEXT, "title": TEXT},
    ),
    "assistant.threads.setStatus": (
        {"channel_id": TEXT, "thread_ts": TEXT, "status": TEXT},
        {"loading_messages": LIST, **_LOOKS},
    ),
    "assistant.threads.setTitle": ({"channel_id": TEXT, "thread_ts": TEXT, "title": TEXT}, {}),
    "users.info": ({"user": TEXT}, {"include_locale": FLAG}),
    "apps.connections.open": ({}, {}),
}
RESPONSE_ARGUMENTS: Kinds = {
    **_CONTENT,
    "response_type": TEXT,
    "replace_original": FLAG,
    "delete_original": FLAG,
    "thread_ts": TEXT,
    "unfurl_links": FLAG,
    "unfurl_media": FLAG,
    "metadata": OBJECT,
}
_FLAGS = {"1": True, "true": True, "0": False, "false": False}


async def read_arguments(request: web.Request) -> Payload:
    """Return the arguments of a call, from its query and its body."""
    given: Payload = dict(request.query)
    body = await request.read()
    if request.content_type == "application/json":
        try:
            sent = json.loads(body)
        except ValueError:
            raise RefusedError("invalid_json") from None
        if not isinstance(sent, dict):
            raise RefusedError("json_not_object")
        given |= sent
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given |= dict(await request.post())
    elif body:
        raise RefusedError("invalid_post_type")
    # Bolt adds it to each call; Slack looks at it in organisations only.
    given.pop("team_id", None)
    needed, allowed = METHODS.get(request.match_info["method"], ({}, {}))
    return decoded(given, {**needed, **allowed})


def decoded(given: Payload, kinds: Kinds) -> Payload:
    """Return arguments with their kinds, as far as a text can be read as its kind."""
    read: dict[type, Callable[[str], Any]] = {
        FLAG: lambda text: _FLAGS[text],
        NUMBER: int,
        LIST: json.loads,
        OBJECT: json.loads,
    }
    found = dict(given)
    for name, value in given.items():
        if isinstance(value, str) and kinds.get(name) in read:
            with suppress(ValueError, KeyError):
                found[name] = read[kinds[name]](value)
    return found


def read_token(request: web.Request, arguments: Payload) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind == "Bearer" and token:
        return token
    in_json = request.content_type == "application/json"
    return None if in_json else arguments.pop("token", None)


def check_arguments(arguments: Payload, needed: Kinds, known: Kinds) -> None:
    wrong = [f"missing required field: {name}" for name in needed if name not in arguments]
    for name, value in arguments.items():
        if name not in known:
            wrong.append(f"no such argument: {name}")
        elif type(value) is not known[name]:
            wrong.append(f"must be provided as {known[name].__name__}: {name}")
    if wrong:
        raise RefusedError("invalid_arguments", *wrong)


def error_of(method: str, found: list[str]) -> str:
    """Return Slack's word for problems."""
    if method.startswith(("views.", "assistant.")):
        return "invalid_arguments"
    if all(each.startswith("text: has") for each in found):
        return "msg_too_long"
    if all(each.startswith("metadata") for each in found):
        return "invalid_metadata_format"
    if all(each.startswith("blocks: have") for each in found):
        return "msg_blocks_too_long"
    return "invalid_blocks"
