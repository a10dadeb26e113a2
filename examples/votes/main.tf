# A bot that remembers. Its token is a SecureString in Parameter Store: /votes-bot/token.

module "bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"

  name                         = "votes-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/votes-bot/token"
  session_retention_in_days    = 365
  queue                        = true # the presses below a post are answered one at a time, so its counts never go back
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
