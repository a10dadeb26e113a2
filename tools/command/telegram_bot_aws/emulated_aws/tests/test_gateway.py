"""The emulated API Gateway: what reaches the function, and what it answers by itself."""

from telegram_stand_in import post

from telegram_bot_aws.emulated_aws.gateway import MAX_REQUEST_BYTES, Gateway


def test_request_reaches_the_function_whose_failure_is_a_500():
    bodies = []
    answers = [{"statusCode": 200, "body": "ok"}, None, "text", {"body": "no status"}]

    def invoke(event):
        bodies.append(event["body"])
        return answers[len(bodies) - 1]

    with Gateway(invoke) as gateway:
        status, headers, body = post(gateway.webhook_url, {}, b"{}")
        assert (status, headers["apigw-requestid"], body) == (200, "local-1", "ok")
        assert post(f"{gateway.webhook_url}/more", {}, b"{}")[0] == 404
        too_long = {"Content-Length": f"{MAX_REQUEST_BYTES + 1}"}
        assert post(gateway.webhook_url, too_long, b"")[0] == 413
        assert bodies == ["{}"]
        for _ in answers[1:]:
            status, _, body = post(gateway.webhook_url, {}, b"{}")
            assert (status, body) == (500, '{"message":"Internal Server Error"}')


def test_page_for_the_chat_is_for_this_machine_only():
    headers = {"Content-Security-Policy": "img-src data:; frame-ancestors https://web.telegram.org"}
    with Gateway(lambda event: {"statusCode": 200, "headers": headers}, "http://chat") as gateway:
        page = f"{gateway.url}/app/index.html"
        _, served, _ = post(page, {}, b"")
        assert (
            served["content-security-policy"] == "img-src data:; frame-ancestors 'self' http://chat"
        )
        for sent, status in (
            ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 200),
            ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
        ):
            assert post(page, sent, b"")[0] == status, sent
        for path in ("telegram", "apple"):
            assert post(f"{gateway.url}/{path}", {}, b"{}")[0] == 404, path
