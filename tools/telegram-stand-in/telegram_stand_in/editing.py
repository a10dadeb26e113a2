"""The methods that change messages: edits, deletions, reactions."""

from __future__ import annotations

from .bot_api import MEDIA, NO_MESSAGE, Json
from .content import CAPTIONED, caption_content, input_media, text_content
from .request import Request, bad, chat_of, check_web_app, inline_keyboard, message_of, plays
from .rich import rich_message

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


ALL_CONTENT = {*MEDIA, "text", "entities", "caption", "caption_entities", "rich_message"}
ALL_CONTENT |= {"link_preview_options", "show_caption_above_media", "has_media_spoiler"}


def _edit(
    request: Request, content: Json, drops: set[str], *, kinds: set[str], what: str
) -> Json | bool:
    """Replace parts of a message that has one of these kinds of content, and its keyboard.

    `drops` are fields to remove. Raises Refusal if nothing changes.
    """
    telegram = request.telegram
    is_inline = "chat_id" not in request.params and "message_id" not in request.params
    if is_inline:
        id = request.get("inline_message_id")
        if not id:
            raise bad(NO_MESSAGE)
        if id not in telegram.inline_messages:
            raise bad("MESSAGE_ID_INVALID")
        message = telegram.messages[telegram.inline_messages[id]]
    else:
        message = message_of(request, "to edit")
        via = message.get("sender_business_bot") or message.get("via_bot") or {}
        if request.bot.id not in (message.get("from", {}).get("id"), via.get("id")):
            raise bad("message can't be edited")
    if not kinds & set(message):
        raise bad(f"there is no {what} in the message to edit")
    edited = {name: each for name, each in message.items() if name not in drops | {"reply_markup"}}
    edited |= {**content, **inline_keyboard(request)}
    check_web_app(request.params, {"type": "inline"} if is_inline else message["chat"])
    if {**edited, "edit_date": 0} == {**message, "edit_date": 0}:
        raise bad(NOT_MODIFIED)
    with telegram.changed:  # it stays the same object
        message.clear()
        message.update({**edited, "edit_date": int(telegram.now())})
    request.change("edited", message=message)
    return True if is_inline else message  # whose chat the bot may not know


@plays("editMessageText")
def _edit_message_text(request: Request) -> Json | bool:
    if "rich_message" in request.params:
        content = {"rich_message": rich_message(request, request.params["rich_message"])}
    else:
        content = text_content(request, request.params)
    kinds = {"text", "rich_message", "game"}
    return _edit(request, content, ALL_CONTENT, kinds=kinds, what="text")


@plays("editMessageCaption")
def _edit_message_caption(request: Request) -> Json | bool:
    caption = caption_content(request, request.params)
    drops = {"caption", "caption_entities", "show_caption_above_media"}
    return _edit(request, caption, drops, kinds=CAPTIONED, what="caption")


@plays("editMessageMedia")
def _edit_message_media(request: Request) -> Json | bool:
    media = input_media(request, request.params["media"])
    kinds = {*CAPTIONED, "text", "rich_message"}
    return _edit(request, media, ALL_CONTENT, kinds=kinds, what="media")


@plays("editMessageReplyMarkup")
def _edit_message_reply_markup(request: Request) -> Json | bool:
    return _edit(request, {}, set(), kinds={"message_id"}, what="message")


@plays("deleteMessage")
def _delete_message(request: Request) -> bool:
    _delete(request, message_of(request, "to delete"))
    return True


@plays("deleteMessages")
def _delete_messages(request: Request) -> bool:
    chat, ids = chat_of(request), request.params["message_ids"]
    if not ids:
        raise bad("message identifiers are not specified")
    for id in ids:
        if message := request.telegram.messages.get((chat["id"], id)):
            _delete(request, message)
    return True


def _delete(request: Request, message: Json) -> None:
    chat, id = message["chat"], message["message_id"]
    rights = request.telegram.member(chat, request.bot.user)
    may = chat["type"] == "private" or rights.get("can_delete_messages")
    if message.get("from", {}).get("id") != request.bot.id and not may:
        raise bad("message can't be deleted")
    with request.telegram.changed:
        del request.telegram.messages[chat["id"], id]
    request.change("deleted", chat_id=chat["id"], message_id=id)


@plays("setMessageReaction")
def _set_message_reaction(request: Request) -> bool:
    message = message_of(request, "to react")
    reaction = request.get("reaction", [])
    if len(reaction) > 1:
        raise bad("REACTIONS_TOO_MANY")
    ids = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    request.change("reaction", reaction=reaction, **ids)
    return True
