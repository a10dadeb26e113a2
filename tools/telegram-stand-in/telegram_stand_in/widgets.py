"""Widgets: one HTML document in a message, which asks the bot by queries.

It is kept and shown as a card, and not run. The wording of refusals is ours.
Source: https://core.telegram.org/bots/widgets
"""

from __future__ import annotations

import zlib
from typing import Any

from .bot_api import NO_MESSAGE
from .content import caption_content, picked
from .editing import edited_message
from .request import Request, bad, chat_of, plays, take_query
from .sending import put

Json = dict[str, Any]

LARGEST_HTML = 32_768  # bytes
LARGEST_COMPRESSED = 4096  # bytes, by zlib at level 9
LARGEST_DATA = 1024  # bytes
DATA = ("chat_data", "public_data")


def widget_content(request: Request, source: Json) -> Json:
    """Return the content of a message with a widget: a new one, or a shared one by its id."""
    if "widget_id" in source:
        widget = {**_shared(request, source["widget_id"]), **_data(source)}
    else:
        html = source["html"].encode()
        if len(html) > LARGEST_HTML or len(zlib.compress(html, 9)) > LARGEST_COMPRESSED:
            raise bad("widget HTML is too long")
        widget = {**picked("Widget", source), **_data(source)}
        if source.get("is_shared"):
            widget["id"] = request.world.new_id()
            request.world.shared_widgets[widget["id"]] = widget
    return {"widget": widget, **caption_content(request, source)}


def _shared(request: Request, id: str) -> Json:
    if id not in request.world.shared_widgets:
        raise bad("widget not found")
    return request.world.shared_widgets[id]


def _data(source: Json) -> Json:
    data = {name: source[name] for name in DATA if name in source}
    if any(len(text.encode()) > LARGEST_DATA for text in data.values()):
        raise bad("widget data is too long")
    return data


@plays("sendWidget", "sendSharedWidget")
def _send_widget(request: Request) -> Json:
    if chat_of(request)["type"] != "private":  # Telegram's test environment allows it
        raise bad("widgets can be sent to private chats only")
    content = widget_content(request, request.params)
    message = put(request, content, has_protected_content=True)
    if request.get("allow_queries"):
        place = message["chat"]["id"], message["message_id"]
        request.world.asking.add(message["widget"].get("id", place))
    return message


@plays("editMessageWidgetData")
def _edit_message_widget_data(request: Request) -> bool:
    message, _ = edited_message(request)
    if "widget" not in message:
        raise bad(NO_MESSAGE)
    with request.world.changed:
        message["widget"] = {**message["widget"], **_data(request.params)}
    request.change("edited", message=message)
    return True


@plays("editSharedWidgetData")
def _edit_shared_widget_data(request: Request) -> bool:
    _shared(request, request.params["widget_id"]).update(_data(request.params))
    return True


@plays("answerWidgetQuery")
def _answer_widget_query(request: Request) -> bool:
    data = _data({"chat_data": request.get("data", "")})["chat_data"]
    id = request.params["widget_query_id"]
    take_query(request, id, "widget_query", "shared_widget_query")
    request.change("widget_answer", id=id, data=data)
    return True
