"""Chats: messages and changes of bots, and actions of people."""

from __future__ import annotations

import pytest

from telegram_stand_in import ADA, GRACE, Json, Telegram
from telegram_stand_in.settings import LARGEST_DOWNLOAD
from tests.calls import CHAT, UPLOADS, done, error, make, updates

GROUP: Json = {"id": -1001000000001, "type": "supergroup", "title": "Book club"}
FILE = "attach://file"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


MEDIA = "animation audio document photo sticker video video_note voice".split()
SENT: list[tuple[str, Json, str]] = [
    *((f"send{''.join(map(str.title, k.split('_')))}", {k: FILE}, k) for k in MEDIA),
    ("sendLivePhoto", {"live_photo": FILE, "photo": FILE}, "live_photo"),
    ("sendPhoto", {"photo": "https://example.org/a.png"}, "photo"),
    ("sendPaidMedia", {"star_count": 1, "media": [{"type": "photo", "media": FILE}]}, "paid_media"),
    ("sendLocation", {"latitude": 1.5, "longitude": 2}, "location"),
    ("sendVenue", {"latitude": 1, "longitude": 2, "title": "a", "address": "b"}, "venue"),
    ("sendContact", {"phone_number": "1", "first_name": "a"}, "contact"),
    ("sendDice", {}, "dice"),
    ("sendPoll", {"question": "Where?", "options": ["a", {"text": "b"}]}, "poll"),
    ("sendGame", {"game_short_name": "a"}, "game"),
    ("sendRichMessage", {"rich_message": {"html": "<h1>a</h1><p>b</p>"}}, "rich_message"),
    (
        "sendInvoice",
        {
            "title": "a",
            "description": "b",
            "payload": "c",
            "currency": "XTR",
            "prices": [{"label": "a", "amount": 3}],
        },
        "invoice",
    ),
]


@pytest.mark.parametrize(("method", "params", "kind"), SENT)
def test_messages_of_all_kinds(telegram: Telegram, method: str, params: Json, kind: str) -> None:
    """Each is in the chat, and can be copied and forwarded if it is of such a kind."""
    call = make(telegram, method, **params)
    assert call.status == 200, call.answer
    message = call.answer["result"]
    assert kind in message and telegram.messages[CHAT, message["message_id"]] == message
    assert call.changes == [{"kind": "message", "message": message}]
    source = {"from_chat_id": CHAT, "message_id": message["message_id"]}
    if kind in ("invoice", "paid_media"):
        assert error(telegram, "copyMessage", **source) == "message can't be copied"
    else:
        copy = telegram.messages[CHAT, done(telegram, "copyMessage", **source)["message_id"]]
        assert kind in copy and "forward_origin" not in copy
        forward = done(telegram, "forwardMessage", **source)
        assert kind in forward and forward["forward_origin"]["sender_user"]["is_bot"]


KEYBOARDS: list[Json] = [
    {"keyboard": [["a", {"text": "b", "request_contact": True}]], "resize_keyboard": True},
    {"remove_keyboard": True},
    {"force_reply": True, "input_field_placeholder": "Your name"},
]


@pytest.mark.parametrize("markup", KEYBOARDS)
def test_a_keyboard_is_told_beside_its_message(telegram: Telegram, markup: Json) -> None:
    call = make(telegram, "sendMessage", text="a", reply_markup=markup)
    [change] = call.changes
    assert change["keyboard"] == markup | (
        {"keyboard": [[{"text": "a"}, {"text": "b", "request_contact": True}]]}
        if "keyboard" in markup
        else {}
    )
    assert "reply_markup" not in change["message"]


NO_MARKUP: list[Json] = [{}, {"inline_keyboard": []}, {"keyboard": []}, {"remove_keyboard": False}]


@pytest.mark.parametrize("markup", NO_MARKUP, ids=str)
def test_a_markup_without_content_is_none(telegram: Telegram, markup: Json) -> None:
    call = make(telegram, "sendMessage", text="a", reply_markup=markup)
    [change] = call.changes
    assert (call.status, [*change], call.hints) == (200, ["kind", "message"], [])
    assert "reply_markup" not in change["message"]


LINK = {"inline_keyboard": [[{"text": "a", "url": "https://example.org"}]]}
OTHER_LINK = {"inline_keyboard": [[{"text": "b", "url": "https://example.org"}]]}
EDITS: list[tuple[Json, str, Json, Json]] = [
    ({"text": "a"}, "editMessageText", {"text": "*b*", "parse_mode": "MarkdownV2"}, {"text": "b"}),
    ({"text": "a"}, "editMessageReplyMarkup", {"reply_markup": LINK}, {"reply_markup": LINK}),
    ({"photo": FILE}, "editMessageCaption", {"caption": "b"}, {"caption": "b"}),
    (
        {"photo": FILE},
        "editMessageMedia",
        {"media": {"type": "video", "media": FILE, "caption": "b"}},
        {"caption": "b"},
    ),
    (
        {"latitude": 1, "longitude": 2, "live_period": 60},
        "editMessageLiveLocation",
        {"latitude": 3, "longitude": 4},
        {"location": {"latitude": 3, "longitude": 4, "live_period": 60}},
    ),
]


@pytest.mark.parametrize(("sent", "method", "params", "edited"), EDITS)
def test_a_message_is_edited(
    telegram: Telegram, sent: Json, method: str, params: Json, edited: Json
) -> None:
    kinds = {"text": "sendMessage", "photo": "sendPhoto", "latitude": "sendLocation"}
    message = done(telegram, kinds[next(iter(sent))], **sent, reply_markup=OTHER_LINK)
    place = {"message_id": message["message_id"]}
    call = make(telegram, method, **place, **params)
    result = call.answer["result"]
    assert edited.items() <= result.items() and result["edit_date"]
    assert ("reply_markup" in result) == ("reply_markup" in params), "a keyboard isn't kept"
    assert call.changes == [{"kind": "edited", "message": result}]
    assert telegram.messages[CHAT, message["message_id"]] == result
    assert ("photo" in result) == ("photo" in sent and "media" not in params)
    if method != "editMessageMedia":  # an upload is a new file each time
        assert error(telegram, method, **place, **params) == NOT_MODIFIED


@pytest.fixture
def ids(telegram: Telegram) -> dict[str, int]:
    """Messages of the bot's, by what is in them; "hers" is Ada's."""
    sent = {
        "text": done(telegram, "sendMessage", text="a"),
        "photo": done(telegram, "sendPhoto", photo=FILE),
        "poll": done(telegram, "sendPoll", question="Where?", options=["a", "b"]),
        "location": done(telegram, "sendLocation", latitude=1, longitude=2),
    }
    telegram.send(telegram.message("hers"))
    hers = max(id for _, id in telegram.messages)
    updates(telegram)
    return {name: message["message_id"] for name, message in sent.items()} | {"hers": hers}


PHOTO = {"type": "photo", "media": FILE}
COMMAND = {"command": "start", "description": "x"}
ARTICLE: Json = {
    "type": "article",
    "id": "1",
    "title": "a",
    "input_message_content": {"message_text": "a"},
}


def inline(*results: Json) -> Json:
    return {"inline_query_id": "1", "results": [*results]}


REFUSED: list[tuple[str, str, Json, str]] = [
    ("editMessageText", "hers", {"text": "b"}, "message can't be edited"),
    ("editMessageText", "gone", {"text": "b"}, "message to edit not found"),
    ("editMessageText", "photo", {"text": "b"}, "there is no text in the message to edit"),
    ("editMessageText", "text", {}, "message text is empty"),
    ("editMessageText", "text", {"text": "a"}, NOT_MODIFIED),
    ("editMessageCaption", "text", {"caption": "b"}, "there is no caption in the message to edit"),
    ("editMessageMedia", "poll", {"media": PHOTO}, "there is no media in the message to edit"),
    (
        "editMessageMedia",
        "photo",
        {"media": {"type": "x"}},
        'can\'t parse InputMedia: type "x" is unsupported',
    ),
    (
        "editMessageLiveLocation",
        "location",
        {"latitude": 1, "longitude": 2},
        "message can't be edited",
    ),
    ("deleteMessage", "gone", {}, "message to delete not found"),
    ("pinChatMessage", "gone", {}, "message to pin not found"),
    ("unpinChatMessage", "text", {}, "message to unpin not found"),
    ("stopPoll", "text", {}, "message with poll to stop not found"),
    ("setMessageReaction", "gone", {}, "message to react not found"),
    (
        "setMessageReaction",
        "hers",
        {"reaction": [{"type": "emoji", "emoji": "x"}]},
        "REACTION_INVALID",
    ),
    ("forwardMessage", "gone", {"from_chat_id": CHAT}, "message to forward not found"),
    ("sendPhoto", "", {}, "there is no photo in the request"),
    ("sendPhoto", "", {"photo": "attach://other"}, "there is no photo in the request"),
    ("sendPhoto", "", {"photo": "attach://none"}, "file must be non-empty"),
    ("sendPhoto", "", {"photo": "attach://text"}, "IMAGE_PROCESS_FAILED"),
    (
        "sendPhoto",
        "",
        {"photo": "attach://big"},
        f"file of size {len(UPLOADS['big'].data)} bytes is too big for a photo",
    ),
    ("sendPhoto", "", {"photo": "nowhere"}, "wrong file identifier/HTTP URL specified"),
    ("sendPhoto", "", {"photo": FILE, "caption": "x" * 1025}, "message caption is too long"),
    ("getFile", "", {"file_id": "nowhere"}, "invalid file_id"),
    ("sendDice", "", {"emoji": "x"}, "DICE_EMOJI_INVALID"),
    ("sendChatAction", "", {"action": "singing"}, "wrong parameter action in request"),
    ("sendPoll", "", {"question": "?", "options": []}, "poll must have at least 1 option"),
    (
        "sendPoll",
        "",
        {"question": "?", "options": ["a"] * 13},
        "poll can't have more than 12 options",
    ),
    (
        "sendPoll",
        "",
        {"question": "?", "options": ["x" * 101]},
        "poll option length must not exceed 100",
    ),
    (
        "sendPoll",
        "",
        {"question": "?", "options": ["a"], "type": "quiz"},
        "quiz poll must have a correct option",
    ),
    ("sendLocation", "", {"latitude": 91, "longitude": 2}, "location is invalid"),
    ("sendMediaGroup", "", {"media": [PHOTO]}, "too few messages to send"),
    (
        "sendMessage",
        "",
        {"text": "a", "reply_parameters": {"message_id": 99}},
        "message to be replied not found",
    ),
    (
        "sendMessage",
        "",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    ("sendMessageDraft", "", {"draft_id": 0, "text": "a"}, "draft_id must be non-zero"),
    (
        "setMyCommands",
        "",
        {"commands": [{"command": "A b", "description": "x"}]},
        "BOT_COMMAND_INVALID",
    ),
    ("setMyCommands", "", {"commands": "{"}, "can't parse commands JSON object"),
    ("setMyCommands", "", {"commands": [COMMAND] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    (
        "setMyCommands",
        "",
        {"commands": [{**COMMAND, "description": "x" * 257}]},
        "BOT_COMMAND_DESCRIPTION_INVALID",
    ),
    ("setMyName", "", {"name": "x" * 65}, "bot name is too long"),
    ("deleteMessages", "", {"message_ids": [1] * 101}, "too many message identifiers specified"),
    ("deleteMessages", "", {"message_ids": [0]}, "invalid message identifier specified"),
    ("deleteMessages", "", {"message_ids": []}, "message identifiers are not specified"),
    ("answerInlineQuery", "", inline(ARTICLE, ARTICLE), "RESULT_ID_DUPLICATE"),
    ("answerInlineQuery", "", inline({**ARTICLE, "id": "x" * 65}), "RESULT_ID_INVALID"),
    ("answerInlineQuery", "", inline(*[ARTICLE] * 51), "RESULTS_TOO_MUCH"),
    (
        "answerInlineQuery",
        "",
        inline({"type": "article", "id": "1", "title": "a"}),
        "can't parse inline query result: Can't find field \"input_message_content\"",
    ),
    ("setChatTitle", "", {"title": "x"}, "can't change the title or description of a private chat"),
    ("leaveChat", "", {}, "chat member status can't be changed in private chats"),
    ("getChat", "", {"chat_id": 77}, "chat not found"),
    ("getChat", "", {"chat_id": "@nobody"}, "chat not found"),
    ("getChatMember", "", {"user_id": 77}, "user not found"),
    ("getChatMember", "", {"user_id": 0}, "invalid user_id specified"),
]


@pytest.mark.parametrize(("method", "which", "params", "why"), REFUSED)
def test_what_cannot_be_done_is_refused(
    telegram: Telegram, ids: dict[str, int], method: str, which: str, params: Json, why: str
) -> None:
    place = {"message_id": ids.get(which, 99)} if which else {}
    assert error(telegram, method, **place, **params) == why


def test_what_was_told_stays_as_it_was(telegram: Telegram) -> None:
    """A later edit changes neither what a call was told to do, nor an update that waits."""
    sent = make(telegram, "sendMessage", text="before", reply_markup=LINK)
    id = sent.answer["result"]["message_id"]
    telegram.press(CHAT, id, "x")
    done(telegram, "editMessageText", message_id=id, text="after")
    assert sent.answer["result"]["text"] == sent.changes[0]["message"]["text"] == "before"
    [update] = updates(telegram)
    assert update["callback_query"]["message"]["text"] == "before"


def test_messages_go_away(telegram: Telegram, ids: dict[str, int]) -> None:
    call = make(telegram, "deleteMessage", message_id=ids["hers"])
    assert call.changes == [{"kind": "deleted", "chat_id": CHAT, "message_id": ids["hers"]}]
    call = make(telegram, "deleteMessages", message_ids=[ids["text"], 99, ids["photo"]])
    assert [change["message_id"] for change in call.changes] == [ids["text"], ids["photo"]]
    assert not {ids[name] for name in ("hers", "text", "photo")} & {
        id for _, id in telegram.messages
    }


def test_messages_are_pinned(telegram: Telegram, ids: dict[str, int]) -> None:
    for name in ("text", "photo"):
        call = make(telegram, "pinChatMessage", message_id=ids[name])
        assert call.changes == [{"kind": "pinned", "chat_id": CHAT, "message_id": ids[name]}]
    assert done(telegram, "getChat")["pinned_message"]["message_id"] == ids["photo"]
    call = make(telegram, "unpinChatMessage")
    assert call.changes == [{"kind": "unpinned", "chat_id": CHAT, "message_id": ids["photo"]}]
    assert done(telegram, "getChat")["pinned_message"]["message_id"] == ids["text"]
    done(telegram, "unpinAllChatMessages")
    assert "pinned_message" not in done(telegram, "getChat")


def test_an_album_is_one(telegram: Telegram) -> None:
    first, second = done(telegram, "sendMediaGroup", media=[PHOTO, {**PHOTO, "caption": "a"}])
    assert first["media_group_id"] == second["media_group_id"] and second["caption"] == "a"
    source: Json = {
        "from_chat_id": CHAT,
        "message_ids": [first["message_id"], 99, second["message_id"]],
    }
    for method in ("copyMessages", "forwardMessages"):
        assert len(done(telegram, method, **source)) == 2
    done(telegram, "sendMessage", text="secret", protect_content=True)
    secret = max(id for _, id in telegram.messages)
    source["message_ids"].append(secret)
    assert len(done(telegram, "forwardMessages", **source)) == 2, "the rest is forwarded"
    alone = error(telegram, "forwardMessages", from_chat_id=CHAT, message_ids=[secret])
    assert alone == "there are no messages to forward"
    mixed = [PHOTO, {"type": "document", "media": FILE}]
    assert error(telegram, "sendMediaGroup", media=mixed).startswith("can't use the media")


def test_a_draft_grows_until_the_message_comes(telegram: Telegram) -> None:
    draft: Json
    for text in ("Once", "Once upon"):
        call = make(telegram, "sendMessageDraft", draft_id=7, text=text)
        draft = {"chat_id": CHAT, "draft_id": 7, "text": text, "entities": [], "can_stop": False}
        assert call.changes == [{"kind": "draft", **draft}]
    assert [draft["text"] for draft in telegram.bot.drafts.values()] == ["Once upon"]
    done(telegram, "sendMessage", text="Once upon a time")
    assert telegram.bot.drafts == {}


@pytest.mark.parametrize("kept", [False, True], ids=["goes", "is kept"])
def test_a_draft_is_stopped(telegram: Telegram, kept: bool) -> None:
    draft = {"draft_id": 7, "text": "Once", "message_thread_id": 5, "keep_on_stop": kept}
    [change] = make(telegram, "sendMessageDraft", can_stop=True, **draft).changes
    assert change["can_stop"] is True
    telegram.stop_draft(CHAT, 7)
    [update] = updates(telegram)
    stopped = update["stopped_message_generation"]
    assert (stopped["chat"]["id"], stopped["draft_id"]) == (CHAT, 7)
    assert stopped["message_thread_id"] == 5
    assert bool(telegram.bot.drafts) == kept


def test_a_draft_without_a_button_is_not_stopped(telegram: Telegram) -> None:
    done(telegram, "sendMessageDraft", draft_id=7, text="Once")
    for draft in (7, 8):
        with pytest.raises(ValueError, match="nothing that can be stopped"):
            telegram.stop_draft(CHAT, draft)


def test_a_subscription_is_cancelled(telegram: Telegram) -> None:
    telegram.subscribe("gold", "canceled", GRACE)
    about = {"user": GRACE, "invoice_payload": "gold", "state": "canceled"}
    assert updates(telegram) == [{"subscription": about}]


def test_a_reply_has_what_it_replies_to(telegram: Telegram, ids: dict[str, int]) -> None:
    wish = {"message_id": ids["hers"], "quote": "er"}
    reply = done(telegram, "sendMessage", text="a", reply_parameters=wish)
    assert reply["reply_to_message"]["text"] == "hers" and reply["quote"]["text"] == "er"
    wish = {"message_id": 99, "allow_sending_without_reply": True}
    assert "reply_to_message" not in done(telegram, "sendMessage", text="a", reply_parameters=wish)


def test_what_is_seen_at_once(telegram: Telegram, ids: dict[str, int]) -> None:
    """An action, a reaction, an answer to a press: no message, and yet people see it."""
    action = make(telegram, "sendChatAction", action="typing")
    assert action.changes == [{"kind": "action", "chat_id": CHAT, "action": "typing"}]
    thumb = [{"type": "emoji", "emoji": "👍"}]
    reaction = make(telegram, "setMessageReaction", message_id=ids["hers"], reaction=thumb)
    place = {"chat_id": CHAT, "message_id": ids["hers"]}
    assert reaction.changes == [{"kind": "reaction", **place, "reaction": thumb}]
    query = telegram.press(CHAT, ids["text"], "yes")
    press = updates(telegram)[0]["callback_query"]
    assert (press["data"], press["message"]["message_id"], press["from"]) == (
        "yes",
        ids["text"],
        ADA,
    )
    answer = make(
        telegram, "answerCallbackQuery", callback_query_id=query, text="a", show_alert=True
    )
    assert answer.changes == [{"kind": "answer", "id": query, "text": "a", "show_alert": True}]


def test_people_edit_and_react(telegram: Telegram, ids: dict[str, int]) -> None:
    telegram.answer("getUpdates", {"allowed_updates": ["edited_message", "message_reaction"]})
    telegram.edit(CHAT, ids["hers"], "changed")
    telegram.react(CHAT, ids["text"], "👍")
    telegram.react(CHAT, ids["text"], "")
    edited, put, taken = updates(telegram)
    assert edited["edited_message"]["text"] == "changed"
    assert telegram.messages[CHAT, ids["hers"]] == edited["edited_message"]
    thumb = [{"type": "emoji", "emoji": "👍"}]
    new = [
        (r["message_reaction"]["old_reaction"], r["message_reaction"]["new_reaction"])
        for r in (put, taken)
    ]
    assert new == [([], thumb), (thumb, [])]


def test_several_people_write_in_a_group(telegram: Telegram) -> None:
    for user in (ADA, GRACE):
        telegram.send(telegram.message("hello", chat=GROUP, user=user))
    assert [u["message"]["from"]["first_name"] for u in updates(telegram)] == ["Ada", "Grace"]
    place = {"chat_id": GROUP["id"]}
    roles = {
        user["id"]: done(telegram, "getChatMember", **place, user_id=user["id"])["status"]
        for user in (ADA, GRACE, telegram.bot.me)
    }
    assert list(roles.values()) == ["creator", "member", "administrator"]
    assert done(telegram, "getChatMemberCount", **place) == 3
    admins = done(telegram, "getChatAdministrators", **place)
    assert {member["user"]["id"] for member in admins} == {ADA["id"], telegram.bot.id}
    done(telegram, "banChatMember", **place, user_id=GRACE["id"])
    assert done(telegram, "getChatMember", **place, user_id=GRACE["id"])["status"] == "kicked"
    assert done(telegram, "getChatMemberCount", **place) == 2
    why = error(telegram, "getChatAdministrators")
    assert why == "there are no administrators in the private chat"


def test_who_wrote_is_known(telegram: Telegram) -> None:
    linus: Json = {"id": 77, "is_bot": False, "first_name": "Linus"}
    assert error(telegram, "getChatMember", user_id=77) == "user not found"
    telegram.send(telegram.message("hello", user=linus))
    assert done(telegram, "getChatMember", user_id=77)["user"] == linus
    text = {"text": "[him](tg://user?id=77)", "parse_mode": "MarkdownV2"}
    assert done(telegram, "sendMessage", **text)["entities"][0]["user"] == linus
    assert done(telegram, "getChat", chat_id=77)["first_name"] == "Linus"


def test_people_vote(telegram: Telegram) -> None:
    poll = done(telegram, "sendPoll", question="Where?", options=["a", "b"], is_anonymous=False)
    place = (CHAT, poll["message_id"])
    telegram.vote(*place, [1])
    telegram.vote(*place, [0], GRACE)
    telegram.vote(*place, [])
    kept = telegram.messages[place]["poll"]
    assert [option["voter_count"] for option in kept["options"]] == [1, 0]
    told = updates(telegram)
    assert [u["poll_answer"]["option_ids"] for u in told if "poll_answer" in u] == [[1], [0], []]
    assert [u["poll"]["total_voter_count"] for u in told if "poll" in u] == [1, 2, 1]
    call = make(telegram, "stopPoll", message_id=poll["message_id"])
    assert call.answer["result"]["is_closed"] and call.changes[0]["kind"] == "edited"
    again = error(telegram, "stopPoll", message_id=poll["message_id"])
    assert again == "poll has already been closed"


RESULTS: list[tuple[Json, str]] = [
    (
        {
            "type": "article",
            "title": "a",
            "input_message_content": {"message_text": "<b>x</b>", "parse_mode": "HTML"},
        },
        "text",
    ),
    (
        {
            "type": "photo",
            "photo_url": "https://example.org/a.png",
            "thumbnail_url": "https://example.org/a.png",
        },
        "photo",
    ),
    ({"type": "sticker", "sticker_file_id": "known"}, "sticker"),
    ({"type": "gif", "gif_file_id": "known", "caption": "x"}, "animation"),
    ({"type": "location", "latitude": 1, "longitude": 2, "title": "a"}, "location"),
    ({"type": "venue", "latitude": 1, "longitude": 2, "title": "a", "address": "b"}, "venue"),
    ({"type": "contact", "phone_number": "1", "first_name": "a"}, "contact"),
    ({"type": "game", "game_short_name": "a"}, "game"),
]


def test_the_command_that_is_refused_is_named(telegram: Telegram) -> None:
    commands = [{"command": name, "description": "x"} for name in ("start", "buy-tea")]
    call = telegram.answer("setMyCommands", {"commands": commands})
    assert (call.status, call.hints) == (
        400,
        ["a command has 1 to 32 of a-z, 0-9 and _, unlike 'buy-tea'"],
    )


@pytest.mark.parametrize(("result", "kind"), RESULTS)
def test_an_inline_querys_result_is_sent(telegram: Telegram, result: Json, kind: str) -> None:
    telegram.files.add("document", b"abc", id="known")
    query = telegram.ask("lake")
    assert updates(telegram)[0]["inline_query"]["query"] == "lake"
    result = {**result, "id": "1", "reply_markup": LINK}
    answer = {"results": [result], "cache_time": 0}
    call = telegram.answer("answerInlineQuery", {"inline_query_id": query, **answer})
    assert (call.status, call.hints) == (200, [])
    assert call.changes == [{"kind": "results", "id": query, **answer}]
    chat = {"id": ADA["id"], "type": "private", "first_name": "Ada"}
    message = telegram.choose(query, "1", chat)
    assert kind in message and message["via_bot"]["id"] == telegram.bot.id
    sent, chosen = updates(telegram)
    assert sent["message"] == message
    inline = chosen["chosen_inline_result"]
    assert (inline["result_id"], inline["query"]) == ("1", "lake")
    markup = {"inline_message_id": inline["inline_message_id"], "reply_markup": OTHER_LINK}
    call = telegram.answer("editMessageReplyMarkup", markup)
    assert call.answer["result"] is True
    assert telegram.messages[CHAT, message["message_id"]]["reply_markup"] == OTHER_LINK
    too_late = error(telegram, "answerInlineQuery", inline_query_id=query, results=[])
    assert too_late.startswith("query is too old")


def test_commands_are_kept_by_scope_and_language(telegram: Telegram) -> None:
    everywhere = [{"command": "start", "description": "Begin"}]
    here = [{"command": "stop", "description": "End"}]
    scope = {"scope": {"type": "chat", "chat_id": CHAT}}
    done(telegram, "setMyCommands", commands=everywhere)
    call = make(telegram, "setMyCommands", commands=here, **scope)
    about = {"commands": here, **scope, "language_code": ""}
    assert call.changes == [{"kind": "commands", **about}]
    assert done(telegram, "getMyCommands") == everywhere
    assert done(telegram, "getMyCommands", **scope) == here
    assert done(telegram, "getMyCommands", language_code="de") == []
    done(telegram, "deleteMyCommands", **scope)
    assert done(telegram, "getMyCommands", **scope) == []


def test_the_menu_button_and_the_profile_are_kept(telegram: Telegram) -> None:
    app = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org"}}
    assert telegram.answer("getChatMenuButton", {}).answer["result"] == {"type": "commands"}
    done(telegram, "setChatMenuButton", menu_button=app)
    assert done(telegram, "getChatMenuButton") == app
    assert telegram.answer("getChatMenuButton", {}).answer["result"] == {"type": "commands"}
    done(telegram, "setChatMenuButton")
    assert done(telegram, "getChatMenuButton") == {"type": "commands"}
    assert done(telegram, "getMyName") == {"name": "Echo"}
    done(telegram, "setMyName", name="Reverb")
    assert done(telegram, "getMyName", language_code="de") == {"name": "Reverb"}


def test_what_people_send_can_be_downloaded(telegram: Telegram) -> None:
    """Also what no file was given for."""
    size = {"file_id": "lake", "file_unique_id": "lake", "width": 9, "height": 6}
    telegram.send(telegram.message(photo=[size]))
    file = done(telegram, "getFile", file_id="lake")
    kept = telegram.files.at(file["file_path"])
    assert kept and (kept.size(), file["file_size"]) == ((9, 6), len(kept.data))
    telegram.files.add("document", bytes(LARGEST_DOWNLOAD + 1), id="big")
    assert error(telegram, "getFile", file_id="big") == "file is too big"
    assert done(telegram, "sendPhoto", photo="lake")["photo"][0]["file_id"] == "lake"
