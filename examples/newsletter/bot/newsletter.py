"""A newsletter under way, in steps: events that last almost as long as Lambda lets them.

A step schedules the next one before it sends anything, so a container that dies only delays it. How
far it is, is in the session "newsletter".
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import subscribers
from botkit import schedule, session, telegram
from botkit.deadline import deadline
from botkit.errors import Misconfigured, TelegramError, Unreachable
from copies import PATIENCE_SECONDS, THREADS, Copies

OWNER = int(os.environ["OWNER_ID"])
BATCH = 25  # people whose results are kept together: if the container dies, they may get it twice
ROUNDS = 20  # tries to reach those whose copies failed, when all others have theirs
SHOW_SECONDS = 20  # after which the owner's message is brought up to date


def begin(id, source, total):
    """Begin the newsletter that a question is about. Return what to tell the owner."""

    def create(job):
        if job and not job["is_finished"]:
            return "" if job["id"] == id else "Another one is under way. /stop ends it."
        if job and job["id"] >= id:
            return "It is over. To send the message once more, answer it with /send."
        job.update(id=id, source=source, total=total, step=0, ready=0, end="", rounds=0)
        job.update(place={}, again={}, counts={}, is_at_work=False, is_finished=False)
        return ""

    refusal = session.change("newsletter", create)
    if not refusal:
        schedule_step(id, 0)
    return refusal or "It begins within a minute."


def stop():
    def end(job):
        if job and not job["is_finished"]:
            job["end"] = "Stopped"
            return job["id"], job["step"]
        return None

    if found := session.change("newsletter", end):
        schedule_step(*found)  # a step that reports, if none waits
    return "It stops, with a report." if found else "Nothing is being sent."


def schedule_step(id, step, seconds=0):
    """Schedule a step. Returns False if it waits already."""
    event = {"newsletter": id, "step": step}
    at = datetime.fromtimestamp(time.time() + seconds, UTC)
    return schedule.once(event, at, f"newsletter.{id}.{step}")


def take_step(event):
    """Send copies, unless another invocation has taken this step."""
    id, step = event["newsletter"], event["step"]
    job = session.read("newsletter")
    if job.get("id") != id or job["is_finished"] or job["step"] > step:
        return []  # a duplicate
    if not schedule_step(id, step + 1, deadline.left() + 5):  # when Lambda has ended this one
        return []  # another invocation is taking this step, or has died in it
    show(job)
    if deadline.left() > 0 and (job := change(job, begin_step, step)):
        job = change(send(job), dict.update, {"is_at_work": False})
        if job and show(job):
            change(job, dict.update, {"is_finished": is_finished(job)})
    return []


def change(job, function, *arguments):
    """Change the newsletter and return it, or None if another invocation has taken over."""

    def guarded(kept):
        if (kept["id"], kept["step"]) != (job["id"], job["step"]):
            return None
        function(kept, *arguments)
        return kept

    return job and session.change("newsletter", guarded)


def begin_step(job, step):
    count(job, "deaths", job["is_at_work"])  # of the step before
    job.update(step=step + 1, is_at_work=True)


def count(job, name, number=1):
    job["counts"][name] = job["counts"].get(name, 0) + number


def send(job):
    """Send copies until all have theirs or the time is up. Return what change() returns."""
    copies, shown, failed = Copies(OWNER, job["source"], job["ready"]), time.time(), []
    with ThreadPoolExecutor(THREADS) as pool:
        while job and not is_finished(job) and copies.time_left() > 0:
            place, rounds = job["place"], job["rounds"]
            if place is None and not failed:
                failed, rounds = list(map(int, job["again"])), rounds + 1
            if place is None:
                people, failed = failed[:BATCH], failed[BATCH:]
            else:
                people, place = subscribers.page(place, BATCH)
            results = dict(zip(people, pool.map(copies.send, people), strict=True))
            job = change(job, note, results, place, rounds, copies.ready)
            for person in people:
                if results[person] == "gone":
                    subscribers.remove(person)
            if job and time.time() > shown + SHOW_SECONDS:
                shown = time.time()
                pool.submit(show, job, copies.call)
    return job


def note(job, results, place, rounds, ready):
    for person, result in results.items():
        was_unsure = job["again"].pop(str(person), False)
        if result in ("again", "unsure"):
            job["again"][str(person)] = was_unsure or result == "unsure"
        if not (was_unsure and result == "unsure"):
            count(job, result)
    job.update(place=place, rounds=rounds, ready=ready)
    if "missing" in results.values():
        job["end"] = "Telegram can't copy the message"


def is_finished(job):
    has_tried = not job["again"] or job["rounds"] > ROUNDS
    return bool(job["end"] or (job["place"] is None and has_tried))


def show(job, call=telegram.call):
    """Bring the owner's message up to date. Returns False if that has to be tried again."""
    wait = job["ready"] - time.time()
    if wait > deadline.left() - PATIENCE_SECONDS:
        return False
    time.sleep(max(wait, 0))
    try:
        call("editMessageText", chat_id=OWNER, message_id=job["id"], text=text_of(job))
    except (Misconfigured, Unreachable):
        return False
    except TelegramError as refusal:  # it says so already, or the owner has deleted it
        return refusal.error_code != 429 and not refusal.is_unauthorized
    return True


def text_of(job):
    sent, gone, refused, deaths, unsure = (
        job["counts"].get(name, 0) for name in ("sent", "gone", "refused", "deaths", "unsure")
    )
    if not is_finished(job):
        return f"{sent:,} of {job['total']:,} got it so far. /stop ends it."
    return (
        f"{job['end'] or 'Done'}: {sent:,} people got it. "
        f"Off the list: {gone:,} who are gone or have blocked the bot. "
        f"Without it: {refused:,} who can't get it, {len(job['again']):,} out of reach. "
        f"At most {BATCH * deaths + unsure:,} got it twice."
    )
