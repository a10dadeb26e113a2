"""stream.py: what a chat sees while an answer is made, and the calls that leave all of it."""

import itertools
import sys
import time

import pytest

from tests.support.stubs import QUEUE

BOT = 'SESSION = "chat"\n\n\ndef reply(update, session):\n    return []\n'
PRIVATE = {"id": 42, "type": "private"}
GROUP = {"id": -7, "type": "supergroup"}
QUESTION = {"message_id": 17, "allow_sending_without_reply": True}
POST = {"chat_id": -7, "message_id": 900}
NOTES = "stream:42/17"
NOON = 1_800_000_000  # 15 January 2027


def message(chat=PRIVATE, **content):
    return {"message_id": 17, "chat": chat, **content}


def said(text):
    return {"method": "sendMessage", "chat_id": 42, "text": text}


def edits(text, edited=None):
    """Return the calls that end an answer in a group: an edit, or else a message."""
    edited = {"method": "editMessageText", **POST, "text": edited or text}
    return [{**edited, "fallback_count": 1}, in_group(text)]


def in_group(text):
    return {**said(text), "chat_id": -7, "reply_parameters": QUESTION}


class World:
    """The part, its container, its clock, and a Telegram that notes what it is called with.

    Telegram fails at calls of a method with what `fails` has for it. Each piece takes `pause`
    seconds to be made. `limits` are the seconds that each call of Telegram and AWS might take.
    """

    def __init__(self, container, monkeypatch):
        self.container = container
        self.stream = container.module("stream")
        self.calls = []
        self.context = container.module("context")
        self.fails = {}
        self.limits = []
        self.now = 0.0
        self.pause = 5.0
        self.closed = 0
        self._ids = itertools.count(900)
        container.stub_telegram(self._post)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)  # the deadline has its own
        monkeypatch.setattr(time, "time", lambda: NOON + self.now)
        self.deadline = container.module("deadline").deadline
        self.deadline.start(60)
        self.asked = []  # of the table: an action, and the id of its item
        container.spy_on_aws(self._note)

    def _note(self, service, target, params):
        action = target.partition(".")[2]
        item = params.get("Key") or params["Item"]
        self.asked.append(f"{action} {item['id']['S']}")
        self.limits.append(self.deadline.left())
        if self.fails.get(action):
            raise self.fails[action].pop(0)

    def _post(self, method, params, timeout):
        self.calls.append((method, params))
        self.limits.append(self.deadline.left())
        if self.fails.get(method):
            raise self.fails[method].pop(0)
        return {"message_id": next(self._ids)} if method == "sendMessage" else True

    def pieces(self, pieces):
        try:
            for piece in pieces:
                self.now += self.pause
                yield piece
        finally:
            self.closed += 1

    def answer(self, pieces, chat=PRIVATE, **how):
        self.context.current.stream_count = 0  # reply() runs
        self.made = self.pieces(pieces)  # Python closes it by itself when nothing refers to it
        return self.stream.answer(message(chat), self.made, **how)

    def texts(self, method):
        return [params["text"] for name, params in self.calls if name == method]

    def begin(self, update_id):
        """Begin with an update, which may have come before."""
        self.now += 60
        self.context.activate(self.context.Context.of_update("queue", {"update_id": update_id}))

    def press(self, draft_id=17):
        self.stream.stop({"chat": PRIVATE, "draft_id": draft_id})


@pytest.fixture
def world(start_with_sessions, monkeypatch):
    """A bot with a queue and sessions."""
    return World(start_with_sessions(BOT, QUEUE_URL=QUEUE), monkeypatch)


def test_private_answer_grows_in_a_draft(world):
    assert world.answer(["Hello", ", Ada.\n"]) == [said("Hello, Ada.")]
    draft = {"chat_id": 42, "draft_id": 17}
    assert world.calls == [
        ("sendMessageDraft", {**draft, "text": ""}),
        ("sendMessageDraft", {**draft, "text": "Hello …"}),
        ("sendMessageDraft", {**draft, "text": "Hello, Ada. …"}),
    ]
    assert world.closed == 1


def test_group_answer_grows_in_a_message(world):
    assert world.answer(["Hello", ", Ada."], GROUP) == edits("Hello, Ada.")
    assert world.calls == [
        ("sendChatAction", {"chat_id": -7, "action": "typing"}),
        ("sendMessage", {"chat_id": -7, "text": "Hello …", "reply_parameters": QUESTION}),
        ("editMessageText", {**POST, "text": "Hello, Ada. …"}),
    ]


def test_answer_goes_to_the_topic_of_the_question(world):
    topic = {"is_topic_message": True, "message_thread_id": 5, "has_protected_content": True}
    [call] = world.stream.answer(message(**topic), ["a"])
    assert call == {**said("a"), "message_thread_id": 5, "protect_content": True}
    assert world.calls[0][1]["message_thread_id"] == 5
    direct = message(GROUP, direct_messages_topic={"topic_id": 6}, message_thread_id=7)
    world.stream.answer(direct, ["a"])
    [sent] = [params for name, params in world.calls if name == "sendMessage"]
    assert "message_thread_id" not in sent
    assert sent["direct_messages_topic_id"] == 6


def test_each_answer_of_an_update_has_its_message(world):
    world.context.current.id = 7
    for _ in range(2):  # the update is delivered again
        world.answer(["Hello"], GROUP)
        world.now += 60
        world.stream.answer(message(GROUP), ["Goodbye"])
    assert world.texts("sendMessage") == ["Hello …", "Goodbye …"]


@pytest.mark.parametrize(("chat", "pause"), [(PRIVATE, 1.25), (GROUP, 5)], ids=["draft", "edit"])
def test_answer_is_shown_at_telegrams_pace(world, chat, pause):
    world.pause = pause / 4
    world.answer("abcdefghi", chat)
    texts = [params["text"] for name, params in world.calls if "…" in params.get("text", "")]
    assert texts == ["a …", "abcde …", "abcdefghi …"]


def test_only_drafts_are_renewed_every_20_seconds(world):
    world.answer(["", "", "", "", "Hello", "", "", "", ""])
    assert world.texts("sendMessageDraft") == ["", "", "Hello …", "Hello …"]
    world.calls.clear()
    world.now += 60
    world.pause = 19.5
    world.answer(["", ""])
    assert len(world.calls) == 2, "after 20 seconds, and not before"
    world.answer(["Hello", *[""] * 9], GROUP)
    assert world.texts("editMessageText") == []


def test_failing_calls_do_not_end_the_answer(world):
    errors = world.container.module("errors")
    gone = errors.Unreachable("gone")
    world.fails = {
        "sendChatAction": [errors.TelegramError("sendChatAction", 400, "Bad Request", {})],
        "sendMessage": [gone],
        "editMessageText": [gone],
    }
    assert world.answer("abcd", GROUP) == edits("abcd")
    assert world.texts("sendMessage") == ["a …", "ab …"]
    assert world.texts("editMessageText") == ["abc …", "abcd …"]
    assert world.context.current.calls.retryable_failures == [], "the update isn't redelivered"


@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["draft", "edit"])
def test_answer_ends_when_the_bot_is_blocked(world, chat):
    refused = world.container.module("errors").TelegramError
    blocked = refused("sendMessage", 403, "Forbidden: bot was blocked by the user", {})
    world.fails = {"sendMessageDraft": [blocked], "sendChatAction": [blocked]}
    with pytest.raises(refused, match="403"):
        world.answer("abc", chat)
    assert len(world.calls) == 1
    assert world.now == 0, "no piece was made"


@pytest.mark.parametrize(("seconds", "most"), [(60, 5), (2.5, 0.5)], ids=["usually", "at the end"])
def test_calls_leave_time_for_the_final_ones(world, seconds, most):
    world.container.stop_clock()
    world.deadline.start(60)
    world.deadline.start(seconds)
    end = world.deadline.at
    world.answer("a", can_stop=True)
    calls = ["was it stopped?", "a draft", "is it stopped?", "a draft"]
    assert len(world.limits) == len(calls) and max(world.limits) == most
    world.limits.clear()
    world.answer("a", GROUP)
    calls = ["was it begun?", "typing", "a message", "the note of it", "is written"]
    assert len(world.limits) == len(calls) and max(world.limits[1:]) == most < world.limits[0]
    assert world.deadline.at == end


@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["draft", "edit"])
def test_answer_without_text_sends_nothing(world, chat):
    assert world.answer(["", " \n"], chat) == []
    assert "sendMessage" not in [name for name, _ in world.calls]


def test_answer_works_with_a_list_and_without_sessions(start_bot, monkeypatch):
    bot = "def reply(update):\n    return []"
    world = World(start_bot(bot, QUEUE_URL=QUEUE), monkeypatch)
    assert world.stream.answer(message(GROUP), ["a"], can_stop=True) == edits("a")
    world.stream.answer(message(), ["a"], can_stop=True)
    assert "can_stop" not in world.calls[-1][1]
    assert "botkit.store" not in sys.modules


# Markdown.


def rich(markdown):
    return {"rich_message": {"markdown": markdown}}


def test_markdown_grows_as_text_and_becomes_a_rich_message(world):
    [whole, text] = world.answer(["**Hello", ", `A<da`.**"], markdown=True)
    assert world.texts("sendMessageDraft")[1:] == ["**Hello …", "**Hello, `A<da`.** …"]
    made = rich("**Hello, <code>A&#60;da</code>.**")
    assert whole == {"method": "sendRichMessage", "chat_id": 42, **made, "fallback_count": 1}
    assert text == said("**Hello, `A<da`.**")


def test_message_with_markdown_is_edited_or_else_sent(world):
    edit = {"method": "editMessageText", **POST}
    assert world.answer(["*a", "b*"], GROUP, markdown=True) == [
        {**edit, **rich("*ab*"), "fallback_count": 2},
        *edits("*ab*"),
    ]


def test_long_markdown_falls_back_to_several_texts(world):
    parts = ["a" * 3000, "b" * 3000]
    whole, *texts = world.answer(["\n\n".join(parts)], markdown=True)
    assert whole["rich_message"]["markdown"] == "\n\n".join(parts)
    assert whole["fallback_count"] == 2
    assert texts == [said(part) for part in parts]


def test_markdown_that_ends_early_is_closed(world):
    def pieces():
        yield "```\n<a>"
        world.deadline.start(1.9)
        yield ""

    world.container.stop_clock()
    whole, text = world.answer(pieces(), markdown=True)
    assert whole["rich_message"]["markdown"] == "```\n<a>\n …\n```"
    assert text == said("```\n<a>\n …")


def test_empty_markdown_is_sent_as_text(world):
    assert world.answer(["```", "\n```"], markdown=True) == [said("```\n```")]


# Thinking.


def thinking(world, *pieces):
    """Return pieces: those in angle brackets are thinking."""
    think = world.stream.Thinking
    return [think(piece[1:-1]) if piece.startswith("<") else piece for piece in pieces]


THOUGHTS = ("<Let me>", "< see.\nHm_>", "Hello", "<One more thing>", "", "!")


def test_draft_shows_thinking(world):
    assert world.answer(thinking(world, *THOUGHTS)) == [said("Hello!")]
    assert world.texts("sendMessageDraft")[1:] == [
        "Let me …",
        "Hm_ …",
        "Hello …",
        "Hello\n\nOne more thing …",
        "Hello! …",
    ]


def test_growing_message_begins_with_a_word(world):
    assert world.answer(thinking(world, *THOUGHTS), GROUP) == edits("Hello!")
    assert world.texts("sendMessage") == ["Hello …"]
    assert world.texts("editMessageText") == ["Hello\n\nOne more thing …", "Hello! …"]


def test_end_of_a_long_thought_is_shown(world):
    world.answer(thinking(world, f"<{'a' * 100}{'b' * 200}\n \n>", "c"))
    assert world.texts("sendMessageDraft")[1] == "b" * 200 + " …"


@pytest.mark.parametrize(
    ("queue", "source", "has_button"),
    [(QUEUE, "queue", True), (QUEUE, "webhook", False), ("", "start", False)],
    ids=["queued", "not_queued", "no_queue"],
)
def test_stop_button_needs_a_queued_update(
    start_with_sessions, monkeypatch, queue, source, has_button
):
    world = World(start_with_sessions(BOT, QUEUE_URL=queue), monkeypatch)
    world.context.activate(world.context.Context.of_update(source, {"update_id": 1}))
    world.answer("a", can_stop=True)
    assert ("can_stop" in world.calls[-1][1]) is has_button


# A long answer.


def test_long_answer_in_a_group_begins_in_its_message(world):
    assert world.answer(["c", "b" * 4999], GROUP) == [*edits("c" + "b" * 4095), in_group("b" * 904)]
    # Its end, and that it grows.
    assert world.texts("editMessageText") == ["b" * 906 + " …"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two\nthree four", ["one two", "three four"]),
        ("one two\n3 4 5 6", ["one two", "3 4 5 6"]),  # at a line rather than at a later space
        ("abcde fghijkl", ["abcde fghi", "jkl"]),  # a word that ends halfway is too early
        ("123456789🤖", ["123456789", "🤖"]),
        ("1234567890", ["1234567890"]),
        (" \n", []),
    ],
)
def test_long_text_is_cut_at_lines_or_words(world, text, parts):
    assert world.stream._split(text, 10) == parts


@pytest.mark.parametrize(
    ("pieces", "text"),
    [(["a\ud83e", "\udd16b"], "a🤖b"), (["a\ud83e", "b"], "ab"), (["a", "\udd16"], "a")],
    ids=["pair_in_two_pieces", "first_half", "second_half"],
)
def test_half_a_surrogate_pair_is_left_out(world, pieces, text):
    assert world.answer(pieces) == [said(text)]
    assert [shown.encode() for shown in world.texts("sendMessageDraft")]


# An update that is delivered twice.


def test_next_delivery_edits_the_begun_message(world):
    def breaks():
        yield "Hel"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.answer(breaks(), GROUP)
    assert world.closed == 1
    world.now += 60
    assert world.answer(["Hello"], GROUP) == edits("Hello")
    assert world.texts("sendMessage") == ["Hel …"]
    assert world.texts("editMessageText") == ["Hello …"]
    assert world.context.current.calls.can_redeliver, "the module has noted it"
    # Another question gets another message, which counts if its id can't be saved.
    other = {**message(GROUP), "message_id": 18}
    world.now += 60
    world.fails["PutItem"] = [world.container.module("errors").Unreachable("HTTP 500")]
    edit, _ = world.stream.answer(other, ["Hi"])
    assert edit["message_id"] == 901
    assert not world.context.current.calls.can_redeliver


def test_each_event_gets_a_message_of_its_own(world):
    for event_id in ("1", "2"):
        world.now += 60
        world.context.activate(world.context.Context("queue", {}, event_id))
        world.answer(["Hi"], GROUP)
    assert world.texts("sendMessage") == ["Hi …", "Hi …"]


# Stop.


def test_stop_ends_the_answer_with_its_text(world):
    def pieces():
        yield "Once"
        world.press()
        yield from (" upon", " a time")

    assert world.answer(pieces(), can_stop=True) == [said("Once upon")]
    assert world.closed == 1
    assert world.texts("sendMessageDraft") == ["", "Once …"]
    # A draft without a word goes at once.
    stops = [(params["can_stop"], params["keep_on_stop"]) for _, params in world.calls]
    assert stops == [(True, False), (True, True)]


def test_stopped_answer_stays_stopped_when_redelivered(world):
    """Also if the container ended before it saw the press: nobody asks the model again."""

    def pieces():
        yield "a"
        world.press(7)
        raise KeyboardInterrupt

    begun = []
    world.begin(7)
    with pytest.raises(KeyboardInterrupt):
        world.answer(pieces(), can_stop=True)
    world.calls.clear()
    world.begin(7)
    assert world.stream.answer(message(), map(begun.append, "abc"), can_stop=True) == []
    assert begun == world.calls == []


def test_stop_ends_no_later_answer_below_the_same_message(world):
    """As after a tap on another button, or once the message is edited."""

    def pieces():
        yield "a"
        world.press(7)
        yield from "bc"

    world.begin(7)
    assert world.answer(pieces(), can_stop=True) == [said("ab")]
    world.begin(8)
    assert world.answer("abc", can_stop=True) == [said("abc")]
    assert {params["draft_id"] for _, params in world.calls} == {7, 8}


def test_stop_is_read_once_a_second(world):
    world.pause = 0.25
    world.answer("abcdefghi", can_stop=True)
    assert world.asked == [f"GetItem {NOTES}"] * 3
    world.asked.clear()
    world.pause = 5
    world.answer("abc")
    assert world.asked == [], "there is no button"
    world.answer("abc", GROUP, can_stop=True)
    first, *_, last = world.asked
    assert (first, last) == ("GetItem stream:-7/17.0", "PutItem stream:-7/17.0")
    assert len(world.asked) == 3, "one look, and one change: there is no button"


@pytest.mark.parametrize(("left", "text"), [(1.9, "Once upon …"), (2, "Once upon a time")])
def test_answer_ends_before_the_deadline(world, left, text):
    def pieces():
        yield "Once"
        world.deadline.start(left)
        yield from (" upon", " a time")

    world.container.stop_clock()
    assert world.answer(pieces()) == [said(text)]
    assert world.closed == 1


@pytest.mark.parametrize("telegram", ["is silent", "answers", "refuses"])
def test_empty_answer_is_redelivered_only_if_telegram_was_silent(world, telegram):
    errors = world.container.module("errors")
    fails = {
        "is silent": [errors.Unreachable("gone")],
        "refuses": [errors.TelegramError("sendMessageDraft", 400, "Bad Request", {})],
    }
    world.fails["sendMessageDraft"] = fails.get(telegram, [])

    def pieces():
        world.deadline.start(1.9)
        yield " "

    error = errors.Unreachable if telegram == "is silent" else TimeoutError
    with pytest.raises(error, match="first word"):
        world.answer(pieces())
    assert world.closed == 1


def test_business_answer_grows_in_a_message(world):
    account = message(business_connection_id="b")
    edit, sent = world.stream.answer(account, world.pieces("ab"))
    names = [method for method, _ in world.calls]
    assert names == ["sendChatAction", "sendMessage", "editMessageText"]
    assert edit["method"] == "editMessageText"
    assert {call["business_connection_id"] for call in (edit, sent)} == {"b"}
    assert {params["business_connection_id"] for _, params in world.calls} == {"b"}


def test_notes_expire_after_a_day(world):
    world.pause = 0
    world.answer(["a"], GROUP)
    world.press()
    expire = {key: item.get("expires_at") for key, item in world.container.table.items.items()}
    tomorrow = {"N": str(NOON + 24 * 3600)}
    assert expire == dict.fromkeys(["stream:-7/17.0", NOTES], tomorrow)


def test_answer_goes_on_if_dynamodb_is_unreachable(world):
    world.fails["GetItem"] = [world.container.module("errors").Unreachable("gone")] * 9
    assert world.answer("abc", can_stop=True) == [said("abc")]
