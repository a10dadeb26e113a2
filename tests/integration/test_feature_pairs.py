"""The table of pairs: each feature beside each other one, under each fault at each step.

A simulation has one bot, made from the parts of two features (tests/support/features.py), and at
most one fault, or a storm of all. People write to it in four phases. In the second one it is
broken, if somebody redrives the dead letters in the third and after the fourth; or a release is
under way. `check` is what must hold.

    PAIRS=all scripts/test tests/integration/test_feature_pairs.py   # for an hour or two
"""

import itertools
import json
import os
import random
import re
from collections import Counter, defaultdict, namedtuple
from types import SimpleNamespace

import pytest

from tests.support import features
from tests.support.features import ALBUM, FEATURES
from tests.support.simulation import Simulation
from tests.support.stubs import NOBODY, QUEUE

# After these, something may be said twice: that it was carried out, or noted, got lost.
LOSSES = (
    "crash",
    "telegram_response_lost",
    "aws_unreachable",
    "aws_response_lost",
    "sqs_unreachable",
    "webhook_response_lost",
    "duplicate",
)
REFUSALS = ("429", "model_unreachable", "telegram_unreachable")
ORDERS = 3  # simulations in which updates come out of order
OUT_OF_ORDER = "out_of_order"
STORM = "storm"  # of all faults, and also out of order
OFTEN = {"crash": 0.04, "duplicate": 0.02, "webhook_response_lost": 0.1}  # others: 0.05


# A pair that meets a fault, "" for none, at one of its chances.
Case = namedtuple("Case", ["pair", "fault", "at"], defaults=["", 0])
# A bot has one SESSION.
EXCLUDED = {*itertools.combinations(features.SESSIONS, 2)}
PAIRS = [pair for pair in itertools.combinations(FEATURES, 2) if pair not in EXCLUDED]

SENTENCE = re.compile(r"(\S+) (\d)/(\d) (\[.*?\])(.*)", re.DOTALL)
START = 1767225600
HOUR = 3600
REDRIVES = 5  # at most
TIMES = 3  # of a call that recurs


class Said(namedtuple("Said", "word part parts ids more chat is_sent at")):
    """A part of an answer that was carried out: the first of two to updates 7 and 8, and so on.

    It was sent, or is an edit. `at` is the time for which it was scheduled, if it recurs.
    """

    @property
    def is_whole(self):
        """Whether the text doesn't grow any more."""
        return not self.more.endswith("…")

    @property
    def is_answer(self):
        """Whether it is the answer to an update, and wasn't scheduled by it, nor is a failure's."""
        return self.word not in ("reminder", "tea", "due", "debts", "sorry")


class Play:
    """The simulation of a case: who says what to the bot, and what the bot says."""

    def __init__(self, start, log, case):
        self.pair, self.fault, self.at = case
        self.log = log
        self.features = [FEATURES[name] for name in self.pair]
        self.updates = {}
        self.chances = Counter()  # that each fault has had
        self.is_mixed = self.fault in (OUT_OF_ORDER, STORM)
        self.chance = random.Random(f"{self.pair} {self.at * self.is_mixed}")  # noqa: S311
        self.settings = {}
        for feature in self.features:
            self.settings |= feature.settings
        self.versions = None  # of the bot, which new containers have one after the other
        self._start = start
        self.simulation = Simulation(lambda: self.container(next(self.versions)), self._should)
        self.table = {}
        self.left = []  # what the first redrive left

    def container(self, version):
        """Start a container with a version of the bot."""
        urls = {"TELEGRAM_API_URL": NOBODY, "AWS_ENDPOINT_URL": NOBODY}
        container = self._start(version, **urls, **self.settings)
        self.table = container.table.items
        if hasattr(container.bot, "stream"):
            # Each reading is a second later, or how much it shows would depend on the machine.
            ticks, clock = itertools.count(), self.simulation.clock
            readings = {"monotonic": lambda: clock.time() + next(ticks), "sleep": clock.sleep}
            container.module("stream").time = SimpleNamespace(**readings)
        return container

    def _should(self, what):
        self.chances[what] += 1
        if self.fault == STORM:
            return self.chance.random() < OFTEN.get(what, 0.05)
        return what == self.fault and self.chances[what] == self.at

    @property
    def session(self):
        """SESSION of the bot, "" without one."""
        chosen = [FEATURES[name].session for name in self.pair if name in features.SESSIONS]
        return (chosen or sorted((f.session for f in self.features), reverse=True))[0]

    def source(self, version=1, is_broken=False, is_away=False):
        """Return a version of the bot."""
        head = f"VERSION, IS_BROKEN, IS_AWAY = {version}, {is_broken}, {is_away}\n"
        head += f"IS_KEPT = {'dead letters' in self.pair}\n"
        head += f'SESSION = "{self.session}"\n' if self.session.startswith("chat") else ""
        return head + features.BASE + "".join(f.part for f in self.features) + features.END

    def releases(self):
        """Return the versions that answer in each of the four phases, side by side."""
        is_broken, newest = "dead letters" in self.pair, 2 if "release" in self.pair else 1
        old, new = self.source(), self.source(newest)
        during = [self.source(newest, is_broken)] if is_broken else [*dict.fromkeys([old, new])]
        return [[old], during, [self.source(newest, is_away=is_broken)], [new]]

    def run(self):
        """Play all phases, and redrive what failed."""
        before = []
        for phase, versions in enumerate(self.releases()):
            if versions != before:
                self.versions = itertools.cycle(versions)
                self.simulation.renew()
            before = versions
            lines = self._lines(phase)
            self._deliver([lines.pop(features.UNLUCKY, [])])  # the first that fails
            self._schedule(phase)
            self._deliver([*lines.values()])
            if phase == 2 and "dead letters" in self.pair:
                self.simulation.redrive(self.chance.choice)
                self.left = self.simulation.queues.dead_letters
        self._schedule(4)
        self._deliver([])
        for _ in range(REDRIVES if "dead letters" in self.pair else 0):
            self.simulation.redrive(self.chance.choice)

    def _deliver(self, lines):
        if self.is_mixed:
            lines = [[each] for line in lines for each in line]
        self.simulation.deliver([line for line in lines if line], self.chance.choice)

    def _lines(self, phase):
        """Return the updates of a phase, by chat."""
        speaking = [name for name in self.pair if FEATURES[name].says]
        if len(speaking) < 2:
            speaking.append("plain")
        lines = defaultdict(list)
        for name in speaking:
            for text in FEATURES[name].says[phase]:
                update = self._update(FEATURES[name].person, text, phase)
                lines[update["message"]["chat"]["id"]].append(update)
        # Others also write, also while somebody is asked.
        if phase < 2:
            own = FEATURES[speaking[phase % len(speaking)]].says
            text = next(text for texts in own for text in texts)
            other = self._update(features.OTHER, "a" if text == "unlucky" else text, phase)
            lines[features.OTHER].append(other)
        elif phase == 2:
            lines[features.GROUP].insert(2, self._update(features.GUEST, "a", phase))
        return lines

    def _update(self, person, text, phase):
        id_ = len(self.updates) + 1
        is_private = person in features.PRIVATE
        chat = {"id": features.GROUP, "type": "supergroup", "title": "A group"}
        message = {
            "message_id": id_,
            "date": START + id_ * HOUR,
            "chat": {"id": person, "type": "private"} if is_private else chat,
            "from": {"id": person, "is_bot": False, "first_name": "A"},
        }
        if text == ALBUM:
            photo = {"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}
            message |= {"media_group_id": f"{person} {phase}", "photo": [photo]}
        else:
            message["text"] = f"{text} {id_}"
        if person == features.FLOODER:  # by its date, an update counts for RATE_LIMIT
            message["date"] = START
        if text.startswith("/"):
            command = {"type": "bot_command", "offset": 0, "length": len(text)}
            message["entities"] = [command]
        self.updates[id_] = {"update_id": id_, "message": message}
        return self.updates[id_]

    def _schedule(self, phase):
        """Send what is due in a phase to the queue, each twice: what recurs, many times."""
        for name, item in [*self.simulation.schedules.items()]:
            times = [f"2026-01-{day:02}T16:00:00Z" for day in range(1, TIMES + 1)]
            if "at" in item:
                del self.simulation.schedules[name]
            elif phase != 1:
                continue
            for at in times[:1] if "at" in item else times:
                body = json.dumps({**item["event"], "at": at})
                for _ in range(2):
                    self.simulation.queues.send(QUEUE, body, name)

    def said(self):
        """Return what people see, in order: no drafts, and no calls without a text."""
        found = []
        times = {}  # by the ids of the first messages
        for run, method, params in self.simulation.calls:
            content = run.content
            at = content.get("at") or content.get("event", {}).get("at", "")
            id_ = content.get("of") or (run.message or {}).get("id")
            at = times.setdefault(f"{id_}", at)
            if "text" not in params or method == "sendMessageDraft":
                continue
            sentence = SENTENCE.fullmatch(params["text"])
            assert sentence, params["text"]
            word, part, parts, ids, more = sentence.groups()
            place = int(params["chat_id"]), method == "sendMessage", at
            found.append(Said(word, int(part), int(parts), tuple(json.loads(ids)), more, *place))
        return found

    def word(self, update_id):
        """Return the first word of an update's text."""
        return str(self.updates[update_id]["message"].get("text", ALBUM)).split()[0]

    def person(self, update_id):
        """Return the id of who wrote an update."""
        return self.updates[update_id]["message"]["from"]["id"]

    def outcomes(self, update_id):
        """Return the outcomes of an update, in order: containers that ended have none."""
        return [line["outcome"] for line in self.log.lines if line.get("update_id") == update_id]

    def by(self, person):
        """Return the ids of a person's updates."""
        return [update_id for update_id in self.updates if self.person(update_id) == person]


def check(play):
    """Check what must hold.

    Every update is answered, whole and by one answer, or its outcome says why not. What is said
    twice was carried out, and its answer or the note of it was lost: one answer, once. Nothing
    reaches another chat. No update changes a session twice. No dead letter is left by the redrives.
    """
    said = play.said()
    answers = {update_id: set() for update_id in play.updates}
    parts = defaultdict(list)
    times = Counter()
    for each in said:
        answer = each.word, each.ids, each.parts, each.at
        times[answer, each.part] += each.is_sent
        for update_id in each.ids:
            assert play.updates[update_id]["message"]["chat"]["id"] == each.chat, each
            if each.is_answer:
                answers[update_id].add(answer)
        if each.is_whole:
            parts[answer].append(each.part)
    for update_id, found in answers.items():
        assert len(found) <= 1, f"{update_id} has several answers: {found}"
        assert found or is_excused(play, update_id), f"{update_id} has no answer"
    for answer, made in parts.items():
        is_whole = [*dict.fromkeys(made)] == [*range(1, answer[2] + 1)]
        assert is_whole or is_excused(play, answer[1][0]), f"{answer} is said in parts {made}"
    repeated = {what: count for what, count in times.items() if count > 1}
    if play.is_mixed:
        # Somebody else changed the session meanwhile. A question may be asked again.
        makes_own = {*features.OWN_CALLS, "photo?", "day?"}
        repeated = {what: repeated[what] for what in repeated if what[0][0] not in makes_own}
    if play.fault == STORM:
        repeated = {}
    assert {*repeated.values()} <= {2}, f"more than twice: {repeated}"
    assert len({what[0][1] for what in repeated}) <= 1, f"several are said twice: {repeated}"
    assert not repeated or may_repeat(play, repeated), f"said twice: {repeated}"
    if "dead letters" in play.pair:
        assert not play.simulation.queues.items, "a redrive leaves something"
    for item in play.table.values():
        for seen in seen_in(json.loads(item.get("session", {"S": "{}"})["S"])):
            assert len(seen) == len({*map(str, seen)}), f"counted twice: {seen}"
    by_place = defaultdict(list)
    for each in said:
        if each.is_answer and each.word != "wait":  # which doesn't wait in the queue
            by_place[each.chat, play.person(each.ids[0])].append(each.ids[0])
    if not play.is_mixed and "dead letters" not in play.pair:
        for ids in by_place.values():
            assert [*dict.fromkeys(ids)] == sorted({*ids}), f"out of order: {ids}"
    for name in {*play.pair} & OWN.keys():
        OWN[name](play, said)


def is_excused(play, update_id):
    """Tell whether the outcome of an update says why it has no answer, or a part of one."""
    # The webhook may log that it was queued after the queue has delivered it, and what failed for
    # good is a duplicate if Telegram delivers it again.
    known = [each for each in play.outcomes(update_id) if each not in ("queued", "duplicate")]
    outcome = [None, *known][-1]
    if outcome == "ignored":
        return update_id in play.by(features.STRANGER)
    if outcome == "rate_limited":
        return update_id in play.by(features.FLOODER) and "RATE_LIMIT" in play.pair
    if outcome == "bot_error":  # and stays so: a hint of on_rate_limit() is no dead letter
        is_hint = update_id in play.by(features.FLOODER) and "RATE_LIMIT" in play.pair
        return is_hint or (play.word(update_id) == "fail" and "dead letters" not in play.pair)
    if outcome == "answered":  # the question once more
        return update_id in play.by(features.ASKED) and play.is_mixed
    if outcome == "incomplete":
        is_noted = play.session and play.word(update_id) not in features.OWN_CALLS
        return not is_noted and "dead letters" not in play.pair
    return False


def may_repeat(play, repeated):
    """Tell whether a part of an answer may be said twice after this fault."""
    makes_own = {what[0][0] for what in repeated} <= features.OWN_CALLS
    return play.fault in LOSSES or makes_own


def seen_in(value):
    """Yield what a session has seen."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == "seen":
            yield inner
        yield from seen_in(inner)


# ── What must hold for one feature


def check_conversation(play, said):
    """The last conversation ends with its own answers, whatever failed before is answered later."""
    if play.is_mixed:
        return
    own = [n for n in play.by(features.ASKED) if "@" not in play.word(n)]
    *_, begun, photo, day = own
    ends = [(each.ids, each.more) for each in said if each.word == "ordered"]
    assert {*ends} == {((day,), f" of {[begun, photo]}")}, ends


def check_limit(play, said):
    """Three of a flood are answered. One of them is an album. The hint comes once."""
    flood = play.by(features.FLOODER)
    album = {n for n in flood if play.word(n) == ALBUM}
    answered = {n for each in said for n in each.ids if each.word != "wait"}
    assert album <= answered or not album & answered, "an album is torn"
    others = answered.intersection(flood) - album
    assert len(others) + bool(album & answered) == 3, answered
    hints = [each.word for each in said].count("wait")
    assert hints <= 1 or play.fault in LOSSES, "two say the hint"


def check_redrive(play, said):
    """One person whose update still fails doesn't keep others waiting."""
    if not play.fault:
        left = {each["update"]["update_id"] for each in play.left}
        assert left <= {*play.by(features.UNLUCKY)}, f"left by a redrive: {left}"


def check_reminders(play, said):
    """A reminder comes if nobody has cancelled it, and none comes after that."""
    first, second = (n for n in play.by(features.OWNER) if play.word(n).startswith("remind"))
    words = [(each.word, each.ids) for each in said]
    cancelled = [word for word, _ in words].index("cancelled")
    assert ("reminder", (first,)) not in words[cancelled:], "it comes after it was cancelled"
    assert ("reminder", (second,)) in words, "it doesn't come"


def check_times(play, said):
    """Each time of what recurs is taken: one at which it failed, by a redrive."""
    words = {"every": "tea", "weekly": "debts"}
    for first in [n for n in play.by(features.OWNER) if play.word(n) in words]:
        word = words[play.word(first)]
        times = {each.at for each in said if each.word == word and each.ids == (first,)}
        assert len(times) == TIMES, times


def check_failures(play, said):
    """People are told of each failure once. Whom a fault prevented isn't told later."""
    failed = {n for n in play.by(features.OWNER) if play.word(n) == "fail"}
    told = [n for each in said if each.word == "sorry" for n in each.ids if n in failed]
    assert {*told} == failed or play.fault, f"{told} of {failed} are told"
    assert len(told) == len({*told}) or play.fault in LOSSES, f"told twice: {told}"


OWN = {
    "conversation": check_conversation,
    "RATE_LIMIT": check_limit,
    "dead letters": check_redrive,
    "schedule.once": check_reminders,
    "on_error": check_failures,
    "schedule.cron": check_times,
    "event": check_times,
}


# ── The simulations

IS_ALL = os.environ.get("PAIRS") == "all"
SEED = 20260101
SAMPLE, FEW = 18, 2  # pairs of a normal run, and for each pair simulations with a fault


@pytest.fixture
def play(start_with_sessions, log):
    """Play a case with a table that is empty, and check what must hold."""

    def run(case):
        log.lines.clear()
        played = Play(start_with_sessions, log, case)
        try:
            played.run()
            check(played)
        except Exception as error:
            error.add_note(f"{case}")
            raise
        finally:
            played.simulation.end()
            played.table.clear()
        return played

    return run


def cases_of(played):
    """Return the cases of a pair with a fault, after one without: at each chance of each fault."""
    chances = {fault: played.chances[fault] for fault in (*LOSSES, *REFUSALS)}
    chances[OUT_OF_ORDER] = ORDERS
    return [
        Case(played.pair, fault, at) for fault in chances for at in range(1, chances[fault] + 1)
    ]


def pairs():
    """Yield the pairs that are played: a sample of them in a normal run."""
    usual = random.Random(SEED).sample(PAIRS, SAMPLE)  # noqa: S311
    for pair in PAIRS:
        marks = [] if pair in usual else [pytest.mark.slow]
        yield pytest.param(pair, id=" and ".join(pair), marks=marks)


@pytest.mark.parametrize("pair", [*pairs()])
def test_feature_pair(play, pair):
    cases = cases_of(play(Case(pair)))
    if not IS_ALL:
        cases = random.Random(f"{SEED} {pair}").sample(cases, FEW)  # noqa: S311
    for case in cases:
        play(case)


# They notice if two middlewares change places, or an event changes a session twice.
CHOSEN = [
    Case(("dead letters", "on_error"), "sqs_unreachable", 1),
    Case(("plain", "dead letters"), "429", 2),
    Case(("queue", "dead letters"), "429", 2),
    Case(("queue", "dead letters", "on_error"), "sqs_unreachable", 3),
    Case(("RATE_LIMIT", "queue")),
    Case(("plain", "event"), "aws_response_lost", 4),
]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: " and ".join(case.pair))
def test_chosen_world(play, case):
    assert play(case).chances[case.fault] >= case.at, "the fault had no chance"


# Two versions of the bot answer side by side, and each update counts once and is answered as saved.
SESSIONS = [("SESSION chat", "release"), ("SESSION chat", "queue", "release")]


@pytest.mark.parametrize("pair", SESSIONS, ids=lambda each: " and ".join(each))
def test_sessions_agree_with_answers_in_a_storm(play, pair):
    for order in range(6):
        play(Case(pair, STORM, order))
