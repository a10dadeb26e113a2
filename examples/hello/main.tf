# A first bot. Its token is a SecureString in Parameter Store: /hello-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "hello-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/hello-bot/token"
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
