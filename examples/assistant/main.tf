# An assistant that answers with a language model of Amazon Bedrock. Its token is a SecureString in Parameter Store:
# /assistant-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "model" {
  type        = string
  description = "Id of the model, or of an inference profile (global., us., eu. …), as Bedrock's Converse takes it."
  default     = "global.amazon.nova-2-lite-v1:0"
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "assistant-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/assistant-bot/token"
  queue                        = true # an answer may take minutes
  timeout                      = 300
  session_retention_in_days    = 1

  environment = {
    MODEL     = var.model
    QUESTIONS = "50" # that each person may ask on a day
  }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # A profile passes a question on to its model in another region, for which the function also needs permission.
      {
        Effect = "Allow"
        Action = "bedrock:InvokeModelWithResponseStream"
        Resource = [
          "arn:aws:bedrock:*:*:inference-profile/${var.model}",
          "arn:aws:bedrock:*::foundation-model/${replace(var.model, "/^(global|[a-z]{2}(-gov)?|apac)\\./", "")}",
        ]
      },
    ]
  })
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
