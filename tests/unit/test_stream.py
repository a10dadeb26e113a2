"""stream.py: what a chat sees while an answer is made, and the calls that leave all of it."""

import itertools
import sys
import time

import pytest

from tests.support.stubs import with_clock

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


def as_text(params):
    """Return the parameters of a call with Markdown as if it were a text."""
    params = {**params}
    return {"text": params.pop("rich_message")["markdown"], **params}


class World:
    """The part, its container, its clock, and a Telegram that notes what it is called with.

    Telegram fails at calls of a method with what `fails` has for it. Each piece takes `pause`
    seconds to be made, each call of AWS `aws_lasts`, and each of Telegram `telegram_lasts`.
    `limits` are the seconds that each call might take, of both. No server could move the clock.

    With the `form` "markdown" answers are Markdown, which is noted as if it were a text. Telegram
    takes it, or if the form is "refused", refuses it, which isn't noted.
    """

    def __init__(self, container, monkeypatch, form="text"):
        self.container = container
        self.stream = container.module("stream")
        self.shown = self.stream.answer  # what shows an answer
        self.form = form
        self.rich = []  # calls with Markdown
        self.returned = []
        if form != "text":
            self.shown = self._answer_in_markdown
        self.calls = []
        self.context = container.module("context")
        self.fails = {}
        self.limits = []
        self.now = 0.0
        self.pause = 5.0
        self.aws_lasts = self.telegram_lasts = 0.0
        self.closed = 0
        self._ids = itertools.count(900)
        container.answer_telegram(self._post)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)  # the deadline has its own
        monkeypatch.setattr(time, "time", lambda: NOON + self.now)
        self.deadline = container.module("deadline").deadline
        self.deadline.start(60)
        self.asked = []  # of the table: an action, and the id of its item
        container.watch_calls(self._note)

    def _note(self, service, target, params):
        action = target.partition(".")[2]
        item = params.get("Key") or params["Item"]
        self.asked.append(f"{action} {item['id']['S']}")
        self.limits.append(self.deadline.left())
        self.now += self.aws_lasts
        if self.fails.get(action):
            raise self.fails[action].pop(0)

    def _answer_in_markdown(self, *about, **how):
        """Return the calls that Telegram gets of an answer, with texts for Markdown."""
        calls = self.returned = self.stream.answer(*about, markdown=True, **how)
        taken, at = [], 0
        while at < len(calls):
            call = {**calls[at]}
            at += 1
            if number := call.pop("instead_of", 0):
                if self.form == "refused":
                    continue
                at += number
                method = call.pop("method").replace("Rich", "")
                call = {"method": method, **as_text(call)}
            taken.append(call)
        return taken

    def _post(self, method, params, timeout):
        if "rich_message" in params:
            self.rich.append((method, params))
            if self.form == "refused":
                raise self.container.module("errors").TelegramError(method, 400, "Bad Request", {})
            method, params = method.replace("Rich", ""), as_text(params)
        self.calls.append((method, params))
        self.limits.append(self.deadline.left())
        self.now += self.telegram_lasts
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
        calls = self.shown(message=message(chat), chunks=self.made, **how)
        return calls

    def texts(self, method):
        return [params["text"] for name, params in self.calls if name == method]

    def begin(self, update_id):
        """Begin with an update, which may have come before."""
        self.now += 60
        self.context.activate(self.context.Context.of_update("queue", {"update_id": update_id}))

    def press(self, draft_id=17):
        self.stream.stop({"chat": PRIVATE, "draft_id": draft_id})


@pytest.fixture
def form():
    return "text"


@pytest.fixture
def world(start_with_sessions, monkeypatch, form):
    """A bot with a queue and sessions."""
    return World(start_with_sessions(BOT, QUEUE_URL="https://sqs/1/bot.fifo"), monkeypatch, form)


# What is shown is the same for Markdown, which Telegram takes, or which becomes a text.
in_each_form = pytest.mark.parametrize("form", ["text", "markdown", "refused"])


@in_each_form
def test_an_answer_grows_in_a_draft(world):
    assert world.answer(["Hello", ", Ada.\n"]) == [said("Hello, Ada.")]
    draft = {"chat_id": 42, "draft_id": 17}
    assert world.calls == [
        ("sendMessageDraft", {**draft, "text": ""}),
        ("sendMessageDraft", {**draft, "text": "Hello …"}),
        ("sendMessageDraft", {**draft, "text": "Hello, Ada. …"}),
    ]
    assert world.closed == 1


@in_each_form
@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_an_answer_in_a_group_grows_in_a_message(world, kind):
    assert world.answer(["Hello", ", Ada."], {**GROUP, "type": kind}) == []
    assert world.calls == [
        ("sendChatAction", {"chat_id": -7, "action": "typing"}),
        ("sendMessage", {"chat_id": -7, "text": "Hello …", "reply_parameters": QUESTION}),
        ("editMessageText", {**POST, "text": "Hello, Ada. …"}),
        ("editMessageText", {**POST, "text": "Hello, Ada."}),
    ]


def test_message_that_grows_is_not_seen_if_noted(world):
    """The module's note of the message counts: without it, a second one would grow."""
    world.answer(["Hello", ", Ada."], GROUP)
    assert not world.context.current.calls.visible
    world.answer(["Hello", ", Ada."], GROUP)  # in the message of the first time
    assert not world.context.current.calls.visible
    world.now += 60
    world.fails["PutItem"] = [world.container.module("errors").Unreachable("HTTP 500")]
    world.shown({**message(GROUP), "message_id": 18}, world.pieces(["Hello", ", Ada."]))
    assert world.context.current.calls.visible


@in_each_form
def test_an_answer_goes_where_the_question_is(world):
    topic = {"is_topic_message": True, "message_thread_id": 5, "has_protected_content": True}
    [call] = world.shown(message(**topic), ["a"])
    assert call == {**said("a"), "message_thread_id": 5, "protect_content": True}
    assert world.calls[0][1]["message_thread_id"] == 5
    direct = message(GROUP, direct_messages_topic={"topic_id": 6}, message_thread_id=7)
    world.shown(direct, ["a"])
    [sent] = [params for name, params in world.calls if name == "sendMessage"]
    assert "message_thread_id" not in sent
    assert sent["direct_messages_topic_id"] == 6


def test_each_answer_of_an_update_grows_in_a_message(world):
    world.context.current.id = 7
    for _ in range(2):  # the update is delivered again
        world.answer(["Hello"], GROUP)
        world.now += 60
        world.shown(message(GROUP), ["Goodbye"])
    assert world.texts("sendMessage") == ["Hello …", "Goodbye …"]


@pytest.mark.parametrize(("chat", "pause"), [(PRIVATE, 1.25), (GROUP, 5)], ids=["draft", "edit"])
def test_an_answer_is_shown_at_telegrams_pace(world, chat, pause):
    world.pause = pause / 4
    world.answer("abcdefghi", chat)
    texts = [params["text"] for name, params in world.calls if "…" in params.get("text", "")]
    assert texts == ["a …", "abcde …", "abcdefghi …"]


def test_a_draft_is_renewed_while_nothing_is_said(world):
    world.answer(["", "", "", "", "Hello", "", "", "", ""])
    assert world.texts("sendMessageDraft") == ["", "", "Hello …", "Hello …"]
    world.calls.clear()
    world.now += 60
    world.pause = 19.5
    world.answer(["", ""])
    assert len(world.calls) == 2, "after 20 seconds, and not before"


@in_each_form
def test_a_message_that_stays_as_it_is_is_not_edited(world):
    world.answer(["Hello", *[""] * 9], GROUP)
    assert world.texts("editMessageText") == ["Hello"], "at the end"


@in_each_form
def test_failing_calls_are_made_up_for_later(world):
    errors = world.container.module("errors")
    gone = errors.Unreachable("gone")
    world.fails = {
        "sendChatAction": [errors.TelegramError("sendChatAction", 400, "Bad Request", {})],
        "sendMessage": [gone],
        "editMessageText": [gone],
    }
    assert world.answer("abcd", GROUP) == []
    assert world.texts("sendMessage") == ["a …", "ab …"]
    assert world.texts("editMessageText") == ["abc …", "abcd …", "abcd"]


@in_each_form
@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["draft", "edit"])
def test_an_answer_ends_where_the_bot_may_not_write(world, chat):
    refused = world.container.module("errors").TelegramError
    blocked = refused("sendMessage", 403, "Forbidden: bot was blocked by the user", {})
    world.fails = {"sendMessageDraft": [blocked], "sendChatAction": [blocked]}
    with pytest.raises(refused, match="403"):
        world.answer("abc", chat)
    assert len(world.calls) == 1
    assert world.now == 0, "no piece was made"


@pytest.mark.parametrize(("seconds", "most"), [(60, 5), (2.5, 0.5)], ids=["usually", "at the end"])
def test_calls_leave_time_for_the_whole_answer(world, seconds, most):
    with_clock(world.container)
    world.deadline.start(60)
    world.deadline.start(seconds)
    end = world.deadline.at
    world.answer("a", can_stop=True)
    calls = ["was it stopped?", "a draft", "is it stopped?", "a draft"]
    assert len(world.limits) == len(calls) and max(world.limits) == most
    world.limits.clear()
    world.answer("a", GROUP)
    calls = ["was it begun?", "typing", "a message", "the note of it", "is written", "all of it"]
    assert len(world.limits) == len(calls) and max(world.limits[1:]) == most < world.limits[0]
    assert world.deadline.at == end


@in_each_form
@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["draft", "edit"])
def test_nothing_said_is_nothing_sent(world, chat):
    assert world.answer(["", " \n"], chat) == []
    assert "sendMessage" not in [name for name, _ in world.calls]


def test_pieces_may_be_a_list_and_sessions_missing(start_bot, monkeypatch):
    bot = "def reply(update):\n    return []"
    world = World(start_bot(bot, QUEUE_URL="https://sqs/1/bot.fifo"), monkeypatch)
    assert world.shown(message(GROUP), ["a"], can_stop=True) == []
    assert world.calls[-1] == ("editMessageText", {**POST, "text": "a"})
    world.shown(message(), ["a"], can_stop=True)
    assert "can_stop" not in world.calls[-1][1]
    assert "botkit.store" not in sys.modules


# Markdown.

in_markdown = pytest.mark.parametrize("form", ["markdown"])


def rich(markdown):
    return {"rich_message": {"markdown": markdown}}


@in_markdown
def test_markdown_grows_in_a_rich_draft(world):
    world.answer(["**Hello", ", `A<da`", ".**\n\nBye"])
    draft = {"chat_id": 42, "draft_id": 17}
    assert world.calls[0] == ("sendMessageDraft", {**draft, "text": ""})
    assert world.rich == [
        ("sendRichMessageDraft", {**draft, **rich(markdown)})
        for markdown in (
            "**Hello** …",
            "**Hello, <code>A&#60;da</code>** …",
            "**Hello, <code>A&#60;da</code>.**\n\nBye …",
        )
    ]
    whole = {"method": "sendRichMessage", "chat_id": 42, "instead_of": 1}
    whole |= rich("**Hello, <code>A&#60;da</code>.**\n\nBye")
    assert world.returned == [whole, said("**Hello, `A<da`.**\n\nBye")]


@in_markdown
@pytest.mark.parametrize(
    "account", [{}, {"business_connection_id": "b"}], ids=["group", "business"]
)
def test_markdown_grows_in_a_message(world, account):
    chat = PRIVATE if account else GROUP
    world.shown(message(chat, **account), world.pieces(["*a", "b*"]))
    about = {"chat_id": chat["id"], **account}
    assert world.rich == [
        ("sendRichMessage", {**about, **rich("*a* …"), "reply_parameters": QUESTION}),
        ("editMessageText", {**about, "message_id": 900, **rich("*ab* …")}),
        ("editMessageText", {**about, "message_id": 900, **rich("*ab*")}),
    ]
    assert world.returned == []


@in_markdown
@pytest.mark.parametrize("was_refused", [False, True], ids=["taken", "half is refused"])
def test_remaining_calls_are_markdown_or_else_text(world, was_refused):
    errors = world.container.module("errors")
    if was_refused:
        world.fails["sendMessage"] = [
            errors.TelegramError("sendRichMessage", 400, "Bad Request", {})
        ]
    world.fails["editMessageText"] = [errors.Unreachable("gone")] * 2
    world.answer(["*a", "b*"], GROUP)
    edit = {"method": "editMessageText", **POST}
    assert world.returned == [{**edit, **rich("*ab*"), "instead_of": 1}, {**edit, "text": "*ab*"}]


@in_markdown
@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["draft", "edit"])
def test_long_markdown_is_longer_messages_and_shorter_texts(world, chat):
    lines = "".join(f"- {number} {'word ' * 100}\n" for number in range(100))
    world.answer(["a\n\n", lines], chat)
    calls = world.returned
    assert "- 99 word" in world.rich[1][1]["rich_message"]["markdown"], "the end is shown"
    if chat is GROUP:
        assert world.rich[-1][1]["rich_message"]["markdown"].startswith("a\n\n- 0 word")
    numbers = [n for n, call in enumerate(calls) if "instead_of" in call]
    assert len(numbers) == (2 if chat is PRIVATE else 1)
    for n in numbers:
        texts = calls[n + 1 : n + 1 + calls[n]["instead_of"]]
        assert all(units(text["text"]) <= 4096 for text in texts)
        words = [text["text"].split() for text in texts]
        assert sum(words, []) == calls[n]["rich_message"]["markdown"].split()


@in_markdown
@pytest.mark.parametrize("ends", ["stopped", "late", "whole"])
def test_markdown_that_ends_early_is_closed(world, ends):
    def pieces():
        yield "```\n<a>"
        yield "\n```\n**b"
        if ends == "stopped":
            world.press()
        elif ends == "late":
            world.deadline.start(1.9)
        yield ""

    world.answer(pieces(), can_stop=True)
    tail = {"stopped": "**b**", "late": "**b** …", "whole": "**b"}[ends]
    assert world.returned[0]["rich_message"]["markdown"] == f"```\n<a>\n```\n\n{tail}"
    text = "```\n<a>\n```\n**b" + (" …" if ends == "late" else "")
    assert world.returned[1:] == [said(text)]


@in_markdown
def test_empty_markdown_is_sent_as_text(world):
    world.answer(["```", "\n```"])
    assert world.returned == [said("```\n```")]
    assert world.rich == []


# Thinking.


def thinking(world, *pieces):
    """Return pieces: those in angle brackets are thinking."""
    think = world.stream.Thinking
    return [think(piece[1:-1]) if piece.startswith("<") else piece for piece in pieces]


THOUGHTS = ("<Let me>", "< see.\nHm_>", "Hello", "<One more thing>", "", "!")


@in_each_form
def test_thinking_is_a_block_of_the_draft(world, form):
    assert world.answer(thinking(world, *THOUGHTS)) == [said("Hello!")]
    block = "<tg-thinking>{}</tg-thinking>" if form == "markdown" else "{} …"
    hm = "Hm&#95;" if form == "markdown" else "Hm_"
    assert world.texts("sendMessageDraft")[1:] == [
        block.format("Let me"),
        block.format(hm),
        "Hello …",
        "Hello\n\n" + block.format("One more thing"),
        "Hello! …",
    ]


@in_each_form
def test_thinking_is_a_line_of_a_message_that_grows(world, form):
    assert world.answer(thinking(world, *THOUGHTS), GROUP) == []
    hm = "Hm&#95;" if form == "markdown" else "Hm_"
    assert world.texts("sendMessage") == ["Let me …"]
    assert world.texts("editMessageText") == [
        f"{hm} …",
        "Hello …",
        "Hello\n\nOne more thing …",
        "Hello! …",
        "Hello!",
    ]


@in_each_form
@pytest.mark.parametrize("ends", ["says nothing", "breaks", "is late"])
def test_thinking_about_nothing_is_taken_back(world, ends):
    def pieces():
        yield from thinking(world, "<Hm>")
        if ends == "breaks":
            raise RuntimeError
        if ends == "is late":
            world.deadline.start(1.9)
        yield " "

    try:
        assert (world.answer(pieces(), GROUP), ends) == ([], "says nothing")
    except (RuntimeError, TimeoutError):
        assert ends != "says nothing"
    assert world.calls[-1] == ("deleteMessage", POST)


def test_thinking_begins_no_message_of_a_business_account(world):
    """A bot can't delete it there as elsewhere."""
    account = message(business_connection_id="b")
    world.shown(account, world.pieces(thinking(world, "<Hm>", "Hello", "<Well>")))
    assert world.texts("sendMessage") == ["Hello …"]
    assert world.texts("editMessageText") == ["Hello\n\nWell …", "Hello"]


def test_rate_limited_end_is_a_remaining_call(world):
    refused = world.container.module("errors").TelegramError
    busy = refused("editMessageText", 429, "Too Many Requests", {"retry_after": 60})
    world.fails["editMessageText"] = [busy]
    assert world.answer("abc", GROUP) == [{"method": "editMessageText", **POST, "text": "abc"}]
    assert world.texts("editMessageText") == ["ab …"]


def test_deleted_message_is_sent_again(world):
    refused = world.container.module("errors").TelegramError
    gone = refused("editMessageText", 400, "Bad Request: message to edit not found", {})
    world.fails["editMessageText"] = [gone]
    first, last = world.answer(["a", "b", "c", "d" * 4093, "tail"], GROUP)
    assert (first["method"], len(first["text"])) == ("sendMessage", 4096)
    assert (last["method"], last["text"]) == ("sendMessage", "tail")
    assert len(world.texts("editMessageText")) == 1, "nobody wants to see it grow once more"
    assert len(world.texts("sendMessage")) == 1


def test_message_deleted_at_the_end_is_sent_again(world):
    gone = world.container.module("errors").TelegramError("editMessageText", 400, "not found", {})
    world.fails["editMessageText"] = [gone]
    [call] = world.answer("a", GROUP)
    assert (call["method"], call["text"]) == ("sendMessage", "a")


def test_an_edit_whose_answer_was_lost_counts(world):
    refused = world.container.module("errors").TelegramError
    known = refused("editMessageText", 400, "Bad Request: message is not modified: …", {})
    world.fails["editMessageText"] = [known]
    assert world.answer("a", GROUP) == []
    assert world.texts("editMessageText") == ["a"]


@pytest.mark.parametrize(
    ("handled", "queue", "source", "has_button"),
    [
        (["message", "stopped_message_generation"], "https://sqs/1/bot.fifo", "queue", True),
        (["message"], "https://sqs/1/bot.fifo", "queue", False),
        (["message", "stopped_message_generation"], "", "start", False),
        (["message", "stopped_message_generation"], "https://sqs/1/bot.fifo", "webhook", False),
    ],
    ids=["both", "no presses", "no queue", "not queued"],
)
def test_a_button_needs_presses_and_a_queue(
    start_with_sessions, monkeypatch, handled, queue, source, has_button
):
    bot = start_with_sessions(f"ALLOWED_UPDATES = {handled}\n" + BOT, QUEUE_URL=queue)
    world = World(bot, monkeypatch)
    world.context.activate(world.context.Context.of_update(source, {"update_id": 1}))
    world.answer("a", can_stop=True)
    assert ("can_stop" in world.calls[-1][1]) is has_button


# A long answer.


def units(text):
    return len(text.encode("utf-16-le")) // 2


def test_long_answer_in_a_group_begins_in_its_message(world):
    [last] = world.answer(["c", "b" * 4999], GROUP)
    assert (last["method"], last["text"]) == ("sendMessage", "b" * 904)
    # Its end, and that it grows.
    assert world.texts("editMessageText") == ["b" * 906 + " …", "c" + "b" * 4095]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two\nthree four", ["one two", "three four"]),
        ("abcde fghijkl", ["abcde fghi", "jkl"]),  # a word that ends halfway is too early
        ("123456789🤖", ["123456789", "🤖"]),
        ("1234567890", ["1234567890"]),
        (" \n", []),
    ],
)
def test_parts_end_with_a_line_or_else_a_word(world, text, parts):
    assert world.stream._split(text, 10) == parts


@pytest.mark.parametrize(
    ("pieces", "text"),
    [(["a\ud83e", "\udd16b"], "a🤖b"), (["a\ud83e", "b"], "ab"), (["a", "\udd16"], "a")],
    ids=["a pair in two pieces", "the first half", "the second half"],
)
def test_half_a_surrogate_pair_costs_no_answer(world, pieces, text):
    assert world.answer(pieces) == [said(text)]
    for shown in world.texts("sendMessageDraft"):
        shown.encode()


# An update that is delivered twice.


@in_each_form
def test_next_delivery_edits_the_begun_message(world):
    def breaks():
        yield "Hel"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.answer(breaks(), GROUP)
    assert world.closed == 1
    world.now += 60
    assert world.answer(["Hello"], GROUP) == []
    assert world.texts("sendMessage") == ["Hel …"]
    assert world.texts("editMessageText") == ["Hello …", "Hello"]
    # Another question gets another message.
    other = {**message(GROUP), "message_id": 18}
    world.now += 60
    world.shown(other, ["Hi"])
    assert world.calls[-1] == ("editMessageText", {**POST, "message_id": 901, "text": "Hi"})


# Stop.


def test_stop_ends_the_answer_with_what_was_said(world):
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
    assert world.shown(message(), map(begun.append, "abc"), can_stop=True) == []
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
    assert (first, last) == ("GetItem stream:-7/17/0.0", "PutItem stream:-7/17/0.0")
    assert len(world.asked) == 3, "one look, and one change: there is no button"


@pytest.mark.parametrize(("left", "text"), [(1.9, "Once upon …"), (2, "Once upon a time")])
def test_an_answer_ends_before_the_time_is_up(world, left, text):
    def pieces():
        yield "Once"
        world.deadline.start(left)
        yield from (" upon", " a time")

    with_clock(world.container)
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


def test_message_is_not_edited_if_unchanged(world):
    """Nor when the bot's time ends with the same " …" that the message has."""

    def pieces():
        yield "Once"
        yield " upon"
        world.deadline.start(1.9)
        yield ""

    assert world.answer(pieces(), GROUP) == []
    assert world.texts("editMessageText") == ["Once upon …"]


@in_each_form
def test_an_answer_for_a_business_account_grows_in_a_message(world):
    world.fails["editMessageText"] = [world.container.module("errors").Unreachable("gone")] * 2
    [call] = world.shown(message(business_connection_id="b"), world.pieces("ab"))
    names = [method for method, _ in world.calls]
    assert names == ["sendChatAction", "sendMessage", *["editMessageText"] * 2]
    assert (call["method"], call["business_connection_id"]) == ("editMessageText", "b")
    assert {params["business_connection_id"] for _, params in world.calls} == {"b"}


def test_the_end_of_a_long_thought_is_shown(world):
    world.answer(thinking(world, f"<{'a' * 100}{'b' * 200}\n \n>", "c"))
    assert world.texts("sendMessageDraft")[1] == "b" * 200 + " …"


def test_notes_are_kept_for_a_day(world, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000)
    world.answer(["a"], GROUP)
    world.press()
    expire = {key: item.get("expires_at") for key, item in world.container.table.items.items()}
    tomorrow = {"N": str(1_800_000_000 + 24 * 3600)}
    assert expire == dict.fromkeys(["stream:-7/17/0.0", NOTES], tomorrow)


def test_a_table_that_cant_be_read_stops_no_answer(world):
    world.fails["GetItem"] = [world.container.module("errors").Unreachable("gone")] * 9
    assert world.answer("abc", can_stop=True) == [said("abc")]
