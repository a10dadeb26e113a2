"""The journal of an invocation's calls, and the rule by which an update may be redelivered.

An update may be redelivered as long as nothing was carried out that people would see twice. The
host, the bot and frameworks make their calls with `telegram.call`, which writes them down here.
"""

from __future__ import annotations

from ..errors import BadConversation, Refused
from ..types import Json

# Besides get…, the methods whose calls nobody sees twice. An edit isn't among them: repeated after
# a later one, it would bring back what that one replaced.
UNSEEN = {
    "answercallbackquery",
    "answerinlinequery",
    "answerprecheckoutquery",
    "answershippingquery",
    "answerwidgetquery",
    "deletemessage",
    "deletemessages",
    "sendchataction",
    "sendmessagedraft",
    "sendrichmessagedraft",
}
# What Telegram says to a call whose effect is there already.
DONE_BEFORE = ("message is not modified", "message to delete not found")
# And to an answer that was given, or comes too late.
TOO_OLD = "query is too old"


class Journal:
    """The calls since the invocation began, and the facts about its update."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin an invocation, or the next update of a replay."""
        self.methods: list[str] = []  # for the log: also those of returned calls that were refused
        self.has_calls = False  # Telegram carried out any
        self.is_seen = False  # people would see one of them twice

        self.update_id = 0
        self.is_repeat = False  # it has come before
        self.is_queued = False  # it came out of the queue, so that it may wait
        self.is_counted = False  # it counts no more for LIMIT in bot.py
        self.trusts_session = False  # it needs no answer if its session knows it
        self.streams = 0  # its answers that grow
        self.turn = b""  # with all messages of its turn, by marshal, if they won't be redelivered

        self.is_start = False  # while a bot starts, which is no part of an update
        self.is_rerun = False  # while a dialogue runs again
        self.is_framework = False  # while a framework calls, which may wait for its own exception

    def check_rerun(self) -> None:
        """Raise BadConversation while a dialogue runs again, which must have no effects."""
        if self.is_rerun:
            raise BadConversation(
                "a dialogue runs again at each answer: calls of telegram, aws, later and session "
                "belong in `yield keep(…)`"
            )

    def note(self, method: str, params: Json) -> None:
        """Write down a call that Telegram has carried out."""
        if self.is_start:
            return
        self.methods.append(method)
        self.has_calls = True
        self.is_seen |= _is_seen(method, params)

    def forgive(self) -> None:
        """Let the update be redelivered, even if people saw something of it.

        Either nothing that it changed was kept, or its session says where to go on.
        """
        self.is_seen = False

    def excuses(self, refusal: Refused, method: str, params: Json) -> bool:
        """Tell whether a call was refused only because what it asks for is the case already.

        A container may not know that an update has come before. So an answer to a tap that comes
        too late is excused anyway, unless it has something to show.
        """
        if any(text in refusal.description for text in DONE_BEFORE):
            return self.is_repeat or not self.is_framework
        is_press = method.lower() == "answercallbackquery" and not _is_seen(method, params)
        return TOO_OLD in refusal.description and (self.is_repeat or is_press)


def _is_seen(method: str, params: Json) -> bool:
    """Tell whether people would see a call twice: of an answer to a tap, an alert or a URL."""
    name = method.lower()
    is_unseen = name.startswith("get") or name in UNSEEN
    return not is_unseen or bool(params.get("show_alert") or params.get("url"))


journal = Journal()
