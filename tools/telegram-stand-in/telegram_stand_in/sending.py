"""The methods that send: messages of all kinds, copies, drafts."""

from __future__ import annotations

import random
import re
from typing import Any

from .bot_api import MEDIA, METHODS, Json, Refusal
from .content import (
    CAPTIONED,
    caption_content,
    input_media,
    media_content,
    text_and_entities,
    text_content,
)
from .request import (
    Request,
    bad,
    business_of,
    cap_rows,
    chat_of,
    check_web_app,
    inline_keyboard,
    message_of,
    plays,
    text_in,
)
from .rich import rich_message
from .state import COPYABLE

# A message's fields that aren't its content.
ENVELOPE = set(
    "message_id date from chat sender_chat message_thread_id is_topic_message edit_date "
    "forward_origin media_group_id reply_to_message reply_markup via_bot has_protected_content "
    "direct_messages_topic sender_tag effect_id business_connection_id sender_business_bot".split()
)
ACTIONS = set(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note".split()
)


def put(request: Request, content: Json, chat: Json | None = None, **more: Any) -> Json:
    """Send a message from the bot to the chat of a call, and return it."""
    if "ephemeral_message_parameters" in request.params:
        request.hints.append("here, everybody in the chat sees an ephemeral message")
    chat = chat or chat_of(request)
    if chat["id"] in request.bot.blocked:
        raise Refusal(403, "Forbidden: bot was blocked by the user")
    markup = inline_keyboard(request)
    check_web_app(request.params, chat)
    in_name_of: Json = {}
    if "business_connection_id" in request.params:
        connection = business_of(request)
        in_name_of = {"from": connection["user"], "sender_business_bot": request.bot.user}
        in_name_of["business_connection_id"] = connection["id"]
    message: Json = {
        "message_id": request.telegram.new_message_id(),
        "date": int(request.telegram.now()),
        "from": request.bot.user,
        "chat": chat,
        **in_name_of,
        **_reply(request, chat),
        **content,
        **markup,
        **more,
    }
    thread = request.get("message_thread_id")
    if thread is not None:
        message |= {"message_thread_id": thread, "is_topic_message": True}
    if request.get("protect_content"):
        message["has_protected_content"] = True
    request.telegram.keep(message)
    for key in [key for key in request.bot.drafts if key[0] == chat["id"]]:
        del request.bot.drafts[key]
    keyboard = request.get("reply_markup", {}) if not markup else {}
    if "keyboard" in keyboard:
        keyboard = {**keyboard, "keyboard": cap_rows(keyboard["keyboard"])}
    if not any(keyboard.get(name) for name in ("keyboard", "remove_keyboard", "force_reply")):
        keyboard = {}
    request.change("message", message=message, **({"keyboard": keyboard} if keyboard else {}))
    return message


def _reply(request: Request, chat: Json) -> Json:
    wish: Json = request.get("reply_parameters") or {}
    if "message_id" not in wish:
        return {}
    place: Any = wish.get("chat_id", chat["id"])
    original = request.telegram.messages.get((place, wish["message_id"]))
    if original is None:
        if wish.get("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    within = {name: value for name, value in original.items() if name != "reply_to_message"}
    return {"reply_to_message": within}


@plays("sendMessage")
def _send_message(request: Request) -> Json:
    return put(request, text_content(request, request.params))


def kind_sent(method: str) -> str:
    """Return the kind of content that a method sends: video_note by sendVideoNote."""
    return re.sub("(?<=.)([A-Z])", r"_\1", method.removeprefix("send")).lower()


@plays(*(method for method in METHODS if kind_sent(method) in MEDIA))
def _send_media(request: Request) -> Json:
    kind = kind_sent(request.method)
    content = media_content(request, kind, request.params[kind], request.params)
    if kind in CAPTIONED:
        content |= caption_content(request, request.params)
    return put(request, content)


@plays("sendMediaGroup")
def _send_media_group(request: Request) -> list[Json]:
    media = request.params["media"]
    if not 2 <= len(media) <= 10:
        few = "too few messages to send"
        raise bad(few if len(media) < 2 else "too many messages to send as an album")
    contents = [input_media(request, item) for item in media]
    group = request.telegram.new_id()
    return [put(request, content, media_group_id=group) for content in contents]


@plays("sendDice")
def _send_dice(request: Request) -> Json:
    emoji = request.get("emoji", "🎲")
    return put(request, {"dice": {"emoji": emoji, "value": random.randint(1, 5)}})


@plays("sendPoll")
def _send_poll(request: Request) -> Json:
    source = request.params
    if not source["options"]:
        raise bad("poll must have at least 1 option")
    question = _poll_text(request, source, "question", "poll question")
    options = [
        {"persistent_id": request.telegram.new_id(), "voter_count": 0}
        | _poll_text(request, option, "text", "poll option")
        for option in source["options"]
    ]
    kind = source.get("type", "regular")
    flags = {"is_closed": False, "is_anonymous": True, "allows_multiple_answers": False}
    flags |= {"allows_revoting": kind == "regular", "members_only": False}
    poll: Json = {
        "id": request.telegram.new_id(),
        **question,
        "options": options,
        "total_voter_count": 0,
        "type": kind,
        **{name: source.get(name, value) for name, value in flags.items()},
    }
    if "correct_option_ids" in source:
        poll["correct_option_ids"] = source["correct_option_ids"]
    return put(request, {"poll": poll})


def _poll_text(request: Request, source: Json, name: str, what: str) -> Json:
    mode, entities = f"{name}_parse_mode", f"{name}_entities"
    text, found = text_in(request, source, name, mode=mode, entities=entities)
    if not text:
        raise bad(f"{what} must be non-empty")
    return {name: text, **({entities: found} if found else {})}


@plays("sendRichMessage")
def _send_rich_message(request: Request) -> Json:
    return put(request, {"rich_message": rich_message(request, request.params["rich_message"])})


@plays("sendMessageDraft", "sendRichMessageDraft")
def _send_draft(request: Request) -> bool:
    chat = chat_of(request)
    if chat["type"] != "private":
        raise bad("drafts can be sent to private chats only")
    if request.params["draft_id"] == 0:
        raise bad("draft_id must be non-zero")
    draft: Json
    if "rich_message" in request.params:
        draft = {"rich_message": rich_message(request, request.params["rich_message"])}
    else:
        text, entities = text_and_entities(request, request.params, "text")
        draft = {"text": text, "entities": entities}
    id = request.params["draft_id"]
    flags = ("can_stop", "keep_on_stop", "message_thread_id")
    kept = {name: request.params[name] for name in flags if name in request.params}
    request.bot.drafts[chat["id"], id] = {**draft, **kept}
    can_stop = request.get("can_stop", False)
    request.change("draft", chat_id=chat["id"], draft_id=id, can_stop=can_stop, **draft)
    return True


@plays("sendChatAction")
def _send_chat_action(request: Request) -> bool:
    chat = chat_of(request)
    if request.params["action"] not in ACTIONS:
        raise bad("wrong parameter action in request")
    request.change("action", chat_id=chat["id"], action=request.params["action"])
    return True


@plays("copyMessage", "forwardMessage")
def _copy_message(request: Request) -> Json:
    is_copy = request.method == "copyMessage"
    original = message_of(request, "to copy" if is_copy else "to forward", "from_chat_id")
    if COPYABLE.isdisjoint(original):
        raise bad(f"message can't be {'copied' if is_copy else 'forwarded'}")
    content = {name: value for name, value in original.items() if name not in ENVELOPE}
    if "caption" in request.params and CAPTIONED & set(content):
        for name in ("caption", "caption_entities", "show_caption_above_media"):
            content.pop(name, None)
        content |= caption_content(request, request.params)
    if is_copy:
        return {"message_id": put(request, content)["message_id"]}
    sender = {"sender_user": original.get("from", request.bot.user)}
    origin = {"type": "user", "date": original["date"], **sender}
    return put(request, content, forward_origin=origin)
