"""Stage: people act by words, and see what a bot in this process answers."""

import json
import re
from urllib.parse import quote

import pytest

from telegram_stand_in import Call, Stage
from telegram_stand_in.people import KINDS, Button, Received, button_of
from telegram_stand_in.testing import TOKEN
from tests.calls import PNG

INLINE = {"inline_keyboard": [[{"text": "➕ Add", "callback_data": "add"}]]}


def says(text, **params):
    """Return a bot that answers each message with a text."""

    def replies(update):
        if "message" not in update:
            return []
        chat = update["message"]["chat"]["id"]
        return [{"method": "sendMessage", "chat_id": chat, "text": text, **params}]

    return replies


# People's actions.


def test_text_and_command_come_from_the_private_chat(stage):
    sent = stage.user("Ada", username="ada").send("/start now")
    assert stage.last == {"message": sent}
    assert sent["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert sent["from"]["username"] == sent.chat.username == "ada"
    assert sent["from"]["language_code"] == "en"
    assert sent.buttons == []
    assert stage.call("getMe")["username"] == "test_bot"
    assert sent.chat.id == sent["from"]["id"] == stage.user("Ada").user["id"]
    assert stage.user("Grace").user["id"] != sent.chat.id


def test_several_contents_are_there_before_the_first_is_answered():
    taken = []
    stage = Stage(taken.append)
    stage.user("Ada").send("one", {"text": "two", "forward_origin": {"type": "hidden_user"}})
    [[one, two]] = taken
    assert (one["message"]["text"], two["message"]["text"]) == ("one", "two")
    assert "forward_origin" in two["message"]
    stage.user("Ada").send({"photo": b"GIF8"}, {"photo": b"GIF8"}, album=True, caption="Both")
    one, two = (update["message"] for update in taken[1])
    assert one["media_group_id"] == two["media_group_id"]
    assert (one["caption"], "caption" in two) == ("Both", False)


def test_files_are_sent_and_can_be_downloaded(stage, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "menu.pdf").write_bytes(b"%PDF")
    ada = stage.user("Ada")
    photo = ada.send(tmp_path / "a.png", caption="Look")
    assert (photo.photo[0].width, photo.photo[0].height, photo.caption) == (20, 10, "Look")
    assert ada.send(tmp_path / "menu.pdf").document.file_name == "menu.pdf"
    voice = ada.send(voice=b"ogg", duration=3).voice
    assert voice.duration == 3
    assert ada.send({"voice": b"ogg", "duration": 4}).voice.duration == 4
    with pytest.raises(TypeError, match=r"photo must be a Path or bytes, not 'a\.png'"):
        ada.send(photo="a.png")
    assert ada.send(location={"latitude": 1, "longitude": 2}).location.latitude == 1
    path = stage.call("getFile", file_id=voice.file_id)["file_path"]
    assert stage.request(f"/file/bot{TOKEN}/{path}", "", None) == (200, b"ogg")
    assert stage.request(f"/file/bot{TOKEN}/none", "", None) == (404, b"")
    (tmp_path / "a.b c").write_bytes(b"abc")
    file = stage.call("getFile", file_id=ada.send(tmp_path / "a.b c").document.file_id)
    quoted = f"/file/bot{stage.token}/{quote(file['file_path'])}"
    assert "%20" in quoted
    assert stage.request(quoted, "", None) == (200, b"abc")


def test_an_answer_is_edited_and_gets_a_reaction(stage):
    stage.asks_for("message", "edited_message", "message_reaction")
    stage.replies = says("Hello")
    ada = stage.user("Ada")
    sent = ada.send("Hi")
    answer = ada.receive()
    ada.edit(sent, "/help")
    assert stage.last["edited_message"]["text"] == "/help"
    assert stage.last["edited_message"]["entities"][0]["type"] == "bot_command"
    ada.react(answer, "👍")
    assert stage.last["message_reaction"]["new_reaction"][0]["emoji"] == "👍"
    ada.react(answer, "")
    assert stage.transcript.splitlines()[-1] == "Ada reacts: no more"
    reply = ada.send("No", reply_to=answer)
    assert reply.reply_to_message.text == "Hello"
    assert "reply_to_message" not in ada.send("Yes", reply_to=reply).reply_to_message


def test_button_is_pressed_and_its_pop_up_received(stage):
    stage.replies = says("Books", reply_markup=INLINE)
    ada = stage.user("Ada")
    ada.send("/list")
    assert ada.receive().buttons == ["➕ Add"]
    stage.replies = lambda update: [
        {
            "method": "answerCallbackQuery",
            "callback_query_id": update["callback_query"]["id"],
            "text": "Added",
        }
    ]
    ada.press("Add")
    assert stage.last["callback_query"]["data"] == "add"
    assert stage.last["callback_query"]["from"] == ada.user
    assert ada.receive("answer").text == "Added"
    assert stage.user("Grace").unread("answer") == []


@pytest.mark.parametrize(
    ("text", "labels", "pressed"),
    [
        ("Add", ["➕ Add", "➕ Add more"], "➕ Add"),
        ("1", ["1\ufe0f\u20e3"], "1\ufe0f\u20e3"),
        ("Yes", ["Yes", "🍕 Yes"], "🍕 Yes"),
        ("🍕", ["🍕", ""], "🍕"),
    ],
    ids=["the whole text", "a keycap", "the latest", "an emoji alone"],
)
def test_button_is_found_by_its_text(text, labels, pressed):
    there = [Button(label, "press", {}, "", at) for at, label in enumerate(labels)]
    button = button_of(text, there)
    assert button and button.label == pressed


def test_joining_and_leaving_are_updates(stage):
    stage.asks_for("message", "chat_member")
    club = stage.group("Book club", admin=True)
    grace = club.user("Grace")
    grace.join()
    told, message = (each for each in stage.updates[-2:])
    assert told["chat_member"]["old_chat_member"]["status"] == "left"
    assert told["chat_member"]["new_chat_member"] == {"status": "member", "user": grace.user}
    assert message["message"]["new_chat_members"] == [grace.user]
    grace.leave()
    assert stage.last["message"]["left_chat_member"] == grace.user
    member = {"chat_id": club.chat["id"], "user_id": grace.user["id"]}
    assert stage.call("getChatMember", **member)["status"] == "left"
    boss = club.user("Hedy", status="administrator")
    about = {"chat_id": club.chat["id"], "user_id": boss.user["id"]}
    assert stage.call("getChatMember", **about)["can_delete_messages"] is True


def test_person_who_blocks_the_bot_gets_nothing(stage):
    ada = stage.user("Ada")
    ada.send("Hi")
    ada.block()
    assert stage.last["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    told = stage.call("sendMessage", chat_id=ada.chat["id"], text="Hi")
    assert told == "Forbidden: bot was blocked by the user"


# People's view.


def test_all_in_a_group_see_a_message_once_each(stage):
    club = stage.group("Book club", privacy=False)
    ada, grace = club.user("Ada"), club.user("Grace")
    stage.replies = says("Hello, all")
    sent = ada.send("Hi")
    assert sent.chat.title == "Book club"
    assert ada.receive() == grace.receive()
    assert ada.unread() == stage.user("Ada").unread() == []


def test_person_in_a_topic_sees_only_that_topic(stage):
    club = stage.group("Book club")
    tools, books = club.topic("Tools").user("Ada"), club.topic("Books").user("Ada")
    thread = tools.send("Hi").message_thread_id
    stage.call("sendMessage", chat_id=club.chat["id"], message_thread_id=thread, text="Yes?")
    assert tools.receive().text == club.user("Ada").receive().text == "Yes?"
    assert books.unread() == []
    assert books.send("Hi").message_thread_id != thread
    assert club.chat["is_forum"] is True


def test_an_unknown_kind_is_not_waited_for(stage):
    with pytest.raises(ValueError, match="no kind messages; did you mean message"):
        stage.user("Ada").receive("messages", timeout=600)
    with pytest.raises(ValueError, match="no kind answers; did you mean answer"):
        stage.user("Ada").unread("answers")
    documented = {*re.findall(r"^ *- (\w+(?:, \w+)*):", f"{Call.__doc__}", re.M)}
    assert {kind for kinds in documented for kind in kinds.split(", ")} == {*KINDS}


def test_nobody_sends_a_field_that_no_message_has(stage):
    ada = stage.user("Ada")
    with pytest.raises(TypeError, match="a message has no field txt; did you mean text"):
        ada.send(txt="Hi")
    stage.strict = False
    assert ada.send(txt="Hi").txt == "Hi"


def test_missing_field_is_named_with_those_present():
    with pytest.raises(AttributeError, match=r"there is no text, but photo, caption"):
        assert Received({"photo": [], "caption": "x"}).text
    with pytest.raises(AttributeError, match="there is no text, but nothing"):
        assert Received({}).text


def test_failed_wait_lists_other_calls(stage):
    stage.asks_for("message")
    ada = stage.user("Ada")
    stage.replies = lambda update: [
        {"method": "sendChatAction", "chat_id": ada.chat["id"], "action": "typing"},
        {"method": "sendMessage", "chat_id": ada.chat["id"], "text": ""},
    ]
    ada.send("before")
    ada.send("Hi")
    with pytest.raises(AssertionError) as failed:
        ada.receive()
    assert str(failed.value).splitlines() == [
        "Ada got no message. What came instead:",
        "Ada: Hi",
        "  Bot: (sendChatAction)",
        "  sendMessage failed: Bad Request: message text is empty",
    ]
    ada.ask("cats")
    assert stage.transcript.splitlines()[-1] == (
        "Ada asks: cats (the bot doesn't get this inline_query: it asked for message)"
    )


def test_failed_press_lists_the_buttons(stage):
    stage.replies = says("Books", reply_markup=INLINE)
    ada = stage.user("Ada")
    with pytest.raises(AssertionError, match=r"The buttons: none\. What came"):
        ada.press("Remove")
    ada.send("/list")
    with pytest.raises(
        AssertionError, match=r'there is no button "Remove". The buttons: \[➕ Add\]'
    ):
        ada.press("Remove")
    page = {"inline_keyboard": [[{"text": "Site", "url": "https://example.org"}]]}
    stage.call("sendMessage", chat_id=ada.chat["id"], text="See", reply_markup=page)
    with pytest.raises(ValueError, match='"Site" opens a page or a link'):
        ada.press("Site")


def test_the_transcript_has_what_everybody_did(stage):
    stage.replies = says("Books", reply_markup=INLINE)
    ada = stage.group("Book club", admin=True).user("Ada")
    ada.send(location={"latitude": 1, "longitude": 2})
    ada.edit(ada.send("Hi"), "Ho")
    ada.press("Add")
    ada.react(ada.receive(), "👍")
    stage.call("getMe")  # which nobody sees
    ada.join()
    stage.fails("lost")
    stage.call("sendMessage", chat_id=ada.chat["id"], text="Bye")
    assert stage.transcript.splitlines() == [
        "Ada in Book club: (location)",
        "  Bot in Book club: Books",
        "    [➕ Add]",
        "Ada in Book club: Hi",
        "  Bot in Book club: Books",
        "    [➕ Add]",
        "Ada in Book club edits: Ho",
        "Ada taps [➕ Add]",
        "Ada in Book club reacts: 👍 (the bot doesn't get this message_reaction: "
        "it asked for what Telegram chooses)",
        "Ada in Book club: (chat_member) (the bot doesn't get this chat_member: "
        "it asked for what Telegram chooses)",
        "Ada in Book club: (new_chat_members)",
        "  Bot in Book club: Books",
        "    [➕ Add]",
        "  sendMessage failed: lost",
    ]


# Undocumented calls, faults and time.


def test_undocumented_call_fails_the_test_once(stage):
    for _ in range(2):
        stage.call("getMe", chat=7)
    wish = {"message_id": 1, "quotes": ""}
    stage.call("sendMessage", chat_id=1, text="Hi", reply_parameters=wish)
    with pytest.raises(AssertionError) as failed:
        stage.user("Ada").send("Hi")
    assert str(failed.value).splitlines()[1:] == [
        "getMe: getMe has no parameter chat",
        "sendMessage: ReplyParameters has no field quotes; did you mean quote?",
    ]
    stage.user("Ada").send("Hi")


def test_undocumented_call_ends_a_wait_at_once():
    stage = Stage()
    ada = stage.user("Ada")
    ada.send("Hi")
    stage.telegram.answer("getMe", {"chat": 7})
    with pytest.raises(AssertionError, match="getMe has no parameter chat"):
        ada.receive(timeout=600)
    stage.telegram.answer("getMe", {"chat": 7})
    with pytest.raises(AssertionError, match="getMe has no parameter chat"):
        ada.send("Ho")
    assert stage.telegram.pending() == 1
    with pytest.raises(AssertionError, match="Ada got no message within 0.01 s"):
        ada.receive(timeout=0.01)


def test_injected_faults_fail_calls(stage):
    ada = stage.user("Ada")
    ada.send("Hi")
    stage.fails("429", times=2)
    stage.fails("500", method="getMe")

    def call(method):
        made = stage.telegram.answer(method, {"chat_id": ada.chat["id"], "text": "Hi"})
        return made.status, made.answer.get("parameters")

    assert call("getUpdates")[0] == 200
    assert [call("sendMessage") for _ in range(3)] == [(429, {"retry_after": 1})] * 2 + [
        (200, None)
    ]
    assert [call("getMe")[0], call("getMe")[0]] == [500, 200]
    stage.fails("silence")
    body = json.dumps({"chat_id": ada.chat["id"], "text": "Hi"}).encode()
    path = f"/bot{TOKEN}/sendMessage"
    assert stage.request(path, "application/json", body) == (0, b"")
    status, data = stage.request(path, "application/json", body)
    assert (status, json.loads(data)["result"]["text"]) == (200, "Hi")
    assert stage.request(path, "application/json", b"[]")[0] == 400
    with pytest.raises(ValueError, match="a fault must be one of 429, 403, 500, silence, lost"):
        stage.fails("418")
    with pytest.raises(ValueError, match="no method sendMesage; did you mean sendMessage"):
        stage.fails("429", method="sendMesage")
    stage.fails("500", method="getme")
    assert call("getMe")[0] == 500


def test_time_passes_for_telegram(stage):
    ada = stage.user("Ada")
    before = ada.send("Hi").date
    stage.advance(3600)
    assert ada.send("Ho").date >= before + 3600


def test_an_update_that_nobody_asks_for_expires():
    stage = Stage()  # whose bot polls
    stage.user("Ada").send("Hi")
    stage.advance(86_000)
    assert stage.telegram.pending() == 1
    stage.advance(1000)
    assert stage.telegram.answer("getUpdates", {}).answer["result"] == []
