"""The journal of an invocation's calls, and the rule by which an update may come again:

as long as nothing was carried out that people would see twice. Whoever makes calls (the host, the
bot, a framework) makes them with `telegram.call`, which writes them down here.
"""

from __future__ import annotations

from ..errors import Refused
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
# What Telegram says to a call that it has carried out before.
DONE_BEFORE = ("message is not modified", "message to delete not found", "query is too old")


class Journal:
    """What was called since the invocation began.

    `methods` are for the log. `has_calls` tells whether Telegram carried out any, and `is_seen`
    whether people would see one of them twice. `is_repeat` is set if the update has come before,
    and `is_start` while a bot starts, which is no part of an update.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin an invocation."""
        self.methods: list[str] = []
        self.has_calls = self.is_seen = self.is_repeat = self.is_start = False

    def note(self, method: str, params: Json) -> None:
        """Write down a call that Telegram has carried out."""
        if self.is_start:
            return
        self.methods.append(method)
        self.has_calls = True
        name = method.lower()
        # An alert is shown, and a URL opened, each time.
        is_unseen = name.startswith("get") or name in UNSEEN
        if not is_unseen or params.get("show_alert") or params.get("url"):
            self.is_seen = True

    def excuses(self, refusal: Refused) -> bool:
        """Tell whether a call was refused only because it is a repetition."""
        return self.is_repeat and any(text in refusal.description for text in DONE_BEFORE)


journal = Journal()
