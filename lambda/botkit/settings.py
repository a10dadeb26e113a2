"""The settings in the function's environment, read once."""

from __future__ import annotations

import os


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
        self.session_table = get("SESSION_TABLE", "")
        self.session_retention_in_days = get("SESSION_RETENTION_IN_DAYS", "")
        self.schedule_group = get("SCHEDULE_GROUP", "")
        self.scheduler_role_arn = get("SCHEDULER_ROLE_ARN", "")
        self.scheduler_kms_key_arn = get("SCHEDULER_KMS_KEY_ARN", "")
        ids = get("ALLOWED_IDS", "").split(",")
        self.allowed_ids = frozenset(int(number) for number in ids if number)
        self.aws_dns_suffix = get("AWS_DNS_SUFFIX") or "amazonaws.com"
        # Lambda sets these. Only an emulated AWS sets AWS_ENDPOINT_URL.
        self.function_version = get("AWS_LAMBDA_FUNCTION_VERSION", "")
        self.aws_region = get("AWS_REGION", "")
        self.aws_access_key_id = get("AWS_ACCESS_KEY_ID", "")
        self.aws_secret_access_key = get("AWS_SECRET_ACCESS_KEY", "")
        self.aws_session_token = get("AWS_SESSION_TOKEN", "")
        self.aws_endpoint_url = get("AWS_ENDPOINT_URL", "")


settings = Settings()
