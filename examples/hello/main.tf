# A first bot. Every plan and apply needs its token: export TF_VAR_telegram_bot_token=…

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "telegram_bot_token" {
  type        = string
  description = "Token from @BotFather."
  sensitive   = true
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name               = "hello-bot"
  telegram_bot_token = var.telegram_bot_token
  source_dir         = "${path.module}/bot"
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
