"""Tests of the bot: what people do by their words, and what they see."""

import pytest


@pytest.fixture
def group(chat):
    return chat.group("Workshop")


@pytest.fixture
def ada(group):
    return group.user("Ada")


@pytest.fixture
def post(ada):
    """The post with Ada's poll."""
    ada.send("/poll Lunch? | Pizza | Soup")
    return ada.receive()


@pytest.mark.parametrize(
    "text", ["/poll Lunch? | Pizza | Soup", "/poll@test_bot  Lunch?|Pizza|Soup "]
)
def test_a_poll_has_a_button_for_each_answer(ada, text):
    ada.send(text)
    post = ada.receive()
    assert (post.text, post.buttons) == ("Lunch?", ["Pizza · 0", "Soup · 0"])


def test_a_poll_stays_in_its_topic(group):
    ada = group.topic("Food").user("Ada")
    sent = ada.send("/poll Q | A | B")
    assert ada.receive().message_thread_id == sent.message_thread_id


@pytest.mark.parametrize(
    "text", ["/start", "/poll", "/poll Q", "/poll Q | A", "/poll Q | A | ", "/poll  | A | B"]
)
def test_what_is_no_poll_is_told_how_to_write_one(ada, bot, text):
    ada.send(text)
    assert ada.receive().text == bot.USAGE


def test_other_messages_get_no_answer(ada):
    ada.send("Soup, please", {"dice": {"emoji": "🎲", "value": 6}})
    assert ada.unread() == []


def test_votes_are_counted_and_taken_back(group, ada, post, sessions):
    bob = group.user("Bob")
    for person, answer, buttons in (
        (ada, "Pizza", ["Pizza · 1", "Soup · 0"]),
        (bob, "Pizza", ["Pizza · 2", "Soup · 0"]),
        (bob, "Soup", ["Pizza · 1", "Soup · 1"]),
        (ada, "Pizza", ["Pizza · 0", "Soup · 1"]),
    ):
        person.press(answer)
        assert person.receive("answer")  # or the button would wait
        assert ada.receive("edited").buttons == buttons
    votes = {str(ada.user["id"]): None, str(bob.user["id"]): "1"}
    assert sessions == {f"{post.chat.id}/{post.message_id}": votes}


def test_each_post_has_its_own_votes(ada, post):
    ada.press("Pizza")
    ada.send("/poll Dinner? | Curry | Pasta")
    ada.press("Curry")
    edits = [ada.receive("edited").buttons for _ in range(2)]
    assert edits == [["Pizza · 1", "Soup · 0"], ["Curry · 1", "Pasta · 0"]]


def test_a_post_out_of_reach_gets_no_vote(bot):
    message = {"message_id": 9, "chat": {"id": -42, "type": "supergroup"}, "date": 0}
    query = {"id": "777", "from": {"id": 7}, "message": message, "data": "0"}
    votes = {}
    answer = {"method": "answerCallbackQuery", "callback_query_id": "777"}
    assert bot.reply({"callback_query": query}, votes) == [answer]
    assert votes == {}


def test_people_hear_of_a_failure(ada, post, bot, monkeypatch):
    monkeypatch.setattr(bot, "keyboard", lambda *arguments: 1 / 0)
    for act in (lambda: ada.send("/poll Lunch? | Pizza | Soup"), lambda: ada.press("Pizza")):
        with pytest.raises(ZeroDivisionError):
            act()
    assert [ada.receive().text, ada.receive("answer").text] == [bot.FAILED, bot.FAILED]
