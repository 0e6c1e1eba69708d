"""What Slack takes: the limits in its reference of Block Kit, views and messages.

Checks are functions from a value and its place to the problems found. They are stricter than Slack
in one thing: an ``action_id`` is used once in a message, not once in a block.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

Check = Callable[[Any, str], Iterator[str]]

MAX_TEXT = 40_000  # characters; what is longer is cut
RECOMMENDED_TEXT = 4_000  # and the limit of chat.update
MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
# Not in the reference; from about 13,200 on, Slack was seen to answer msg_blocks_too_long.
BLOCKS_TEXT = 13_000  # characters of all blocks of a message
ID = 255
URL = 3_000
MAX_PROMPTS = 4


def string(value: Any, place: str, *, most: int, least: int = 1) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{place}: must be a string"
    elif not least <= len(value) <= most:
        yield f"{place}: has {len(value)} characters, not {least} to {most}"


def boolean(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{place}: must be true or false"


def number(value: Any, place: str, *, least: int, most: int) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{place}: must be a whole number"
    elif not least <= value <= most:
        yield f"{place}: is {value}, not {least} to {most}"


def matching(value: Any, place: str, *, pattern: str) -> Iterator[str]:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        yield f"{place}: {value!r} does not match {pattern}"


def items(value: Any, place: str, *, check: Check, most: int, least: int = 1) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place}: must be a list"
        return
    if not least <= len(value) <= most:
        yield f"{place}: has {len(value)} items, not {least} to {most}"
    for index, item in enumerate(value):
        yield from check(item, f"{place}[{index}]")


def fields(
    value: Any,
    place: str,
    *,
    needed: Mapping[str, Check],
    allowed: Mapping[str, Check] | None = None,
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be an object"
        return
    known = {**needed, **(allowed or {})}
    for name in needed:
        if name not in value:
            yield f"{place}: {name} is missing"
    for name, part in value.items():
        if name in known:
            yield from known[name](part, f"{place}.{name}")
        else:
            yield f"{place}: {name} is not a field of it"


def of_type(value: Any, place: str, *, types: Mapping[str, Check]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be an object"
    elif not isinstance(value.get("type"), str) or value["type"] not in types:
        yield f"{place}: type {value.get('type')!r} is none of {', '.join(sorted(types))}"
    else:
        yield from types[value["type"]](value, place)


def text_object(value: Any, place: str, *, most: int, types: tuple[str, ...]) -> Iterator[str]:
    extra = {"plain_text": "emoji", "mrkdwn": "verbatim"}
    shapes = {
        kind: partial(
            fields,
            needed={"type": string_of(ID), "text": string_of(most)},
            allowed={extra[kind]: boolean},
        )
        for kind in types
    }
    yield from of_type(value, place, types=shapes)


def string_of(most: int, least: int = 1) -> Check:
    return partial(string, most=most, least=least)


def plain(most: int) -> Check:
    return partial(text_object, most=most, types=("plain_text",))


def either(most: int) -> Check:
    return partial(text_object, most=most, types=("plain_text", "mrkdwn"))


def list_of(check: Check, most: int, least: int = 1) -> Check:
    return partial(items, check=check, most=most, least=least)


def shape(needed: Mapping[str, Check], allowed: Mapping[str, Check] | None = None) -> Check:
    return partial(fields, needed={"type": string_of(ID), **needed}, allowed=allowed)


STYLE = partial(matching, pattern="primary|danger")
CONFIRM = partial(
    fields,
    needed={"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)},
    allowed={"style": STYLE},
)
DATE = partial(matching, pattern=r"\d{4}-\d\d-\d\d")
TIME = partial(matching, pattern=r"([01]\d|2[0-3]):[0-5]\d")
ACTION: dict[str, Check] = {
    "action_id": string_of(ID),
    "confirm": CONFIRM,
    "focus_on_load": boolean,
}
PLACEHOLDER: dict[str, Check] = {"placeholder": plain(150)}
DISPATCH = partial(
    fields,
    needed={
        "trigger_actions_on": list_of(
            partial(matching, pattern="on_enter_pressed|on_character_entered"), 2
        )
    },
)


def option(text: Check, **more: Check) -> Check:
    return partial(
        fields,
        needed={"text": text, "value": string_of(150)},
        allowed={"description": text, **more},
    )


MENU_OPTION, BOX_OPTION = option(plain(75)), option(either(75))
GROUP = partial(fields, needed={"label": plain(75), "options": list_of(MENU_OPTION, 100)})


def choices(value: Any, place: str, *, of: Check, check: Check) -> Iterator[str]:
    """An element with options: those chosen at first are among them, no value is there twice."""
    yield from check(value, place)
    grouped = [group.get("options") for group in objects(value.get("option_groups"))]
    offered = [each for some in [value.get("options"), *grouped] for each in objects(some)]
    if value["type"] in MENUS and ("options" in value) == ("option_groups" in value):
        yield f"{place}: needs either options or option_groups"
    yield from _repeated("value", offered, f"{place}.options: ")
    at_first = value.get("initial_options", [])
    if "initial_option" in value:
        at_first = [value["initial_option"]]
    for each in objects(at_first):
        yield from of(each, f"{place}.initial_options")
        if each not in offered:
            yield f"{place}.initial_options: {each.get('value')!r} is not offered"


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, whatever it is."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def an_object(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: must be an object"


def anything(value: Any, place: str) -> Iterator[str]:
    yield from ()


def menu(**more: Check) -> Check:
    allowed = {
        **ACTION,
        **PLACEHOLDER,
        "options": list_of(MENU_OPTION, 100),
        "option_groups": list_of(GROUP, 100),
        **more,
    }
    return partial(choices, of=MENU_OPTION, check=shape({}, allowed))


def boxes(initial: str) -> Check:
    allowed = {**ACTION, initial: anything}
    check = shape({"options": list_of(BOX_OPTION, 10)}, allowed)
    return partial(choices, of=BOX_OPTION, check=check)


def text_input(value: Any, place: str) -> Iterator[str]:
    allowed: dict[str, Check] = {
        "action_id": string_of(ID),
        "initial_value": string_of(3_000, least=0),
        "multiline": boolean,
        "min_length": partial(number, least=0, most=3_000),
        "max_length": partial(number, least=1, most=3_000),
        "dispatch_action_config": DISPATCH,
        "focus_on_load": boolean,
        **PLACEHOLDER,
    }
    found = list(shape({}, allowed)(value, place))
    yield from found
    if found:
        return
    least, most = value.get("min_length", 0), value.get("max_length", 3_000)
    if least > most:
        yield f"{place}: min_length is greater than max_length"
    if value.get("initial_value") and not least <= len(value["initial_value"]) <= most:
        yield f"{place}.initial_value: is not of the length that is asked for"


def typed_input(**more: Check) -> Check:
    allowed: dict[str, Check] = {
        "action_id": string_of(ID),
        "initial_value": string_of(3_000),
        "dispatch_action_config": DISPATCH,
        "focus_on_load": boolean,
        **PLACEHOLDER,
    }
    return shape({}, {**allowed, **more})


IMAGE = {"image_url": string_of(URL), "alt_text": string_of(2_000)}
MENUS: dict[str, Check] = {
    "static_select": menu(initial_option=anything),
    "multi_static_select": menu(
        initial_options=anything, max_selected_items=partial(number, least=1, most=100)
    ),
}
ELEMENTS: dict[str, Check] = {
    **MENUS,
    "button": shape(
        {"text": plain(75)},
        {
            "action_id": string_of(ID),
            "url": string_of(URL),
            "value": string_of(2_000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string_of(75),
        },
    ),
    "overflow": shape(
        {"options": list_of(option(plain(75), url=string_of(URL)), 5)},
        {"action_id": string_of(ID), "confirm": CONFIRM},
    ),
    "checkboxes": boxes("initial_options"),
    "radio_buttons": boxes("initial_option"),
    "datepicker": shape({}, {**ACTION, **PLACEHOLDER, "initial_date": DATE}),
    "timepicker": shape(
        {}, {**ACTION, **PLACEHOLDER, "initial_time": TIME, "timezone": string_of(ID)}
    ),
    "datetimepicker": shape(
        {}, {**ACTION, "initial_date_time": partial(number, least=10**9, most=10**10)}
    ),
    "users_select": shape({}, {**ACTION, **PLACEHOLDER, "initial_user": string_of(ID)}),
    "channels_select": shape({}, {**ACTION, **PLACEHOLDER, "initial_channel": string_of(ID)}),
}
INPUTS: dict[str, Check] = {
    **{name: check for name, check in ELEMENTS.items() if name not in ("button", "overflow")},
    "plain_text_input": text_input,
    "email_text_input": typed_input(),
    "url_text_input": typed_input(),
    "number_input": typed_input(
        is_decimal_allowed=boolean, min_value=string_of(ID), max_value=string_of(ID)
    ),
}
IMAGE_ELEMENT = {"image": shape(IMAGE)}
FEEDBACK_BUTTON = partial(
    fields,
    needed={"text": plain(75), "value": string_of(2_000)},
    allowed={"accessibility_label": string_of(75)},
)
CONTEXT_ACTIONS: dict[str, Check] = {
    "feedback_buttons": shape(
        {"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON},
        {"action_id": string_of(ID)},
    ),
    "icon_button": shape(
        {"icon": string_of(ID), "text": plain(75)},
        {
            "action_id": string_of(ID),
            "value": string_of(2_000),
            "confirm": CONFIRM,
            "accessibility_label": string_of(75),
            "visible_to_user_ids": list_of(string_of(ID), 100),
        },
    ),
}


def section(value: Any, place: str) -> Iterator[str]:
    allowed: dict[str, Check] = {
        "block_id": string_of(ID),
        "text": either(3_000),
        "fields": list_of(either(2_000), 10),
        "accessory": partial(of_type, types={**ELEMENTS, **IMAGE_ELEMENT}),
        "expand": boolean,
    }
    yield from shape({}, allowed)(value, place)
    if "text" not in value and "fields" not in value:
        yield f"{place}: needs text or fields"


def block(needed: Mapping[str, Check], **allowed: Check) -> Check:
    return shape(needed, {"block_id": string_of(ID), **allowed})


TEXTS_AND_IMAGES = {**IMAGE_ELEMENT, "mrkdwn": either(3_000), "plain_text": either(3_000)}
BLOCKS: dict[str, Check] = {
    "section": section,
    "header": block({"text": plain(150)}),
    "divider": block({}),
    "image": block(IMAGE, title=plain(2_000)),
    "context": block({"elements": list_of(partial(of_type, types=TEXTS_AND_IMAGES), 10)}),
    "actions": block({"elements": list_of(partial(of_type, types=ELEMENTS), 25)}),
    "input": block(
        {"label": plain(2_000), "element": partial(of_type, types=INPUTS)},
        hint=plain(2_000),
        optional=boolean,
        dispatch_action=boolean,
    ),
}
OF_MESSAGES: dict[str, Check] = {
    "markdown": block({"text": string_of(12_000)}),
    "context_actions": block({"elements": list_of(partial(of_type, types=CONTEXT_ACTIONS), 5)}),
}
MESSAGE_LIST = list_of(partial(of_type, types={**BLOCKS, **OF_MESSAGES}), MESSAGE_BLOCKS, least=0)
VIEW_LIST = list_of(partial(of_type, types=BLOCKS), VIEW_BLOCKS)
METADATA = partial(fields, needed={"event_type": string_of(ID), "event_payload": an_object})
ATTACHMENT = partial(
    fields,
    needed={},
    allowed={
        "blocks": MESSAGE_LIST,
        "color": partial(matching, pattern="#[0-9a-fA-F]{6}|good|warning|danger"),
        "fallback": string_of(MAX_TEXT),
    },
)
EACH_VIEW = {
    "callback_id": string_of(ID),
    "private_metadata": string_of(3_000, least=0),
    "external_id": string_of(ID),
}
VIEWS: dict[str, Check] = {
    "home": shape({"blocks": VIEW_LIST}, EACH_VIEW),
    "modal": shape(
        {"blocks": VIEW_LIST, "title": plain(24)},
        {
            **EACH_VIEW,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
}
VIEW_TYPES = {"views.publish": ("home",), "views.open": ("modal",)}
PROMPTS = list_of(
    partial(fields, needed={"title": string_of(ID), "message": string_of(RECOMMENDED_TEXT)}),
    MAX_PROMPTS,
)


def problems(method: str, payload: Mapping[str, Any]) -> list[str]:
    """Return what Slack would refuse in the arguments of a call.

    Args:
        method: of Slack's Web API, or "response" for what is posted to a response URL
        payload: the arguments, their JSON decoded
    """
    if method.startswith("views."):
        return list(_view(payload.get("view"), VIEW_TYPES.get(method, tuple(VIEWS))))
    if method == "assistant.threads.setSuggestedPrompts":
        return list(PROMPTS(payload.get("prompts"), "prompts"))
    if method.startswith("chat.") or method == "response":
        return list(_message(method, payload))
    return []


def _message(method: str, payload: Mapping[str, Any]) -> Iterator[str]:
    most = RECOMMENDED_TEXT if method == "chat.update" else MAX_TEXT
    blocks = payload.get("blocks") or []
    if payload.get("text"):
        yield from string(payload["text"], "text", most=most)
    elif blocks or payload.get("attachments"):
        yield "text: is missing, which notifications and screen readers need beside blocks"
    if "blocks" in payload:
        yield from MESSAGE_LIST(payload["blocks"], "blocks")
    if "attachments" in payload:
        yield from list_of(ATTACHMENT, 100, least=0)(payload["attachments"], "attachments")
    if payload.get("metadata"):
        yield from METADATA(payload["metadata"], "metadata")
    nested = [attachment.get("blocks") for attachment in objects(payload.get("attachments"))]
    every = [each for some in [blocks, *nested] for each in objects(some)]
    length = sum(len(text) for text in _texts(every))
    if length > BLOCKS_TEXT:
        yield f"blocks: have {length} characters, not at most {BLOCKS_TEXT}"
    yield from _repeated("block_id", every)
    yield from _repeated("action_id", [each for one in every for each in _elements(one)])


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _texts(each)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        yield from _texts(list(part.values()))


def _view(view: Any, types: tuple[str, ...]) -> Iterator[str]:
    found = list(of_type(view, "view", types={name: VIEWS[name] for name in types}))
    yield from found
    if not isinstance(view, dict):
        return
    blocks = objects(view.get("blocks"))
    yield from _repeated("block_id", blocks)
    for each in blocks:
        yield from _repeated("action_id", _elements(each))
    elements = [element for each in blocks for element in _elements(each)]
    if sum(element.get("focus_on_load") is True for element in elements) > 1:
        yield "view: focus_on_load is on more than one element"
    inputs = any(each.get("type") == "input" for each in blocks)
    if view.get("type") == "modal" and inputs and "submit" not in view:
        yield "view: submit is missing, which input blocks need"


def _elements(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    single = [block.get("accessory"), block.get("element")]
    return objects(block.get("elements")) + objects(single)


def _repeated(name: str, parts: list[dict[str, Any]], place: str = "") -> Iterator[str]:
    values = [part[name] for part in parts if isinstance(part.get(name), str)]
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{place}{name}: {value!r} is there {count} times"


_SLACK_LINK = re.compile(
    r"<(?:(?:https?://|mailto:|tel:)[^<>|\s]+|[@#!][^<>|\s]+)(?:\|([^<>|]*))?>"
)
_MARKDOWN = {
    "bold of Markdown": re.compile(r"\*\*(?=\S).+?\*\*"),
    "link of Markdown": re.compile(r"\[[^\]\n]+\]\([^)\s]+\)"),
    "heading of Markdown": re.compile(r"^#{1,6} \S", re.MULTILINE),
    "underscores of Markdown": re.compile(r"__(?=\S).+?__"),
}
_RAW_IN_PLAIN = {**_MARKDOWN, "link of mrkdwn in plain text": _SLACK_LINK}
_RAW_IN_MRKDWN = {
    **_MARKDOWN,
    "unescaped &": re.compile(r"&(?!amp;|lt;|gt;)"),
    "unescaped <": re.compile(r"<"),
    # At the start of a line it is a quote.
    "unescaped >": re.compile(r"(?<!^)>", re.MULTILINE),
}


def raw_markdown(payload: Any) -> list[str]:
    """Return what in a payload's texts Slack would show otherwise than it is meant.

    Args:
        payload: of a message, with blocks or without, or of a view
    """
    found = []
    for kind, text in shown_texts(payload):
        # Of Slack's own links, only the label is for people to read.
        shown = _SLACK_LINK.sub(lambda link: link[1] or "", text) if kind == "mrkdwn" else text
        raw = _RAW_IN_MRKDWN if kind == "mrkdwn" else _RAW_IN_PLAIN
        found += [f"{name}: {text}" for name, pattern in raw.items() if pattern.search(shown)]
    return found


def shown_texts(payload: Any) -> Iterator[tuple[str, str]]:
    """Return all texts of a payload, each with its kind: "mrkdwn" or "plain_text"."""
    if isinstance(payload, list):
        for part in payload:
            yield from shown_texts(part)
    elif isinstance(payload, dict):
        text, kind = payload.get("text"), payload.get("type", "message")
        if isinstance(text, str) and kind in ("mrkdwn", "plain_text", "message"):
            yield "plain_text" if kind == "plain_text" else "mrkdwn", text
        for name, part in payload.items():
            if name != "metadata":
                yield from shown_texts(part)
