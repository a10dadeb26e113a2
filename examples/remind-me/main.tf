# A bot that reminds at a time that a person chose. Its token is a SecureString in Parameter Store:
# /remind-me-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "remind-me-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/remind-me-bot/token"
  queue                        = true # the reminders
  session_retention_in_days    = 0    # the chat's time zone, and the list of reminders
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
