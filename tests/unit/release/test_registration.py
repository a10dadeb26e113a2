"""registration.py: Terraform's invocations register the webhook, and remove it."""

import socket
from types import SimpleNamespace

import pytest

from tests.support.stubs import NOBODY, OLD_TOKEN, SECRET, TOKEN, http, parameter, with_pauses

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
REGISTRATION = [("setMyCommands", MENU), ("setWebhook", SET), ("getWebhookInfo", {})]


def event(action, **fields):
    """Return what Terraform's aws_lambda_invocation sends."""
    return {"url": URL, "max_connections": 20, "tf": {"action": action}, **fields}


def answering(container, **answers):
    """Have Telegram answer methods: with True, a value, or the next item of a list of them.

    An exception is raised. Returns the calls.
    """
    calls = []
    answers = {"getWebhookInfo": INFO, **answers}

    def post(method, params, timeout):
        calls.append((method, params))
        answer = answers.get(method, True)
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    container.stub_telegram(post)
    return calls


def refusal(container, code, description, method="setWebhook", **parameters):
    """Return the error for Telegram's refusal of a call."""
    return container.module("errors").TelegramError(method, code, description, parameters)


def register(container, milliseconds=10_000, **fields):
    return container.invoke(event("register", **fields), milliseconds)


def failed(container, milliseconds=10_000):
    """Return why a registration fails the apply."""
    with pytest.raises(container.module("release").ReleaseFailed) as caught:
        register(container, milliseconds)
    return str(caught.value)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """Replace the next container's pauses between tries by a list of their lengths."""
    return with_pauses(monkeypatch)


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
def test_webhook_is_registered(container, last_error):
    more = {"last_error_message": last_error} if last_error else {}
    calls = answering(container, getWebhookInfo={**INFO, **more})
    expected = {"url": URL, "pending_update_count": 3, "last_error_message": last_error}
    assert register(container) == expected
    assert calls == REGISTRATION
    assert container.log == []


@pytest.mark.parametrize(
    ("scheme", "failures", "look_ups"),
    [("https", 0, 1), ("https", 2, 3), ("https", 99, 10), ("http", 0, 0)],
)
def test_new_public_name_is_waited_for(container, names, pauses, scheme, failures, look_ups):
    """Telegram's server caches a failed look-up for five minutes."""
    names.failures = failures
    answering(container)
    assert register(container, url=URL.replace("https", scheme))["url"] == URL
    assert names.asked == [(443, socket.AF_INET)] * look_ups
    assert pauses == [0.5] * min(failures, look_ups)


@pytest.mark.parametrize(("milliseconds", "seconds"), [(5_500, 2.25), (30_000, 5.0)])
def test_hanging_lookup_takes_half_the_time(container, milliseconds, seconds):
    waits = []

    def thread(target, daemon):
        assert daemon, "it keeps no process from its end"
        return SimpleNamespace(start=list, join=waits.append)

    threading = SimpleNamespace(Thread=thread)
    container.module("release.registration").threading = threading
    container.stop_clock()
    answering(container)
    assert register(container, milliseconds)["url"] == URL
    assert waits == [seconds]


UNRESOLVED = "Bad Request: bad webhook: Failed to resolve host: not known"


@pytest.mark.parametrize(
    ("code", "description", "advice"),
    [(401, "Unauthorized", ""), (400, UNRESOLVED, "; apply again in five minutes")],
)
def test_refusal_fails_the_apply_in_telegrams_words(container, code, description, advice):
    answering(container, setWebhook=refusal(container, code, description))
    said = f"Telegram did not register the webhook: setWebhook: {code} {description}{advice}"
    assert failed(container) == said


def test_temporary_failure_is_retried(container, pauses):
    away = container.module("errors").Unreachable("HTTP 502")
    limits = [refusal(container, 429, "wait", retry_after=seconds) for seconds in (1, 7)]
    calls = answering(container, setMyCommands=[away, True], setWebhook=[*limits, True])
    assert register(container, 20_000)["url"] == URL
    menu, webhook, info = REGISTRATION
    assert calls == [menu, menu, webhook, webhook, webhook, info]
    assert pauses == [1.0, 1.0, 7]
    told = [(line["message"], line["reason"]) for line in container.log]
    wait = ("retrying setWebhook", "setWebhook: 429 wait")
    assert told == [("retrying setMyCommands", "HTTP 502"), wait, wait]


def test_missing_permission_is_waited_for(start_with_parameter, pauses):
    denied = http({"__type": "AccessDeniedException", "Message": "not authorized"}, "400 Bad")
    # Once at start-up, and twice after it.
    container = start_with_parameter(NOBODY, *[denied] * 3, parameter(TOKEN))
    answering(container)
    assert register(container, 20_000)["url"] == URL
    assert (pauses, len(container.store.requests)) == ([1.0] * 2, 4)
    reason = "the token can't be fetched: ssm: AccessDeniedException: not authorized"
    assert container.line["reason"] == reason


@pytest.mark.parametrize("action", ["check", "register", "delete"])
def test_token_that_changed_is_fetched(start_with_parameter, action):
    container = start_with_parameter(NOBODY, parameter(OLD_TOKEN), parameter(TOKEN))
    answering(container)
    container.invoke(event(action))
    assert container.telegram.default_client.token == TOKEN


def test_malformed_token_fails_at_once(start_with_parameter, bot_api, pauses):
    malformed = parameter("123:tökén")
    container = start_with_parameter(bot_api.url, malformed, malformed)  # at start-up, and after it
    assert failed(container).endswith("the parameter /bot/token must contain a bot's token")
    assert pauses == []


# With so many seconds left, and such a pause before a retry: how often the webhook is tried.
TRIES = {"two": (2.5, 1.0, 2), "one": (1.9, 1.0, 1), "a long limit": (24.0, 40, 1)}


@pytest.mark.parametrize(("seconds", "pause", "tries"), TRIES.values(), ids=TRIES)
def test_retries_end_without_time_for_the_pause(container, monkeypatch, seconds, pause, tries):
    calls = answering(container, setWebhook=refusal(container, 429, "wait", retry_after=pause))
    with_pauses(monkeypatch, container.stop_clock())
    assert "setWebhook: 429 wait" in failed(container, round(seconds * 1000) + 1000)
    assert [method for method, _ in calls] == ["setMyCommands", *["setWebhook"] * tries]


# ── The menu of commands, and the menu button


GERMAN = {"commands": [{"command": "start", "description": "Anfangen"}], "language_code": "de"}
LANGUAGES = {"": {"start": "What this bot does"}, "de": {"start": "Anfangen"}, "fr": {}}
DELETED = ("deleteMyCommands", {"language_code": "fr"})
MENUS = [
    (LANGUAGES, [("setMyCommands", MENU), ("setMyCommands", GERMAN), DELETED]),
    (None, []),  # the menu is left as it is
]


@pytest.mark.parametrize(("commands", "menus"), MENUS)
def test_each_language_has_its_menu(container, commands, menus):
    """An empty one is deleted, which an earlier release registered."""
    container.bot.COMMANDS = commands
    calls = answering(container)
    register(container)
    assert calls == [*menus, *REGISTRATION[1:]]


def test_refused_menu_leaves_the_old_webhook_in_place(container):
    refused = refusal(container, 400, "Bad Request: no", "setMyCommands")
    calls = answering(container, setMyCommands=refused)
    assert failed(container).startswith("Telegram did not set the bot's menu: setMyCommands")
    assert calls == REGISTRATION[:1]


APP_URL = URL.replace("/telegram", "/app/index.html")
BUTTON = {"type": "web_app", "text": "Open", "web_app": {"url": APP_URL}}


def test_button_is_set_between_menu_and_webhook(container):
    calls = answering(container)
    register(container, menu_button={"text": "Open", "url": APP_URL})
    menu, *rest = REGISTRATION
    assert calls == [menu, ("setChatMenuButton", {"menu_button": BUTTON}), *rest]


BUTTONS = {
    "ours": ({**BUTTON, "text": "Another text"}, True),
    "another page's": ({**BUTTON, "web_app": {"url": "https://bot.example/app"}}, False),
    "the commands": ({"type": "commands"}, False),
}


@pytest.mark.parametrize(("button", "is_ours"), BUTTONS.values(), ids=BUTTONS)
def test_only_our_own_button_is_removed(container, button, is_ours):
    calls = answering(container, getChatMenuButton=button)
    assert container.invoke({**event("delete"), "url": APP_URL, "hook": "remove_menu_button"}) == {}
    assert container.log == []
    removal = ("setChatMenuButton", {"menu_button": {"type": "default"}})
    assert calls == [("getChatMenuButton", {}), *[removal] * is_ours]


@pytest.mark.parametrize("handled", [("message",), {"message"}, {"message": 1}], ids=repr)
def test_allowed_updates_may_be_any_collection(container, handled):
    container.bot.ALLOWED_UPDATES = handled
    assert container.module("release.registration").allowed_updates() == ["message"]


# ── The look at the webhook

LOOKS = {
    "ours": (INFO, None),
    "removed": ({**INFO, "url": ""}, "webhook_lost"),
    "another's": ({**INFO, "url": URL + "2"}, "webhook_lost"),
    "a wrong token": (401, "misconfigured"),
    "a limit": (429, "throttled"),
}


@pytest.mark.parametrize(("answer", "outcome"), LOOKS.values(), ids=LOOKS)
def test_lost_webhook_is_logged(container, answer, outcome):
    if isinstance(answer, int):
        answer = refusal(container, answer, "no", "getWebhookInfo")
    answering(container, getWebhookInfo=answer)
    assert container.invoke({"tf": {"action": "watch"}, "url": URL}) is None
    told = [(line["level"], line["message"], line["outcome"]) for line in container.log]
    level = "WARNING" if outcome == "throttled" else "ERROR"
    assert told == [(level, "watch", outcome)] * bool(outcome)


# ── The removal


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [(URL, True), ("", True), (URL.replace("abc", "xyz"), False)],
    ids=["ours", "removed by somebody", "another deployment's"],
)
def test_only_our_own_webhook_and_menus_are_removed(container, url, is_ours):
    container.bot.COMMANDS = {"": {"start": "Begin"}, "de": {}}
    calls = answering(container, getWebhookInfo={**INFO, "url": url})
    assert container.invoke(event("delete")) == {}
    stays = "the webhook belongs to another deployment now, and stays"
    assert [line["message"] for line in container.log] == [stays] * (not is_ours)
    menus = [("deleteMyCommands", {}), ("deleteMyCommands", {"language_code": "de"})]
    assert calls == [("getWebhookInfo", {}), *[("deleteWebhook", {}), *menus] * is_ours]


def test_nothing_holds_up_a_destroy(container):
    refused = "ReleaseFailed: Telegram did not remove the webhook: getWebhookInfo: 401 no"
    for answer, error in (
        (refusal(container, 401, "no", "getWebhookInfo"), refused),
        (True, "TypeError: 'bool' object is not subscriptable"),
    ):
        answering(container, getWebhookInfo=answer)
        assert container.invoke(event("delete")) == {}
        line = container.line
        assert (line["level"], line["message"]) == ("ERROR", "the removal failed")
        assert line["error"] == error
