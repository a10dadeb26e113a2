# An agent: a language model of Amazon Bedrock that uses tools, and asks before it acts. Its token is a SecureString in
# Parameter Store: /agent-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "model" {
  type        = string
  description = "Id of a model or an inference profile that can use tools, as Bedrock's Converse takes it."
  default     = "global.amazon.nova-2-lite-v1:0"
}

variable "takes_audio" {
  type        = bool
  description = "Whether the model takes audio: people can then send voice messages."
  default     = false
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "agent-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/agent-bot/token"
  queue                        = true # an answer may take minutes
  timeout                      = 300
  memory_size                  = 256 # for files of 20 MB
  session_retention_in_days    = 1

  environment = {
    MODEL       = var.model
    TAKES_AUDIO = var.takes_audio
    TOKENS      = "200000" # that each person may use on a day
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
