"""A page that the module serves: applied to an emulated AWS, asked as a browser asks it."""

from __future__ import annotations

import gzip
import json
from typing import Any

from emulators.aws import Emulator
from emulators.telegram import Telegram
from local.project import ROOT

from tests.support.deployment import Deploy, client, fetch
from tests.support.init_data import DAY, hash_of, key_of, launch, sign
from tests.support.telegram import OTHER_TOKEN, TOKEN

PAGE = ROOT / "tests" / "bots" / "bundle"


def signed(token: str, age: float = 1) -> str:
    fields = launch(age)
    return "tma " + sign(fields).replace(hash_of(fields), hash_of(fields, key_of(token)))


def test_a_page_is_served_to_anyone_and_answers_whom_telegram_has_signed_for(
    deploy: Deploy, telegram: Telegram, aws: Emulator
) -> None:
    module = deploy("page", mini_app="Open", source_dir=str(PAGE))
    outputs = module.outputs()
    url = outputs["mini_app_url"]
    assert url == outputs["webhook_url"].replace("/telegram", "/app/index.html")
    button = {"type": "web_app", "text": "Open", "web_app": {"url": url}}
    assert telegram.bot.menu_buttons == {0: button}
    calls = len(telegram.calls)

    # The whole bundle, as it is and gzipped.
    for file in (PAGE / "app").rglob("*"):
        if file.is_file():
            path, data = f"/app/{file.relative_to(PAGE / 'app')}", file.read_bytes()
            assert fetch(url, path)[::2] == (200, data), path
            status, headers, body = fetch(url, path, accept_encoding="gzip, br")
            assert status == 200
            gzipped = headers.get("content-encoding") == "gzip"
            assert gzipped is (file.suffix in (".css", ".html", ".js", ".map"))
            assert (gzip.decompress(body) if gzipped else body) == data
            assert fetch(url, path, accept_encoding="gzip", if_none_match=headers["etag"])[0] == 304
    status, headers, _ = fetch(url, "/app")
    assert (status, headers["location"]) == (302, "/app/index.html")
    assert fetch(url, "/app/index.html", "HEAD")[::2] == (200, b"")
    assert fetch(url, "/app/index.html", "POST")[0] == 405

    # Nothing else.
    for path in ("bot.py", "../bot.py", "%2e%2e/bot.py", "%252e%252e%252fbot.py", "/bot.py"):
        assert fetch(url, f"/app/{path}")[::2] == (404, b"There is no such file.")
    for path in ("/", "/apple", "/app.js", "/bot.py"):
        assert fetch(url, path)[::2] == (404, b'{"message":"Not Found"}'), path
    assert fetch(url, "/telegram")[0] == 404
    secret = {"x_telegram_bot_api_secret_token": telegram.secret}
    assert fetch(url, "/app/../telegram", "POST", b'{"update_id": 1}', **secret)[0] == 405
    assert fetch(url, "/telegram", "POST", b'{"update_id": 1}')[0] == 401
    assert fetch(url, "/telegram", "POST", b'{"update_id": 1}', **secret)[0] == 200

    # The bot answers only those whose initData Telegram signed.
    def order(authorization: str) -> tuple[int, Any]:
        named = {"authorization": authorization, "content_type": "application/json"}
        status, _, body = fetch(url, "/app/api/orders?a=1", "POST", b'{"n": 1}', **named)
        return status, json.loads(body)

    status, answer = order(signed(TOKEN))
    assert status == 200
    assert (answer["user"]["id"], answer["body"], answer["query"]) == (42, {"n": 1}, {"a": "1"})
    for stranger in ("", "tma ", signed(TOKEN) + "0", signed(OTHER_TOKEN)):
        assert order(stranger)[0] == 401
    status, answer = order(signed(TOKEN, DAY + 5))
    assert (status, answer["error"]) == (401, "expired")
    logged = client(aws, "logs").filter_log_events(logGroupName="/aws/lambda/page")["events"]
    assert not any("Ada" in event["message"] for event in logged)
    assert len(telegram.calls) == calls

    # There is nothing left to do. Without the page its button goes, and the webhook stays.
    plan = module.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert plan.returncode == 0, plan.stdout
    module.variables["mini_app"] = None
    module.apply()
    assert telegram.bot.menu_buttons == {0: {"type": "default"}}
    assert telegram.webhook["url"] == outputs["webhook_url"]
    assert "mini_app_url" not in module.outputs()
    assert fetch(url, "/app/index.html")[::2] == (404, b'{"message":"Not Found"}')
    module.variables["mini_app"] = "Again"
    module.apply()
    assert telegram.bot.menu_buttons == {0: {**button, "text": "Again"}}
    module.destroy()
    assert telegram.bot.menu_buttons == {0: {"type": "default"}}
    assert telegram.webhook["url"] == ""
