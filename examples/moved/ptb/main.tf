# A bot of python-telegram-bot's. Its token is a SecureString in Parameter Store: /booking-bot/token.

module "bot" {
  source = "../../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "booking-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/booking-bot/token"
  session_retention_in_days    = 0
  memory_size                  = 512 # with the framework, which is large: docs/moving-in.md
}
