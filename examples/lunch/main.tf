# A bot with a page, which remembers. Its token is a SecureString in Parameter Store: /lunch-bot/token.

module "bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"

  name                         = "lunch-bot"
  source_dir                   = "${path.module}/bot"
  mini_app                     = "Lunch"
  telegram_bot_token_parameter = "/lunch-bot/token"
  session_retention_in_days    = 1
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
