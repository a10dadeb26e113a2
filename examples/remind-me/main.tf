# A bot that reminds at a time that a person chose. Its token is a SecureString in Parameter Store:
# /remind-me-bot/token.

module "bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"

  name                         = "remind-me-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/remind-me-bot/token"
  later                        = true # what waits
  session_retention_in_days    = 0    # the chat's time zone, and the list of what waits
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
