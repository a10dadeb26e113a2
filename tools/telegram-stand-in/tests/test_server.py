"""The stand-in is spoken to as Telegram is, by this machine only, and nothing breaks it."""

import http.client
import json
import socket
import struct
import threading
import urllib.parse

import pytest

from telegram_stand_in.server import MAX_REQUEST_BYTES
from tests.calls import CHAT, OTHER_TOKEN, PNG, TOKEN, done

PATH = f"/bot{TOKEN}/sendMessage"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PARTS = (
    '--b\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n4242\r\n'
    '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhé\r\n--b--\r\n'
)
KEYBOARD = '{"inline_keyboard": [[{"text": "a", "url": "https://example.org"}]]}'
FIELDS = {"chat_id": CHAT, "text": "hé"}
QUERY = urllib.parse.urlencode(FIELDS)
FULL = urllib.parse.urlencode({**FIELDS, "protect_content": "True", "reply_markup": KEYBOARD})
SPOKEN = {
    "JSON": ("POST", PATH, JSON, json.dumps(FIELDS)),
    "JSON with a charset": ("POST", PATH, f"{JSON}; charset=utf-8", json.dumps(FIELDS)),
    "no content type": ("POST", PATH, None, json.dumps(FIELDS)),
    "JSON as text": ("POST", PATH, "text/plain;charset=UTF-8", json.dumps(FIELDS)),
    "JSON in JSON": ("POST", PATH, JSON, json.dumps({**FIELDS, "reply_markup": KEYBOARD})),
    "a number as text": ("POST", PATH, JSON, json.dumps({**FIELDS, "chat_id": f"{CHAT}"})),
    "form": ("POST", PATH, FORM, FULL),
    "multipart": ("POST", PATH, "multipart/form-data; boundary=b", PARTS),
    "query": ("GET", f"{PATH}?{QUERY}", None, ""),
    "query and body": ("POST", f"{PATH}?chat_id={CHAT}", JSON, '{"text": "h\\u00e9"}'),
    "any case": ("GET", f"/bot{TOKEN}/SENDMESSAGE?{QUERY}", None, ""),
}


def ask(telegram, method, path, body=b"", **headers):
    """Make a request, and return the status and the body of its answer."""
    connection = http.client.HTTPConnection(telegram.url.removeprefix("http://"), timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names, encode_chunked=not isinstance(body, bytes))
    with connection.getresponse() as answer:
        data = answer.read()
    connection.close()
    return answer.status, data


@pytest.mark.parametrize(("method", "path", "kind", "body"), SPOKEN.values(), ids=SPOKEN)
def test_a_call_is_understood(telegram, method, path, kind, body):
    headers = {"Content_Type": kind} if kind else {}
    status, data = ask(telegram, method, path, body.encode(), **headers)
    assert status == 200, data
    assert json.loads(data)["result"]["text"] == "hé"
    assert telegram.calls[-1].hints == []


def upload(field, *names):
    """Return multipart/form-data that sends a picture, named by some fields."""
    parts = ""
    for name in ("chat_id=4242", *names):
        key, _, value = name.partition("=")
        parts += f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a b.png"\r\n'
    return parts.encode() + f"{head}\r\n".encode() + PNG + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    "body",
    [upload("photo"), upload("file", "photo=attach://file")],
    ids=["by its name", "attached"],
)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["whole", "in chunks"])
def test_file_is_uploaded_and_downloaded(telegram, body, is_chunked):
    kind = {"Content_Type": "multipart/form-data; boundary=b"}
    sent = iter([body[:100], body[100:]]) if is_chunked else body
    status, data = ask(telegram, "POST", f"/bot{TOKEN}/sendPhoto", sent, **kind)
    assert status == 200, data
    [photo] = json.loads(data)["result"]["photo"]
    assert (photo["width"], photo["height"], photo["file_size"]) == (20, 10, len(PNG))
    [file] = telegram.calls[-1].files.values()
    assert file == {"name": "a b.png", "size": len(PNG), "content_type": "text/plain"}
    path = done(telegram, "getFile", file_id=photo["file_id"])["file_path"]
    assert ask(telegram, "GET", f"/file/bot{TOKEN}/{path}") == (200, PNG)
    assert ask(telegram, "GET", f"/file/bot{OTHER_TOKEN}/{path}")[0] == 404
    assert ask(telegram, "GET", f"/file/bot{TOKEN}/photos/../{path}")[0] == 404


FOR_US = ["127.0.0.1", "127.0.0.1:80", "localhost:1", "[::1]:1", "x.localhost", "telegram.test:443"]
FOR_OTHERS = ["evil", "evil.example:80", "127.0.0.1.example.org", "localhost.evil", "10.0.0.1", ""]


def headers_of(host):
    page = f"http://{host}" if host else "null"
    return {"Host": host}, {"Origin": page}, {"Referer": f"{page}/a?b=http://localhost"}


HEADERS = [(each, 200) for host in FOR_US for each in headers_of(host)]
HEADERS += [(each, 403) for host in FOR_OTHERS for each in headers_of(host)]
# A picture's, in a page that hides itself, and in one of this machine; and an address bar's.
SITE = {"Sec_Fetch_Site": "cross-site"}
HEADERS += [(SITE, 403), ({**SITE, "Referer": "http://localhost:3000/"}, 200)]
HEADERS += [({"Sec_Fetch_Site": "none"}, 200)]


@pytest.mark.parametrize(("headers", "status"), HEADERS)
def test_server_is_for_this_machine_only(telegram, headers, status):
    """The token that is the default is in the source, which anybody's page may read."""
    before = len(telegram.calls)
    assert ask(telegram, "GET", f"/bot{TOKEN}/deleteWebhook", **headers)[0] == status
    assert len(telegram.calls) - before == (status == 200)


def address_of(telegram):
    return "127.0.0.1", int(telegram.url.rpartition(":")[2])


def talk(telegram, *sent):
    """Send bytes, and return all that comes until the server closes the connection."""
    with socket.create_connection(address_of(telegram), timeout=60) as connection:
        for data in sent:
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return answer.read()


LENGTHS = ["-1", "abc", "²", "1.5", "9" * 5000, f"{MAX_REQUEST_BYTES + 1}"]


@pytest.mark.parametrize("length", LENGTHS, ids=range(len(LENGTHS)))
def test_a_wrong_length_is_refused(telegram, length):
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    answer = talk(telegram, head.encode("latin-1", "replace") + b"{}")
    status = 413 if length == LENGTHS[-1] else 400
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


HEAD = f"POST /bot{TOKEN}/getMe HTTP/1.1\r\n"  # it would be carried out if it were whole
BROKEN = {
    "no request": "",
    "half a head": "POST /bot",
    "half a body": f"{HEAD}Content-Length: 99\r\n\r\n{{}}",
    "half a chunk": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\n{{}}",
    "no chunk": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no method": "\0\1\2\r\n\r\n",
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_a_client_that_leaves_is_forgotten(telegram, capfd, sent):
    before, others = len(telegram.calls), set(threading.enumerate())
    with socket.create_connection(address_of(telegram)) as connection:
        connection.sendall(sent.encode())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ask(telegram, "GET", f"/bot{TOKEN}/getMe")  # later than that
    for thread in set(threading.enumerate()) - others:
        thread.join(60)
    assert len(telegram.calls) == before + 1
    assert "Traceback" not in "".join(capfd.readouterr())


NO_JSON = ["1e999", "[" * 90_000, "NaN", "9" * 5000, '{"a": 1e999}', '{"a": ' + "[" * 90_000]


@pytest.mark.parametrize("body", [*NO_JSON, "{}x"], ids=range(len(NO_JSON) + 1))
def test_invalid_json_is_refused(telegram, body):
    status, data = ask(telegram, "POST", PATH, body.encode())
    description = "Bad Request: can't parse JSON object"
    assert (status, json.loads(data)["description"]) == (400, description)


def test_several_bots_live_side_by_side(telegram):
    """Each has its own commands, updates and webhook; people are the same."""
    other = telegram.add_bot("55:other", first_name="Other")

    def ask_other(method, **params):
        body = json.dumps(params).encode()
        return json.loads(ask(telegram, "POST", f"/bot55:other/{method}", body)[1])

    assert ask_other("getMe")["result"]["first_name"] == "Other"
    refusal = ask_other("sendMessage", chat_id=CHAT, text="hello")
    assert refusal["description"] == "Bad Request: chat not found", "nobody wrote to it yet"
    assert telegram.calls[-1].hints[0].endswith("The bot knows no chat")
    telegram.send(telegram.message("hello"), other)
    sent = ask_other("sendMessage", chat_id=CHAT, text="hello")["result"]
    assert sent["from"]["id"] == 55
    ask_other("sendMessage", chat_id=7, text="hello")
    assert telegram.calls[-1].hints[0].endswith("The bot knows 4242 (Ada)")
    edit = {"chat_id": CHAT, "message_id": sent["message_id"], "text": "mine"}
    call = telegram.answer("editMessageText", edit)
    assert call.answer["description"] == "Bad Request: message can't be edited"
    done(telegram, "setWebhook", url="https://example.org")
    assert ask_other("getWebhookInfo")["result"]["url"] == ""
    assert len(ask_other("getUpdates")["result"]) == 1
    assert [call.bot for call in telegram.calls[-2:]] == [55, 55]
