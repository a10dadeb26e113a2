"""The agent's tools: two that read, and one that acts. They book meeting rooms.

A tool gets the person from the bot, never from the model, and the model's arguments by name. It
raises ValueError, which the model reads. PLANS check the arguments of a tool that acts, and tell
the person what it will do; ACTS do it, once for each key.
"""

import time
from datetime import date

from botkit import session

ROOMS = {"Ada": 4, "Grace": 12, "Katherine": 30}  # seats
HOURS = range(8, 18)
BOOKINGS = "bookings"  # the session that has them all: in a company, ask its own system
KEPT = 400  # days


def free_rooms(person, day):
    day, booked = coming(day), session.read(BOOKINGS)
    return {
        room: {"seats": seats, "free_hours": [h for h in HOURS if slot(room, day, h) not in booked]}
        for room, seats in ROOMS.items()
    }


def my_bookings(person):
    bookings = session.read(BOOKINGS)
    return sorted(slot for slot, booking in bookings.items() if booking["person"] == person)


def plan_booking(room, day, hour):
    day = coming(day)
    if room not in ROOMS:
        raise ValueError(f"the rooms are {', '.join(ROOMS)}")
    if hour not in HOURS:
        raise ValueError(f"the hours are {HOURS[0]} to {HOURS[-1]}")
    return f"Book {slot(room, day, hour)}"


def book_room(person, key, room, day, hour):
    """Book a room. With the key of a booking that is there already, nothing changes."""
    booked = slot(room, coming(day), hour)

    def book(bookings):
        return bookings.setdefault(booked, {"person": person, "key": key})["key"] == key

    if not session.change(BOOKINGS, book, days=KEPT):
        raise ValueError("somebody else has just booked it")
    return f"Booked: {booked}"


def slot(room, day, hour):
    return f"{day} {int(hour):02}:00 {room}"


def coming(day):
    """Return a day as 2027-01-15. Raises ValueError if it is over."""
    day = str(date.fromisoformat(day))
    if day < time.strftime("%Y-%m-%d", time.gmtime()):
        raise ValueError("this day is over")
    return day


READS = {"free_rooms": free_rooms, "my_bookings": my_bookings}
PLANS = {"book_room": plan_booking}
ACTS = {"book_room": book_room}


def spec(name, description, **parameters):
    schema = {"type": "object", "properties": parameters, "required": [*parameters]}
    schema["additionalProperties"] = False
    tool = {"name": name, "description": description, "inputSchema": {"json": schema}}
    return {"toolSpec": tool}


DAY = {"type": "string", "description": "as in 2027-01-15"}
TOOLS = [
    spec("free_rooms", "The rooms, their seats, and the hours at which each is free.", day=DAY),
    spec("my_bookings", "The person's bookings."),
    spec(
        "book_room",
        "Book a room for an hour. A button asks the person first.",
        room={"type": "string", "enum": [*ROOMS]},
        day=DAY,
        hour={"type": "integer", "minimum": HOURS[0], "maximum": HOURS[-1]},
    ),
]
