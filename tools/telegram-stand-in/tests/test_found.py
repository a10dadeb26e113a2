"""What Telegram finds in a text by itself.

texts.txt has a text and its entities in each line: as TDLib finds them, and phone numbers as well.
Maintainers compare it with TDLib.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from telegram_stand_in import Json, Stage, Telegram
from telegram_stand_in.found import found_in
from telegram_stand_in.links import checked_link
from tests.calls import CHAT, accepted

LINES = Path(__file__).with_name("texts.txt").read_text(encoding="utf-8").splitlines()
TEXTS = [line.split(" →") for line in LINES]


@pytest.mark.parametrize(("text", "entities"), TEXTS)
def test_a_text_has_the_entities_that_telegram_finds(text: str, entities: str) -> None:
    found = [f"{e['type']} {e['offset']}+{e['length']}" for e in found_in(text)]
    assert ", ".join(found) == entities.strip()


LONG = [
    ("#" + "a" * 300, (0, 257)),
    ("#" + "a" * 256 + "@bot", (0, 261)),
    ("#" + "a" * 257 + "@bot", (0, 257)),
    (f"{'a' * 63}.com", (0, 67)),
    (f"{'a' * 64}.com", None),
]


@pytest.mark.parametrize(("text", "span"), LONG, ids=range(len(LONG)))
def test_how_long_a_tag_and_a_domain_may_be(text: str, span: tuple[int, int] | None) -> None:
    assert [(e["offset"], e["length"]) for e in found_in(text)] == ([span] if span else [])


LINKS = [
    ("a.b", "http://a.b/"),
    ("HTTPS://A.b:080?q r", "https://a.b:80/?q%20r"),
    ("user:pw@a.b/x\n", "http://user:pw@a.b/x"),
    ("[::1]:8", "http://[::1]:8/"),
    ("TG:resolve?domain=a", "tg://resolve?domain=a"),
    ("tonsite://a.b/c", "tonsite://a.b/c"),
    ("tg://a.b", ""),
    ("http://localhost", ""),
    ("ftp://a.b", ""),
    ("http://a.b:0", ""),
    ("http://a|.b", ""),
    ("http://[x]", ""),
]


@pytest.mark.parametrize(("given", "kept"), LINKS)
def test_a_link_is_kept_as_telegram_does(given: str, kept: str) -> None:
    assert checked_link(given) == kept


def test_a_link_that_ends_in_a_quotation_has_no_entity(telegram: Telegram) -> None:
    quote = {"type": "blockquote", "offset": 0, "length": 3}
    params = {"chat_id": CHAT, "entities": [quote], "text": "a.com b.com"}
    message = accepted(telegram, "sendMessage", **params)
    assert message["entities"] == [quote, {"type": "url", "offset": 6, "length": 5}]


def seen_by_a_bot(send: Json) -> Json:
    seen: list[Json] = []
    Stage(seen.extend).user("Ada").send(send)
    message: Json = seen[0]["message"]
    return message


def test_a_persons_link_has_an_entity() -> None:
    entities = seen_by_a_bot({"text": "see https://a.dev\t#x @durov"})["entities"]
    assert [(e["type"], e["offset"]) for e in entities] == [
        ("url", 4),
        ("hashtag", 18),
        ("mention", 21),
    ]


def test_so_has_one_in_a_caption() -> None:
    message = seen_by_a_bot({"photo": b"GIF89a", "caption": "t.me/x"})
    assert message["caption_entities"] == [{"type": "url", "offset": 0, "length": 6}]


def test_a_persons_own_entities_stay() -> None:
    bold = [{"type": "bold", "offset": 0, "length": 4}]
    assert seen_by_a_bot({"text": "t.me/x", "entities": bold})["entities"] == bold
