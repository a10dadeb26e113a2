"""Photos, PDFs and voice messages for the model. The session has their ids, not their bytes."""

import os
from base64 import b64encode

from botkit import telegram
from botkit.errors import Refused

LARGEST = 20 << 20  # bytes: of a file, by getFile, and here of all that one turn has
MOST = {"image": 20, "document": 5, "audio": 1}  # that Converse takes, and one voice message

TYPES = {
    "image/gif": ("image", "gif"),
    "image/jpeg": ("image", "jpeg"),
    "image/png": ("image", "png"),
    "image/webp": ("image", "webp"),
    "application/pdf": ("document", "pdf"),
    "audio/ogg": ("audio", "ogg"),
}


class NotTaken(Exception):
    """The model can't get this. The text is for the person."""


def attached(messages):
    """Return the files of a turn, as the session keeps them. Raises NotTaken."""
    found, size = [], 0
    for message in messages:
        photo = {**message["photo"][-1], "mime_type": "image/jpeg"} if "photo" in message else None
        file = photo or message.get("document") or message.get("voice")
        if file is None:
            continue
        kind, form = TYPES.get(file.get("mime_type"), ("", ""))
        if not kind:
            raise NotTaken("I take photos and PDFs only.")
        if kind == "audio" and os.environ["TAKES_AUDIO"] != "true":
            raise NotTaken("I can't listen to this. Please write it.")
        size += file.get("file_size", 0)
        found.append({"file": {"id": file["file_id"], "kind": kind, "format": form}})
        if [each["file"]["kind"] for each in found].count(kind) > MOST[kind]:
            raise NotTaken("These are too many files at once.")
    if size > LARGEST:
        raise NotTaken("I can take up to 20 MB at once.")
    return found


def filled(messages, fetched):
    """Return the messages as Converse takes them: with the files of the turn that goes on.

    `fetched` contains the files of earlier rounds of the turn, by id. Raises Unreachable.
    """
    texts = (n for n, each in enumerate(messages) if "text" in each["content"][-1])
    last = max(n for n in texts if messages[n]["role"] == "user")
    return [
        {**each, "content": [block_of(block, fetched, n >= last) for block in each["content"]]}
        for n, each in enumerate(messages)
    ]


def block_of(block, fetched, is_now):
    if "file" not in block:
        return block
    file = block["file"]
    if not is_now:  # each round with it would cost as much again
        return {"text": f"(Here was a file: {file['kind']}.)"}
    if file["id"] not in fetched:
        try:
            path = telegram.call("getFile", file_id=file["id"])["file_path"]
            fetched[file["id"]] = b64encode(telegram.download(path)).decode()
        except Refused:
            return {"text": f"(A file that can't be fetched: {file['kind']}.)"}
    content = {"format": file["format"], "source": {"bytes": fetched[file["id"]]}}
    if file["kind"] == "document":  # the file's own name could be an instruction
        content["name"] = f"document {[*fetched].index(file['id']) + 1}"
    return {file["kind"]: content}
