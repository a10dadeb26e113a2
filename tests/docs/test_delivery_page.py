"""docs/delivery.md: each of its sentences leads to a test that exists."""

import ast
import re

from telegram_bot_aws.local.project import ROOT

PAGE = ROOT / "docs" / "delivery.md"
BODY, _, NOTES = PAGE.read_text().partition("\n## ")[2].partition("\n[^")
FOOTNOTE = re.compile(r"^\[\^([\w-]+)\]: (.*?)(?=^\[\^|\Z)", re.MULTILINE | re.DOTALL)
TESTS = dict(FOOTNOTE.findall("[^" + NOTES))


def sentences():
    """Return the sentences of the lists, each with its footnotes."""
    lines = re.split(r"^- ", re.sub(r"^.*\n\n(?=- )", "", BODY, flags=re.MULTILINE), flags=re.M)
    texts = [" ".join(line.partition("\n## ")[0].split()) for line in lines if line.strip()]
    return [each for text in texts for each in re.split(r"(?<=[.\]]) (?=[A-Z*`])", text)]


def test_each_sentence_ends_with_a_footnote():
    found = sentences()
    assert len(found) > 40
    assert [each for each in found if not re.search(r"\.\[\^[\w-]+\]$", each)] == []


def test_the_footnotes_are_those_of_the_sentences():
    used = re.findall(r"\[\^([\w-]+)\]", BODY)
    assert list(dict.fromkeys(used)) == list(TESTS)


def test_each_footnote_names_tests_that_exist():
    for text in TESTS.values():
        for part in text.split(";"):
            [(name, path)] = re.findall(r"\[(\S+)\]\(\.\./(\S+)\)", part)
            assert path.endswith("/" + name)
            functions = ast.parse((ROOT / path).read_text()).body
            there = {each.name for each in functions if isinstance(each, ast.FunctionDef)}
            named = re.findall(r"`(\w+)`", part)
            assert named and {*named} <= there, part
