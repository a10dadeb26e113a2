"""A bot with a page (Mini App), for the tests of the demo and of the function."""

import os

URL = os.environ.get("MINI_APP_URL", "")


def reply(update):
    """Offer the page by the kind of button that a message names, and repeat what the page sent."""
    message = update["message"]
    call = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
    if "web_app_data" in message:
        data = message["web_app_data"]
        return [{**call, "text": f"Got {data['data']} of {data['button_text']}"}]
    word = message.get("text", "")
    page = {"text": "Order", "web_app": {"url": URL}}
    if word == "inline":
        return [{**call, "text": "Here", "reply_markup": {"inline_keyboard": [[page]]}}]
    if word == "elsewhere":
        page = {"text": "Leave", "web_app": {"url": "https://example.org/app/index.html"}}
        return [{**call, "text": "Away", "reply_markup": {"inline_keyboard": [[page]]}}]
    if word == "keyboard":
        other = {**page, "text": "Look"}
        return [{**call, "text": "There", "reply_markup": {"keyboard": [[other, page]]}}]
    if word == "link":
        return [{**call, "text": "https://t.me/echo_bot?start=order-7 and more"}]
    if word.startswith("/start"):
        return [{**call, "text": f"Started with {word.removeprefix('/start').strip()}"}]
    return []


ALLOWED_UPDATES = {"message": reply}


def on_request(request):
    """Do what the path says, and return who asked."""
    # Imported here: the function's telegram module is loaded by then.
    from botkit import telegram

    user, path = request["user"], request["path"]
    if path == "/order":
        print("an order of", user["first_name"])
        text = f"{user['first_name']} ordered {request['body']['what']}"
        telegram.call("sendMessage", chat_id=user["id"], text=text)
    elif path == "/fail":
        raise ValueError("no such thing")
    return {"name": user["first_name"], "id": user["id"]}
