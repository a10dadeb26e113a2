# A bot that splits a group's bills. Its token is a SecureString in Parameter Store: /split-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "split-bot"
  source_dir                   = "${path.module}/bot"
  mini_app                     = "Debts"
  telegram_bot_token_parameter = "/split-bot/token"
  session_retention_in_days    = 0    # the ledgers
  queue                        = true # albums of receipts
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
