# A bot of aiogram's. Its token is a SecureString in Parameter Store: /reading-list-bot/token.

module "bot" {
  source = "../../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "reading-list-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/reading-list-bot/token"
  session_retention_in_days    = 0
  memory_size                  = 512 # with aiogram, which is large: docs/moving-in.md
}
