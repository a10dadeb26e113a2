# A bot of telebot's. Its token is a SecureString in Parameter Store: /birthday-bot/token.

module "bot" {
  source = "../../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "birthday-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/birthday-bot/token"
  session_retention_in_days    = 0
  memory_size                  = 512 # with the framework, which is large: docs/moving-in.md
}
