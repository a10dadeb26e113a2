"""registration.py: Terraform's invocations register the webhook, and remove it."""

import socket
from types import SimpleNamespace

import pytest

from tests.support.stubs import (
    SECRET,
    TOKEN,
    answers,
    http,
    parameter,
    refusal,
    replace_sleep,
    with_clock,
    with_pauses,
)

HOST = "abcdef1234.execute-api.eu-central-1.amazonaws.com"
URL = f"https://{HOST}/telegram"
INFO = {"url": URL, "has_custom_certificate": False, "pending_update_count": 3}
SET = {
    "url": URL,
    "max_connections": 20,
    "allowed_updates": ["message", "callback_query"],
    "secret_token": SECRET,
}
MENU = {"commands": [{"command": "start", "description": "What this bot does"}]}
UNRESOLVED = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"


def event(action, **fields):
    """Return what Terraform's aws_lambda_invocation sends."""
    return {"url": URL, "max_connections": 20, "tf": {"action": action}, **fields}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Replace the next container's pauses between tries by a list of their lengths."""
    pauses = []
    replace_sleep(monkeypatch, pauses.append)
    return pauses


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """The look-ups of the API's host name: how many fail first, and what was asked."""
    names = SimpleNamespace(failures=0, asked=[])
    resolve = socket.getaddrinfo

    def look_up(host, *about):
        if host != HOST.encode():
            return resolve(host, *about)
        names.asked.append(about)
        if len(names.asked) <= names.failures:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


@pytest.mark.parametrize("last_error", [None, "Wrong response: 503"])
def test_the_webhook_is_registered(container, bot_api, last_error):
    more = {"last_error_message": last_error} if last_error else {}
    bot_api.answers("setMyCommands", MENU)
    bot_api.answers("setWebhook", SET)
    bot_api.answers("getWebhookInfo", {}, {**INFO, **more})
    expected = {"url": URL, "pending_update_count": 3, "last_error_message": last_error}
    assert container.invoke(event("register")) == expected
    assert container.log == []


def test_refusal_fails_the_apply_in_telegrams_words(container, bot_api):
    bot_api.answers("setMyCommands", MENU)
    bot_api.refuses({"method": "setWebhook", **SET}, 401, "Unauthorized")
    with pytest.raises(container.module("release.registration").RegistrationFailed) as caught:
        container.invoke(event("register"))
    expected = "Telegram did not register the webhook: setWebhook: 401 Unauthorized"
    assert str(caught.value) == expected


def registered(bot_api, url=URL):
    """Expect the calls of a registration, which Telegram accepts."""
    bot_api.answers("setMyCommands", MENU)
    bot_api.answers("setWebhook", {**SET, "url": url})
    bot_api.answers("getWebhookInfo", {}, {**INFO, "url": url})


@pytest.mark.parametrize(("failures", "look_ups"), [(0, 1), (2, 3), (99, 10)])
def test_a_new_name_is_waited_for(container, bot_api, names, no_pauses, failures, look_ups):
    """Telegram's server caches a failed look-up for five minutes."""
    names.failures = failures
    registered(bot_api)
    assert container.invoke(event("register"))["url"] == URL
    assert names.asked == [(443, socket.AF_INET)] * look_ups
    assert no_pauses == [0.5] * min(failures, look_ups)


@pytest.mark.parametrize(("milliseconds", "seconds"), [(5_500, 2.25), (30_000, 5.0)])
def test_hanging_name_lookup_takes_at_most_half_the_time(
    container, bot_api, monkeypatch, milliseconds, seconds
):
    waits = []

    class Thread:
        def __init__(self, target, daemon):
            assert daemon, "it keeps no process from its end"

        def start(self):
            pass

        def join(self, timeout):
            waits.append(timeout)

    registration = container.module("release.registration")
    monkeypatch.setattr(registration, "threading", SimpleNamespace(Thread=Thread))
    with_clock(container)
    registered(bot_api)
    assert container.invoke(event("register"), milliseconds)["url"] == URL
    assert waits == [seconds]


def test_unresolved_name_needs_a_later_apply(container, bot_api):
    bot_api.answers("setMyCommands", MENU)
    bot_api.refuses({"method": "setWebhook", **SET}, 400, UNRESOLVED)
    with pytest.raises(Exception, match="known; apply again in five minutes$"):
        container.invoke(event("register"))


def limited(seconds):
    """Return Telegram's answer to a call when it wants to be left alone for some seconds."""
    told = f"Too Many Requests: retry after {seconds}"
    return http(refusal(429, told, retry_after=seconds), "429 Too Many Requests")


def test_temporary_failure_is_retried(start, serve, no_pauses):
    broken = http(b"", "502 Bad Gateway")
    info = http({"ok": True, "result": INFO})
    peer = serve(answers(broken, http(), limited(1), limited(7), http(), info))
    container = start(peer.url)
    assert container.invoke(event("register"), 20_000)["url"] == URL
    assert peer.bodies == [MENU, MENU, SET, SET, SET, {}]
    assert no_pauses == [1.0, 1.0, 7]
    told = ["setMyCommands", "setWebhook", "setWebhook"]
    assert [line["message"] for line in container.log] == [f"retrying {each}" for each in told]
    assert all(line["reason"] for line in container.log)


def test_missing_permission_is_waited_for(start_with_parameter, serve, bot_api, no_pauses):
    denied = http({"__type": "AccessDeniedException", "Message": "not authorized"}, "400 Bad")
    store = serve(answers(*[denied] * 3, parameter(TOKEN)))  # once at start-up, and twice after it
    container = start_with_parameter(bot_api.url, store)
    bot_api.answers("setMyCommands", MENU)
    bot_api.answers("setWebhook", SET)
    bot_api.answers("getWebhookInfo", {}, INFO)
    assert container.invoke(event("register"), 20_000)["url"] == URL
    assert no_pauses == [1.0] * 2
    assert len(store.requests) == 4
    reason = "the token can't be fetched: ssm: AccessDeniedException: not authorized"
    assert [(line["message"], line["reason"]) for line in container.log[1:]] == [
        ("retrying setMyCommands", reason)
    ] * 2


def test_a_malformed_token_fails_at_once(start_with_parameter, serve, bot_api, no_pauses):
    store = serve(answers(*[parameter("123:tökén")] * 2))  # at start-up, and after it
    container = start_with_parameter(bot_api.url, store)
    with pytest.raises(Exception, match="the parameter /bot/token must contain a bot's token$"):
        container.invoke(event("register"))
    assert no_pauses == []


def test_registration_fails_at_once_without_time_for_the_pause(start, serve, monkeypatch):
    peer = serve(answers(http(), limited(40)))
    container = start(peer.url)
    pauses = with_pauses(container, monkeypatch)
    with pytest.raises(Exception, match="retry after 40$"):
        container.invoke(event("register"), 25_000)
    assert pauses == []
    assert peer.bodies == [MENU, SET]


@pytest.mark.parametrize(("seconds", "tries"), [(2.5, 2), (1.9, 1)])
def test_retries_end_when_the_time_is_nearly_up(container, monkeypatch, seconds, tries):
    webhook = container.module("release.registration")
    error = container.module("errors").Unreachable("the token can't be fetched: AccessDenied")
    calls = []

    def post(method, params, timeout):
        calls.append(method)
        if method == "setWebhook":
            raise error

    container.answer_telegram(post)
    with_pauses(container, monkeypatch)
    with pytest.raises(webhook.RegistrationFailed, match="AccessDenied"):
        container.invoke(event("register"), round(seconds * 1000) + 1000)
    assert calls == ["setMyCommands", *["setWebhook"] * tries]


# ── The menu of commands


def test_each_language_has_its_menu(container, bot_api, monkeypatch):
    """An empty one is deleted, which an earlier release registered."""
    commands = {"": {"start": "Begin"}, "de": {"start": "Anfangen"}, "fr": {}}
    monkeypatch.setattr(container.bot, "COMMANDS", commands)
    bot_api.answers("setMyCommands", {"commands": [{"command": "start", "description": "Begin"}]})
    german = [{"command": "start", "description": "Anfangen"}]
    bot_api.answers("setMyCommands", {"commands": german, "language_code": "de"})
    bot_api.answers("deleteMyCommands", {"language_code": "fr"})
    bot_api.answers("setWebhook", SET)
    bot_api.answers("getWebhookInfo", {}, INFO)
    assert container.invoke(event("register"))["url"] == URL


def test_without_commands_the_menu_is_left_as_it_is(container, bot_api, monkeypatch):
    monkeypatch.delattr(container.bot, "COMMANDS")
    bot_api.answers("setWebhook", SET)
    bot_api.answers("getWebhookInfo", {}, INFO)
    assert container.invoke(event("register"))["url"] == URL


def test_a_refused_menu_leaves_the_old_webhook_in_place(container, bot_api):
    bot_api.refuses({"method": "setMyCommands", **MENU}, 400, "Bad Request: no")
    with pytest.raises(Exception, match=r"^Telegram did not set the bot's menu: setMyCommands"):
        container.invoke(event("register"))


# ── The menu button that opens the page

APP_URL = URL.replace("/telegram", "/app/index.html")
OPEN = {"text": "Open", "url": APP_URL}
BUTTON = {"type": "web_app", "text": "Open", "web_app": {"url": APP_URL}}


def test_the_button_is_set_between_menu_and_webhook(container, bot_api):
    bot_api.answers("setMyCommands", MENU)
    bot_api.answers("setChatMenuButton", {"menu_button": BUTTON})
    bot_api.answers("setWebhook", SET)
    bot_api.answers("getWebhookInfo", {}, INFO)
    assert container.invoke(event("register", menu_button=OPEN))["url"] == URL


OTHERS = {
    "another page's": {**BUTTON, "web_app": {"url": "https://bot.example/app/index.html"}},
    "the commands": {"type": "commands"},
}


def test_our_own_button_is_removed(container, bot_api):
    bot_api.answers("getChatMenuButton", {}, {**BUTTON, "text": "Another text"})
    bot_api.answers("setChatMenuButton", {"menu_button": {"type": "default"}})
    removal = {**event("delete"), "url": APP_URL, "hook": "remove_menu_button"}
    assert container.invoke(removal) == {}
    assert container.log == []


@pytest.mark.parametrize("button", OTHERS.values(), ids=OTHERS)
def test_a_button_that_is_not_ours_stays(container, bot_api, button):
    bot_api.answers("getChatMenuButton", {}, button)
    assert container.invoke({**event("delete"), "url": APP_URL, "hook": "remove_menu_button"}) == {}
    assert container.log == []


@pytest.mark.parametrize(
    "handled", [["message"], ("message",), {"message"}, {"message": 1}], ids=repr
)
def test_a_bot_says_what_it_handles_in_any_collection(container, monkeypatch, handled):
    monkeypatch.setattr(container.bot, "ALLOWED_UPDATES", handled)
    assert container.module("release.registration").allowed_updates() == ["message"]


# ── The removal


@pytest.mark.parametrize("url", [URL, ""], ids=["ours", "removed by somebody"])
def test_webhook_and_menus_of_all_languages_are_removed(container, bot_api, monkeypatch, url):
    monkeypatch.setattr(container.bot, "COMMANDS", {"": {"start": "Begin"}, "de": {}})
    bot_api.answers("getWebhookInfo", {}, {**INFO, "url": url})
    bot_api.answers("deleteWebhook", {})
    bot_api.answers("deleteMyCommands", {})
    bot_api.answers("deleteMyCommands", {"language_code": "de"})
    assert container.invoke(event("delete")) == {}
    assert container.log == []


def test_another_deployments_webhook_stays(container, bot_api):
    bot_api.answers("getWebhookInfo", {}, {**INFO, "url": URL.replace("abc", "xyz")})
    assert container.invoke(event("delete")) == {}
    assert container.line["message"] == "the webhook belongs to another deployment now, and stays"


HINDRANCES = {
    "dead token": (
        http(refusal(401, "Unauthorized"), "401 Unauthorized"),
        "RegistrationFailed: Telegram did not remove the webhook: getWebhookInfo: 401 ",
    ),
    "malformed answer": (http({"ok": True, "result": True}), "TypeError: "),
}


@pytest.mark.parametrize(("answer", "error"), HINDRANCES.values(), ids=HINDRANCES)
def test_nothing_holds_up_a_destroy(start, serve, answer, error):
    container = start(serve(answers(answer)).url)
    assert container.invoke(event("delete")) == {}
    [line] = container.log
    assert (line["level"], line["message"]) == ("ERROR", "the removal failed")
    assert line["error"].startswith(error)
