"""What calls change, and what people and the bot see of it later."""

import pytest

from tests.calls import CHAT, done, make, updates

LINK = {"inline_keyboard": [[{"text": "a", "url": "https://example.org"}]]}
OTHER_LINK = {"inline_keyboard": [[{"text": "b", "url": "https://example.org"}]]}
KEYBOARDS = [
    {"keyboard": [[{"text": "b", "request_contact": True}]], "resize_keyboard": True},
    {"remove_keyboard": True},
    {"force_reply": True, "input_field_placeholder": "Your name"},
]
NO_MARKUP = [{}, {"inline_keyboard": []}, {"keyboard": []}, {"remove_keyboard": False}]


@pytest.mark.parametrize("markup", [*KEYBOARDS, *NO_MARKUP], ids=str)
def test_keyboard_is_a_change_beside_its_message(telegram, markup):
    [change] = make(telegram, "sendMessage", text="a", reply_markup=markup).changes
    assert change.get("keyboard") == (None if markup in NO_MARKUP else markup)
    assert "reply_markup" not in change["message"]


def test_an_edit_keeps_no_keyboard(telegram):
    id = done(telegram, "sendMessage", text="a", reply_markup=LINK)["message_id"]
    edited = done(telegram, "editMessageText", message_id=id, text="b")
    assert "reply_markup" not in edited and edited["edit_date"]
    assert telegram.messages[CHAT, id] == edited


def test_later_edit_changes_no_earlier_answer_or_update(telegram):
    """A later edit changes neither what a call was told to do, nor an update that waits."""
    sent = make(telegram, "sendMessage", text="before", reply_markup=LINK)
    id = sent.answer["result"]["message_id"]
    telegram.press(CHAT, id, "x")
    done(telegram, "editMessageText", message_id=id, text="after")
    assert sent.answer["result"]["text"] == sent.changes[0]["message"]["text"] == "before"
    [update] = updates(telegram)
    assert update["callback_query"]["message"]["text"] == "before"


def test_a_draft_grows_until_the_message_comes(telegram):
    for text in ("Once", "Once upon"):
        [draft] = make(telegram, "sendMessageDraft", draft_id=7, text=text).changes
        assert (draft["text"], draft["can_stop"]) == (text, False)
    assert [draft["text"] for draft in telegram.bot.drafts.values()] == ["Once upon"]
    with pytest.raises(ValueError, match="nothing that can be stopped"):
        telegram.stop_draft(CHAT, 7)
    done(telegram, "sendMessage", text="Once upon a time")
    assert telegram.bot.drafts == {}


@pytest.mark.parametrize("kept", [False, True], ids=["goes", "is kept"])
def test_a_draft_is_stopped(telegram, kept):
    draft = {"draft_id": 7, "text": "Once", "message_thread_id": 5, "keep_on_stop": kept}
    done(telegram, "sendMessageDraft", can_stop=True, **draft)
    telegram.stop_draft(CHAT, 7)
    [update] = updates(telegram)
    stopped = update["stopped_message_generation"]
    assert (stopped["chat"]["id"], stopped["draft_id"]) == (CHAT, 7)
    assert stopped["message_thread_id"] == 5
    assert bool(telegram.bot.drafts) == kept


def test_a_reply_has_what_it_replies_to(telegram):
    reply = done(telegram, "sendMessage", text="a", reply_parameters={"message_id": 1})
    assert reply["reply_to_message"]["text"] == "first"
    wish = {"message_id": 99, "allow_sending_without_reply": True}
    assert "reply_to_message" not in done(telegram, "sendMessage", text="a", reply_parameters=wish)


def test_sender_is_a_known_user(telegram):
    linus = {"id": 77, "is_bot": False, "first_name": "Linus"}
    telegram.send(telegram.message("hello", user=linus))
    assert done(telegram, "getChatMember", user_id=77)["user"] == linus
    text = {"text": "[him](tg://user?id=77)", "parse_mode": "MarkdownV2"}
    assert done(telegram, "sendMessage", **text)["entities"][0]["user"] == linus


def test_people_vote(stage):
    ada, grace = stage.user("Ada"), stage.user("Grace")
    for person in (grace, ada):
        person.send("/vote")
    about = {"question": "Where?", "options": ["a", "b"], "is_anonymous": False}
    poll = stage.call("sendPoll", chat_id=ada.chat["id"], **about)
    assert ada.receive().buttons == ["a", "b"]
    ada.press("b")
    grace.vote(poll, [0])
    ada.vote(poll, [])
    told = stage.updates[2:]
    assert [u["poll_answer"]["option_ids"] for u in told if "poll_answer" in u] == [[1], [0], []]
    assert [u["poll"]["total_voter_count"] for u in told if "poll" in u] == [1, 2, 1]
    assert [option["voter_count"] for option in told[-1]["poll"]["options"]] == [1, 0]


CONTENT = {"message_text": "<b>x</b>", "parse_mode": "HTML"}
ARTICLE = {"type": "article", "title": "a"}
POINT = {"latitude": 1, "longitude": 2}
RESULTS = [
    ({**ARTICLE, "input_message_content": CONTENT}, "text"),
    ({**ARTICLE, "input_message_content": POINT}, "location"),
    ({**ARTICLE, "input_message_content": {"phone_number": "1", "first_name": "a"}}, "contact"),
    ({"type": "photo", "photo_url": "https://a.b/a", "thumbnail_url": "https://a.b"}, "photo"),
    ({"type": "gif", "gif_file_id": "known", "caption": "x"}, "animation"),
    ({"type": "venue", **POINT, "title": "a", "address": "b"}, "venue"),
]


@pytest.mark.parametrize(("result", "kind"), RESULTS)
def test_an_inline_querys_result_is_sent(stage, result, kind):
    stage.telegram.files.add("document", b"abc", id="known")
    ada = stage.user("Ada")
    ada.send("Hi")  # or it may not write to her
    stage.updates.clear()
    ada.ask("lake")
    query = {"inline_query_id": stage.took("inline_query")["id"]}
    result = {**result, "id": "1", "reply_markup": LINK}
    stage.call("answerInlineQuery", **query, results=[result])
    found = ada.receive("results")
    assert (found.results[0].id, "kind" in found) == ("1", False)
    ada.press(found.buttons[0])
    message = stage.took("message")
    assert kind in message and message["via_bot"]["id"] == stage.bot.id
    chosen = stage.took("chosen_inline_result")
    assert (chosen["result_id"], chosen["query"]) == ("1", "lake")
    markup = {"inline_message_id": chosen["inline_message_id"], "reply_markup": OTHER_LINK}
    assert stage.call("editMessageReplyMarkup", **markup) is True
    kept = stage.telegram.messages[message["chat"]["id"], message["message_id"]]
    assert kept["reply_markup"] == OTHER_LINK
    assert "query is too old" in stage.call("answerInlineQuery", **query, results=[])


def test_commands_and_the_menu_are_kept(telegram):
    everywhere = [{"command": "start", "description": "Begin"}]
    here = [{"command": "stop", "description": "End"}]
    scope = {"scope": {"type": "chat", "chat_id": CHAT}}
    done(telegram, "setMyCommands", commands=everywhere)
    done(telegram, "setMyCommands", commands=here, **scope)
    assert done(telegram, "getMyCommands") == everywhere
    assert done(telegram, "getMyCommands", **scope) == here
    assert done(telegram, "getMyCommands", language_code="de") == []
    done(telegram, "deleteMyCommands", **scope)
    assert done(telegram, "getMyCommands", **scope) == []
    app = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org"}}
    done(telegram, "setChatMenuButton", menu_button=app)
    assert done(telegram, "getChatMenuButton") == app
    done(telegram, "setChatMenuButton")
    assert done(telegram, "getChatMenuButton") == {"type": "commands"}


def test_files_of_people_can_be_downloaded(telegram):
    """Also what no file was given for."""
    size = {"file_id": "lake", "file_unique_id": "lake", "width": 9, "height": 6}
    telegram.send(telegram.message(photo=[size]))
    file = done(telegram, "getFile", file_id="lake")
    kept = telegram.files.at(file["file_path"])
    assert kept.data == b"lake"
    assert done(telegram, "sendPhoto", photo="lake")["photo"][0]["file_id"] == "lake"


# Payments and business accounts.


TEA = {"title": "Tea", "description": "A cup", "payload": "tea", "currency": "XTR"}
TEA |= {"prices": [{"label": "Tea", "amount": 3}]}
PAID = {"currency": "XTR", "total_amount": 3, "invoice_payload": "tea"}
POUNDS = {**TEA, "currency": "GBP", "provider_token": "provider"}


def begun(stage, invoice=TEA):
    """Have Ada begin to pay an invoice, and return what answers the question before."""
    ada = stage.user("Ada")
    ada.send("Tea, please")
    stage.updates.clear()
    stage.call("sendInvoice", chat_id=ada.chat["id"], **invoice)
    ada.press("Pay")
    return {"pre_checkout_query_id": stage.took("pre_checkout_query")["id"], "ok": True}


def test_an_invoice_is_paid_and_refunded(stage):
    assert stage.call("answerPreCheckoutQuery", **begun(stage)) is True
    payment = stage.took("message")["successful_payment"]
    assert PAID.items() < payment.items()
    charge = {"telegram_payment_charge_id": payment["telegram_payment_charge_id"]}
    who = stage.user("Ada").user["id"]
    assert stage.call("refundStarPayment", user_id=who, **charge) is True
    assert stage.took("message")["refunded_payment"] == {**PAID, **charge}
    again = stage.call("refundStarPayment", user_id=who, **charge)
    assert again == "Bad Request: CHARGE_ALREADY_REFUNDED"


def test_only_stars_are_refunded(stage):
    stage.call("answerPreCheckoutQuery", **begun(stage, POUNDS))
    charge = stage.took("message")["successful_payment"]["telegram_payment_charge_id"]
    about = {"user_id": stage.user("Ada").user["id"], "telegram_payment_charge_id": charge}
    told = stage.call("refundStarPayment", **about)
    assert told == "Bad Request: only payments in Telegram Stars can be refunded"


def test_a_bot_may_say_no_and_why(stage):
    answer = {**begun(stage), "ok": False, "error_message": "No milk"}
    stage.call("answerPreCheckoutQuery", **answer)
    assert stage.user("Ada").receive("answer").text == "No milk"
    stage.settle()
    assert stage.updates == []
    assert "query is too old" in stage.call("answerPreCheckoutQuery", **answer)


def test_a_bot_has_ten_seconds(stage):
    answer = begun(stage)
    stage.advance(11)
    assert "query is too old" in stage.call("answerPreCheckoutQuery", **answer)
    stage.settle()
    assert stage.updates == []


def test_a_bot_answers_in_the_name_of_an_account(stage):
    shop = stage.business("Bob")
    connection = stage.took("business_connection")
    assert (connection["user"]["first_name"], connection["is_enabled"]) == ("Bob", True)
    ada = shop.user("Ada")
    ada.send("Are you open?")
    asked = stage.took("business_message")
    place = {"business_connection_id": asked["business_connection_id"]}
    place["chat_id"] = asked["chat"]["id"]
    keyboard = {"inline_keyboard": [[{"text": "When?", "callback_data": "when"}]]}
    sent = stage.call("sendMessage", text="Yes", reply_markup=keyboard, **place)
    answer = ada.receive()
    assert (answer["from"]["first_name"], answer.text) == ("Bob", "Yes")
    assert answer.sender_business_bot.username == "test_bot"
    assert stage.user("Ada").unread() == [], "in her own chat with the bot"
    ada.press("When?")
    assert stage.took("callback_query")["message"]["business_connection_id"] == connection["id"]
    stage.call("editMessageText", text="Until six", message_id=sent["message_id"], **place)
    assert ada.receive("edited").text == "Until six"
    bob = shop.owner("Ada")
    bob.send("We are open")
    assert "sender_business_bot" not in stage.took("business_message")
    assert ada.unread() == [], "which are those of the bot"


def test_bot_gets_edits(stage):
    ada = stage.business("Bob").user("Ada")
    sent = ada.send("Hi")
    stage.updates.clear()
    ada.edit(sent, "Ho")
    assert stage.took("edited_business_message")["text"] == "Ho"
