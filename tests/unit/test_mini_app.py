"""mini_app.py: the files of a Mini App, its requests to the bot, and Telegram's signature."""

import base64
import hmac
import importlib
import json
import re
import sys
import time
from urllib.parse import urlencode

import pytest
from awslambdaric.lambda_runtime_marshaller import to_json
from telegram_bot_aws.local.events import app_event
from telegram_bot_aws.local.project import ROOT

from tests.support.init_data import ADA, DAY, SIGNATURE, USER, launch, sign
from tests.support.stubs import OLD_TOKEN, TEXT, TOKEN, http, load, message, parameter, request

PAGE = ROOT / "tests" / "bots" / "mini_app"
URL = "https://bot.example/app/index.html"
ON = {"MINI_APP_URL": URL}
FRAMES = " ".join(f"https://web{version}.telegram.org" for version in ("", "a", "k", "z"))
SECURITY = {
    "Content-Security-Policy": f"frame-ancestors {FRAMES}",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@pytest.fixture
def container(start, bot_api):
    """A container with the page of tests/bots/mini_app."""
    return show(start(bot_api.url, **ON), PAGE)


def show(container, folder):
    container.module("mini_app").FOLDER = str(folder)
    return container


@pytest.fixture
def app(container, tmp_path):
    """The folder of a page that has no files yet."""
    show(container, tmp_path)
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def content(answer):
    assert answer["isBase64Encoded"] is True
    return base64.b64decode(answer["body"])


def get(container, path, method="GET"):
    return container.invoke(app_event(method, path))


# ── Files

TYPES = {
    "x.html": "text/html; charset=utf-8",
    "x.mjs": "text/javascript; charset=utf-8",
    "x.webp": "image/webp",
    "x.PNG": "image/png",
    "x.unheard-of": "application/octet-stream",
    "x y é.txt": "text/plain; charset=utf-8",
    "100%25.txt": "text/plain; charset=utf-8",
}


def test_file_has_the_type_of_its_name(container, app):
    for name, kind in TYPES.items():
        (app / name.replace("%25", "%")).write_text(name)
        answer = get(container, f"/app/{name}")
        expected = {**SECURITY, "Cache-Control": "no-cache", "Content-Type": kind}
        assert (answer["headers"], content(answer)) == (expected, name.encode())
    assert container.log == []


def test_a_path_may_begin_with_several_slashes(container):
    assert get(container, "///app/index.html")["statusCode"] == 200


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_a_file_takes_no_other_method(container, method):
    answer = get(container, "/app/index.html", method)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET")
    assert answer["body"] == "Files of the page allow GET."


def test_missing_file_gets_a_sentence(container):
    for path in ("/app/", "/app/nothing.js", "/app/index.html/"):
        answer = get(container, path)
        assert (answer["statusCode"], answer["body"]) == (404, "There is no such file.")
        assert SECURITY.items() <= answer["headers"].items()
        assert answer["headers"]["Cache-Control"] == "no-store"


# Each as the client sends it: API Gateway decodes all but %25, this function the rest.
LEADING_OUT = [
    "/app/../bot.py",
    "/app/./index.html",
    "/app/assets/../index.html",
    "/app/%2e%2e%2fbot.py",
    "/app/%252e%252e%252fbot.py",
    "/app/..%5cbot.py",
    "/app//bot.py",
    "/app//{folder}/bot.py",
    "/app/%2f{folder}/bot.py",
    "/app/index.html%00",
    "/app/bot.py",
    "/app/%2eenv",
    "/app/assets",
    "/app/assets/.hidden/x",
    "/app/out.txt",
    "/app/out/bot.py",
    "/app/beside/x",
    "/app/" + "x" * 5000,
    "/app/\ud800",
    "//app/../bot.py",
    "/app/api%2f..%2f..%2fbot.py",
]


def test_no_path_leaves_the_folder(container, app, tmp_path):
    for name in ("bot.py", "app/.env", "app/assets/.hidden/x", "app-2/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    (app / "index.html").write_text("the page")
    (app / "out.txt").symlink_to(tmp_path / "bot.py")
    (app / "out").symlink_to(tmp_path)
    (app / "beside").symlink_to(tmp_path / "app-2")  # a name that begins with app's
    got = {}
    for path in LEADING_OUT:
        answer = get(container, path.replace("{folder}", str(tmp_path)))
        got[path] = answer["statusCode"]
        assert TEXT not in answer["body"], path
        assert base64.b64encode(TEXT.encode()).decode() not in answer["body"], path
    assert got == {path: 401 if "api" in path else 404 for path in LEADING_OUT}


def test_link_may_stay_in_the_folder(container, tmp_path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("the page")
    (tmp_path / "dist" / "start.html").symlink_to("index.html")
    (tmp_path / "app").symlink_to("dist")
    assert content(get(show(container, tmp_path), "/app/start.html")) == b"the page"


def test_the_largest_file_that_is_packed_fits_lambdas_answer(container, app):
    source = (ROOT / "scripts" / "package").read_text()
    (limit,) = re.findall(r"^PAGE_FILE_LIMIT = (.+)$", source, re.MULTILINE)
    name = "x" * 240 + ".webmanifest"
    (app / name).write_bytes(bytes(eval(limit)))
    answer = get(container, f"/app/{name}")
    assert 6_291_556 - 2000 < len(to_json(answer)) <= 6_291_556


# ── Routes


def test_webhook_and_page_have_separate_routes(container, bot_api):
    update = json.dumps(message())
    headers = request(update)["headers"]  # with the secret
    for path in ("/app/../telegram", "/telegram", "/app/telegram"):
        event = app_event("POST", path, headers=headers, body=update.encode())
        assert container.invoke(event)["statusCode"] == 405
    page = {"rawPath": "/app/index.html"}
    assert container.invoke(request(update, "wrong", **page))["statusCode"] == 401
    bot_api.expects({"method": "sendMessage", "chat_id": 42, "text": "Heard: " + TEXT})
    assert container.invoke(request(update, **page))["statusCode"] == 200


def test_without_mini_app_a_page_is_not_served(start, bot_api):
    answer = get(show(start(bot_api.url), PAGE), "/app/index.html")
    assert (answer["statusCode"], answer["body"]) == (401, "the secret token is missing or wrong")


# ── Requests

TMA = "tma "


def answer_with(container, answer=None):
    """Make on_request() return or raise `answer`, and return the list of requests it will get."""
    got = []

    def on_request(request):
        got.append(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    container.bot.on_request = on_request
    return got


def ask(container, path="/app/api/orders", method="POST", query="", body=b"", **headers):
    """Send a request as the page does, and return the status and the JSON of the answer."""
    headers = {"content-type": "application/json", **headers}
    headers.setdefault("authorization", TMA + sign(launch()))
    answer = container.invoke(app_event(method, path, query, headers, body))
    expected = {**SECURITY, "Cache-Control": "no-store", "Content-Type": "application/json"}
    assert answer["headers"] == expected
    if answer["statusCode"] == 204:
        assert not answer["body"]
        return 204, None
    return answer["statusCode"], json.loads(answer["body"])


def test_the_bot_gets_the_pages_request_and_what_telegram_signed(container, bot_api):
    bot_api.expects({"method": "sendMessage", "chat_id": 42, "text": "Heard: " + TEXT})
    container.deliver(message())  # the request's log line doesn't list its call
    got = answer_with(container, {"taken": [1, "é"]})
    fields = launch(start_param="go", chat_type="group", chat_instance="-5", query_id="Q", path="/")
    status, answer = ask(
        container,
        "/app/api/orders/7%20b",
        query="a=1&b=&c=%C3%A9+x",
        body=b'{"n": 1}',
        authorization=TMA + sign(fields),
    )
    assert (status, answer) == (200, {"taken": [1, "é"]})
    assert got == [
        {
            "method": "POST",
            "path": "/orders/7 b",
            "query": {"a": "1", "b": "", "c": "é x"},
            "body": {"n": 1},
            "user": ADA,
            "chat": None,
            "chat_type": "group",
            "chat_instance": "-5",
            "start_param": "go",
            "query_id": "Q",
            "auth_date": int(fields["auth_date"]),
        }
    ]
    line = container.log[-1]
    assert (line["message"], line["method"], line["methods"]) == ("request", "POST", [])
    assert line["duration_ms"] >= 0


BODIES = {
    "JSON": ("application/json", b'["\xc3\xa9"]', ["é"]),
    "JSON with a charset": ("Application/JSON; charset=utf-8", b"1", 1),
    "text": ("text/plain;charset=UTF-8", b"1", "1"),
    "a picture": ("image/png", b"\x89PNG\xff", b"\x89PNG\xff"),
    "nothing": ("application/json", b"", None),
}


@pytest.mark.parametrize(("kind", "body", "given"), BODIES.values(), ids=BODIES)
def test_a_body_is_what_its_type_says(container, kind, body, given):
    got = answer_with(container)
    assert ask(container, body=body, **{"content-type": kind}) == (200, None)
    assert got[0]["body"] == given


def test_a_body_that_does_not_match_its_type_is_refused(container):
    got = answer_with(container)
    error = {"error": "bad_request", "message": "The body isn't valid JSON."}
    for body in (b"{", b"[" * 100_000):
        assert ask(container, body=body) == (400, error)
    assert got == []


HEADER = "The header must be Authorization: tma <initData>."
UNSIGNED = "Telegram didn't sign this initData for this bot."
TOO_OLD = "This initData is too old. Open the page again."
STRANGERS = {
    "nothing": (lambda: "", "unauthorized", HEADER),
    "no data": (lambda: "tma ", "unauthorized", HEADER),  # as from a keyboard's button
    "another scheme": (lambda: "Bearer " + sign(launch()), "unauthorized", HEADER),
    "forged": (lambda: TMA + sign(launch()) + "0", "unauthorized", UNSIGNED),
    "too old": (lambda: TMA + sign(launch(DAY + 5)), "expired", TOO_OLD),
}


@pytest.mark.parametrize(("header", "error", "said"), STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_does_not_reach_the_bot(container, header, error, said):
    got = answer_with(container)
    answer = ask(container, authorization=header(), body=b"{")
    assert answer == (401, {"error": error, "message": said})
    assert got == container.log == []


def test_a_bot_says_how_long_its_pages_may_be_open(container):
    answer_with(container)
    container.bot.INIT_DATA_MAX_AGE = 60
    assert ask(container, authorization=TMA + sign(launch(70)))[1]["error"] == "expired"
    assert ask(container, authorization="TMA " + sign(launch(50)))[0] == 200


ANSWERS = {
    "an object": ({"a": 1}, 200, {"a": 1}),
    "nothing": (None, 200, None),
    "a status": ((404, {"no": "order"}), 404, {"no": "order"}),
    "only a status": ((204, None), 204, None),
}


@pytest.mark.parametrize(("answer", "status", "body"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_may_have_a_status(container, answer, status, body):
    answer_with(container, answer)
    assert ask(container) == (status, body)
    assert (container.line["outcome"], container.line["status"]) == ("answered", status)


STATUS = "on_request() must return an answer, or a status from 200 to 599 and an answer"
HOLD = "on_request() must return a value that JSON can hold: "
NO_ANSWERS = {
    "too low": ((199, 1), STATUS),
    "too high": ((600, 1), STATUS),
    "no number": (("my diary", 201), STATUS),
    "bytes": (b"x", HOLD + "Object of type bytes is not JSON serializable"),
    "not a number": (float("nan"), HOLD + "Out of range float values are not JSON compliant"),
    "an exception": (RuntimeError(TEXT), "RuntimeError at tests/unit/test_mini_app.py:"),
    "an exit": (SystemExit(TEXT), "SystemExit at tests/unit/test_mini_app.py:"),
}
FAILED = {"error": "failed", "message": "The bot failed. Its log says why."}
UNAVAILABLE = {"error": "unavailable", "message": "The bot can't answer now. Try again later."}


@pytest.mark.parametrize(("answer", "error"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_failure_is_logged_and_not_shown_to_the_page(container, answer, error):
    answer_with(container, answer)
    assert ask(container) == (500, FAILED)
    line = container.line
    assert (line["level"], line["outcome"]) == ("ERROR", "mini_app_error")
    assert line["error"].startswith(error)
    assert ("stack_trace" in line) == isinstance(answer, BaseException)


@pytest.mark.parametrize(("code", "outcome"), [(429, "throttled"), (401, "misconfigured")])
def test_temporary_failure_is_not_the_bots(container, code, outcome):
    error = container.telegram.TelegramError("getChat", code, "no", {})
    answer_with(container, error)
    assert ask(container, "/app/api", "GET") == (503, UNAVAILABLE)
    assert container.line["outcome"] == outcome


def test_a_bot_without_an_answer_says_so(container):
    said = "bot.py has no on_request(request)."
    assert ask(container) == (404, {"error": "not_found", "message": said})


def test_a_bot_that_cannot_be_imported_keeps_its_page(container, monkeypatch):
    monkeypatch.setitem(sys.modules, "bot", None)  # so that an import fails
    assert get(container, "/app/index.html")["statusCode"] == 200
    assert ask(container) == (503, UNAVAILABLE)
    assert (container.line["outcome"], container.line["status"]) == ("misconfigured", 503)


# ── The token that signatures are checked with


def test_the_token_may_be_in_parameter_store(start_with_parameter, bot_api):
    container = start_with_parameter(bot_api.url, parameter(OLD_TOKEN), parameter(TOKEN), **ON)
    answer_with(container)
    old = TMA + sign(launch(), OLD_TOKEN)
    assert ask(container, authorization=old)[0] == 200
    # It was fetched a moment ago: strangers must not cause a fetch each time.
    assert ask(container)[0] == 401
    assert len(container.store.requests) == 1
    container.telegram.default_client.token_fetched_at -= 61
    assert ask(container)[0] == 200
    assert ask(container, authorization=old)[0] == 401
    assert len(container.store.requests) == 2


def test_if_the_parameter_cannot_be_read_nobody_is_let_in(start_with_parameter, bot_api):
    denied = http({"__type": "AccessDeniedException", "Message": "no"}, "400 Bad")
    container = start_with_parameter(bot_api.url, denied, denied, **ON)
    assert ask(container) == (503, UNAVAILABLE)
    assert container.line["outcome"] == "unreachable"


# ── Telegram's signature, and the fields that have it


def hashed(change):
    """Return initData whose hash a function changes."""
    data, _, own = sign(launch()).rpartition("=")
    return f"{data}={change(own)}"


def merged(fields):
    """Return initData of these fields, with the hash of a page that was opened in a group."""
    group = launch(chat_instance="42", chat_type="group", start_param="room_7", signature="")
    hash = sign(group).rpartition("=")[2]
    return urlencode({**launch(signature=""), **fields, "hash": hash})


def ours(init_data, *seconds):
    module = importlib.import_module("botkit.mini_app")
    try:
        module.verify(init_data, TOKEN, *seconds)
    except module.HTTPException as error:
        return json.loads(error.response["body"])["error"]
    return ""


# What Telegram signed for this bot.
SIGNED = {
    "menu button": lambda: sign(launch(query_id="AAE")),
    "attachment menu": lambda: sign(
        launch(
            chat='{"id":-1,"type":"group","title":"T"}',
            receiver='{"id":7,"first_name":"B"}',
            can_send_after="1",
        )
    ),
    "any character": lambda: sign(launch(user='{"id":42,"first_name":"\\u0410\\/ 👩‍💻+&=%41"}')),
    "spaces as plus": lambda: sign(launch(user=json.dumps(ADA))).replace("%20", "+"),
    "a field of tomorrow": lambda: sign(launch(new_field="x")),
}
# What is refused.
REFUSED = {
    "90 s early": lambda: sign(launch(-90)),  # no clock is so wrong
    "a changed byte": lambda: sign(launch()).replace("Ada", "Bda"),
    "a hash in upper case": lambda: hashed(str.upper),  # never Telegram's
    "a hash that is not ASCII": lambda: hashed(lambda own: "é" * 64),
    "no hash": lambda: urlencode(launch()),
    "another bot's token": lambda: sign(launch(), OLD_TOKEN),
    "signature left out": lambda: f"signature={SIGNATURE}&" + sign(launch(signature="")),
    "a field added": lambda: sign(launch()) + "&start_param=x",
    # With a repeated field, the check might see one value and the bot the other.
    "hash twice": lambda: "hash=0&" + sign(launch()),
    "user twice": lambda: "user=%7B%22id%22%3A1%7D&" + sign(launch()),
    # The hash is of lines "name=value": these fields give the same lines as others.
    "three fields in one value": lambda: merged(
        {"chat_instance": "42\nchat_type=group\nstart_param=room_7"}
    ),
    "three fields in one name": lambda: merged(
        {"chat_instance=42\nchat_type=group\nstart_param": "room_7"}
    ),
    "an equals sign in a name": lambda: sign({**launch(), "a=b": "c"}),
    "no auth_date": lambda: sign(launch(auth_date="")),
    # Python's int() takes it.
    "auth_date with an underscore": lambda: sign(launch(auth_date=f"{time.time():_.0f}")),
    "no user": lambda: sign(launch(user="")),  # the bot must know who asks
    "a user that is not JSON": lambda: sign(launch(user="Ada")),
    "a user without an id": lambda: sign(launch(user='{"first_name":"x"}')),
    "a user with a text for an id": lambda: sign(launch(user='{"id":"42","first_name":"x"}')),
    "brackets without end": lambda: sign(launch(user="[" * 100_000)),
    "half a surrogate pair": lambda: "hash=\ud800&auth_date=1",
    "no UTF-8": lambda: sign(launch()).replace("Ada", "%ff"),
    "an empty pair": lambda: sign(launch()) + "&",
}


@pytest.mark.parametrize("init_data", SIGNED.values(), ids=SIGNED)
def test_signed_data_is_accepted(init_data):
    assert ours(init_data()) == ""


@pytest.mark.parametrize("init_data", REFUSED.values(), ids=REFUSED)
def test_other_data_is_refused(init_data):
    assert ours(init_data()) == "unauthorized"


def test_the_fields_have_their_types():
    module = load("botkit.mini_app")
    chat = {"id": -1, "type": "group", "title": "T"}
    fields = launch(chat=json.dumps(chat), receiver=USER, can_send_after="7", start_param="5")
    assert module.verify(sign(fields), TOKEN) == {
        "auth_date": int(fields["auth_date"]),
        "can_send_after": 7,
        "chat": chat,
        "receiver": ADA,
        "start_param": "5",
        "user": ADA,
    }


@pytest.mark.parametrize(
    ("age", "said"), [(100, ""), (101, "expired"), (-60, ""), (-61, "unauthorized")]
)
def test_age_is_limited_to_the_second(monkeypatch, age, said):
    fields = launch()
    now = int(fields["auth_date"]) + age
    monkeypatch.setattr(time, "time", lambda: float(now))
    assert ours(sign(fields), 100) == said


def test_the_comparison_takes_the_same_time_whatever_is_wrong(monkeypatch):
    compared, compare = [], hmac.compare_digest
    spy = lambda *both: compared.append(both) or compare(*both)  # noqa: E731
    monkeypatch.setattr(hmac, "compare_digest", spy)
    load("botkit.mini_app").verify(sign(launch()), TOKEN)
    assert len(compared) == 1
