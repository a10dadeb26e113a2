"""The content of messages: texts, captions, files, and what results of inline queries send."""

from __future__ import annotations

import re

from .bot_api import MEDIA, TYPES, Json
from .files import File, image_type
from .request import Request, bad, text_in
from .rich import rich_message

MAX_TEXT = 4096
MAX_CAPTION = 1024
CAPTIONED = {*MEDIA, "paid_media"} - {"sticker", "video_note"}


def text_and_entities(request: Request, source: Json, name: str) -> tuple[str, list[Json]]:
    """Return the text of a message or draft, which may be empty, and its entities."""
    text, entities = text_in(request, source, name, entities="entities")
    if len(text) > MAX_TEXT:
        raise bad("message is too long")
    return text, entities


def text_content(request: Request, source: Json, name: str = "text") -> Json:
    """Return the text of sendMessage, an edit or an inline result, as a part of a message."""
    text, entities = text_and_entities(request, source, name)
    if not text:
        raise bad("text must be non-empty" if source.get(name) else "message text is empty")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    if "link_preview_options" in source:
        content["link_preview_options"] = source["link_preview_options"]
    return content


def caption_content(request: Request, source: Json) -> Json:
    text, entities = text_in(request, source, "caption", entities="caption_entities")
    if len(text) > MAX_CAPTION:
        raise bad("message caption is too long")
    content: Json = {"caption": text} if text else {}
    if entities:
        content["caption_entities"] = entities
    if source.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def file_in(request: Request, value: str, kind: str) -> File:
    """Return the file that a parameter names: an upload, a known file, or a URL."""
    files = request.telegram.files
    if value.startswith("attach://"):
        upload = request.uploads.get(value.removeprefix("attach://"))
        if upload is None:
            raise bad(f"there is no {kind.replace('_', ' ')} in the request")
        if not upload.data:
            raise bad("file must be non-empty")
        if kind == "photo" and not image_type(upload.data):
            raise bad("IMAGE_PROCESS_FAILED")
        return files.add(kind, upload.data, upload.name)
    if value in files.by_id:
        return files.by_id[value]
    if re.match(r"https?://", value, re.I):
        return files.add(kind, b"", value.rpartition("/")[2], url=value)
    raise bad("wrong file identifier/HTTP URL specified")


# Of files of all kinds: what is taken from a call, and what holds if it says nothing.
GIVEN = "duration emoji height length performer start_timestamp title width".split()
DEFAULTS: Json = {"duration": 0, "height": 480, "length": 240, "width": 640}
DEFAULTS |= {"type": "regular", "is_animated": False, "is_video": False}


def media_content(request: Request, kind: str, value: str, source: Json) -> Json:
    """Return the content of a message with a file: `source` has its other parameters."""
    file = file_in(request, value, kind)
    about = DEFAULTS | {name: source[name] for name in GIVEN if name in source} | file.about()
    about["mime_type"] = file.content_type
    if file.name:
        about["file_name"] = file.name
    if thumbnail := source.get("thumbnail"):
        about["thumbnail"] = file_in(request, thumbnail, "thumbnail").photo_size()
    if kind == "photo":
        content: Json = {kind: [file.photo_size()]}
    else:
        content = {kind: pick_fields("".join(map(str.capitalize, kind.split("_"))), about)}
    if kind == "animation":
        content["document"] = pick_fields("Document", about)
    if source.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return content


def input_media(request: Request, media: Json) -> Json:
    content = media_content(request, media["type"], media["media"], media)
    return content | caption_content(request, media)


def pick_fields(kind: str, source: Json) -> Json:
    """Return an object of a kind, made of the parameters with the names of its fields."""
    return {name: source[name] for name in TYPES[kind] if name in source}


def inline_content(request: Request, result: Json) -> Json:
    """Return the content of the message that an inline query's result sends."""
    wish = result.get("input_message_content", result)
    if "message_text" in wish:
        return text_content(request, wish, "message_text")
    if "rich_message" in wish:
        return {"rich_message": rich_message(request, wish["rich_message"])}
    kind = str(result["type"])
    kind = "animation" if kind.endswith("gif") else kind
    if wish is result and kind in MEDIA:
        names = (f"{result['type']}_file_id", f"{result['type']}_url")
        value = next(result[name] for name in names if name in result)
        return media_content(request, kind, value, result) | caption_content(request, result)
    if wish is not result:
        kind = "venue" if "title" in wish else "contact" if "phone_number" in wish else "location"
    content = {kind: pick_fields(kind.capitalize(), wish)}
    if kind == "venue":
        content["venue"]["location"] = pick_fields("Location", wish)
    return content
