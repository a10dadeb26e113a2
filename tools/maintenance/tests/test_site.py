"""scripts/site: the copy of docs/ that it builds from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import ROOT

from maintenance import site

GITHUB = "https://github.com/ada/bots"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("../delivery.md#with-a-queue", "../delivery.md#with-a-queue"),
        ("#remove-it", "#remove-it"),
        ("https://example.org/a", "https://example.org/a"),
        ("../../lambda/bot.py", f"{GITHUB}/blob/main/lambda/bot.py"),
        ("../../CONTRIBUTING.md#words", f"{GITHUB}/blob/main/CONTRIBUTING.md#words"),
        ("../../examples/votes", f"{GITHUB}/tree/main/examples/votes"),
    ],
)
def test_links_out_of_the_docs_lead_to_github(link: str, expected: str) -> None:
    page = site.DOCS / "how-to" / "queue.md"
    assert site.absolute(f"See [a\npage]({link}).", page, GITHUB) == f"See [a\npage]({expected})."


LIST = """\
- One
  goes on:

  ```sh
  ls
  ```
1. Two

   more
2. Three

```yaml
- a
  b
```
"""
INDENTED = """\
- One
    goes on:

    ```sh
    ls
    ```

1. Two

    more

2. Three

```yaml
- a
  b
```
"""


def test_parts_of_a_list_are_indented_by_four() -> None:
    assert site.indented(LIST) == INDENTED


def test_the_copy_has_no_link_out_of_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "COPY", tmp_path / "copy")
    site.write_copy(GITHUB)
    pages = [*(tmp_path / "copy" / "docs").rglob("*.md")]
    assert len(pages) > 40
    for page in pages:
        for _, target, _ in site.LINK.findall(page.read_text()):
            assert (page.parent / target).exists(), (page, target)


def test_each_page_is_in_the_navigation_once() -> None:
    named = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = [f"{page.relative_to(site.DOCS)}" for page in site.DOCS.rglob("*.md")]
    assert sorted(named) == sorted(pages)
