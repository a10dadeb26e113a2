"""The function's environment, read once. No other module reads it."""

from __future__ import annotations

import os
import re

# Variables that aren't secrets, and that errors name: folders, the region, resources.
KNOWN = (
    "ALLOWED_IDS|AWS_(LAMBDA_|REGION|DEFAULT_REGION|DNS_SUFFIX|EXECUTION_ENV)|DEAD_LETTERS_URL|"
    "FAILED_QUEUE_URL|HOME|LAMBDA_|LANG|LATER_|LC_|LD_|MINI_APP_URL|PATH|PWD|PYTHON|"
    "QUEUE_URL|REPLY_MODE|SESSION_(TABLE|RETENTION_)|TELEGRAM_BOT_TOKEN_PARAMETER|TZ|_"
)
SHORTEST = 6  # characters of a secret: shorter values are numbers and words
SHORTEST_PART = 3  # that an error quotes
# A bot's token, which may also come from Parameter Store; the name and the password in a URL.
SECRET = r"\d+(?::|%3A)[\w-]{30,}|(?<=://)[^\s/@]+(?=@)"


class Settings:
    """The values from the environment."""

    def __init__(self) -> None:
        get = os.environ.get
        self.token = get("TELEGRAM_BOT_TOKEN", "")
        self.token_parameter = get("TELEGRAM_BOT_TOKEN_PARAMETER", "")
        self.webhook_secret = get("TELEGRAM_WEBHOOK_SECRET", "")
        self.api_url = get("TELEGRAM_API_URL") or "https://api.telegram.org"
        self.proxy = get("TELEGRAM_PROXY", "")
        self.mini_app_url = get("MINI_APP_URL", "")
        self.reply_mode = get("REPLY_MODE") or "api"
        self.queue_url = get("QUEUE_URL", "")
        self.failed_queue_url = get("FAILED_QUEUE_URL", "")
        self.dead_letters_url = get("DEAD_LETTERS_URL", "")
        self.session_table = get("SESSION_TABLE", "")
        self.session_retention_in_days = get("SESSION_RETENTION_IN_DAYS", "")
        self.later_group = get("LATER_GROUP", "")
        self.later_role = get("LATER_ROLE", "")
        self.later_key = get("LATER_KEY", "")
        ids = get("ALLOWED_IDS", "").split(",")
        self.allowed_ids = frozenset(int(number) for number in ids if number)
        self.aws_dns_suffix = get("AWS_DNS_SUFFIX") or "amazonaws.com"
        # Lambda sets these. Only an emulated AWS sets AWS_ENDPOINT_URL.
        self.function_name = get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = get("AWS_LAMBDA_FUNCTION_VERSION", "")
        self.aws_region = get("AWS_REGION", "")
        self.aws_access_key_id = get("AWS_ACCESS_KEY_ID", "")
        self.aws_secret_access_key = get("AWS_SECRET_ACCESS_KEY", "")
        self.aws_session_token = get("AWS_SESSION_TOKEN", "")
        self.aws_endpoint_url = get("AWS_ENDPOINT_URL", "")


def without_secrets(text: str, has_names: bool = False) -> str:
    """Return a text without the token, and without values of the environment.

    What is quoted in the text, and is a part of a value, is left out, too. If the text `has_names`
    of the source, which a value may have as well, these stay.
    """
    values = [value for name, value in os.environ.items() if not re.match(KNOWN, name)]
    for value in sorted(values, key=len, reverse=True):
        if has_names and value.strip().replace(".", "").isidentifier():
            continue
        for form in (repr(value)[1:-1], value.strip()):
            text = text.replace(form, "…") if len(form) >= SHORTEST else text

    def shown(quoted: re.Match[str]) -> str:
        part = quoted[2]
        is_part = len(part) >= SHORTEST_PART and any(part in value for value in values)
        return "…" if is_part and not has_names else part

    # Between each two quotes: an apostrophe before the first one would make others the pairs.
    text = re.sub(r"""(?<=(['"]))(.+?)(?=\1)""", shown, text)
    return re.sub(SECRET, "…", text)


settings = Settings()
