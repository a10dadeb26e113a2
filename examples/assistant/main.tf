# An assistant that answers with a language model, of Amazon Bedrock or at another address. Its token is a SecureString
# in Parameter Store: /assistant-bot/token. So is the key for another address: /assistant-bot/model-key.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "model" {
  type        = string
  description = "Id of the model, or of an inference profile (global., us., eu. …); with model_url, a name there."
  default     = "global.amazon.nova-2-lite-v1:0"
}

variable "model_url" {
  type        = string
  description = "Address of a model elsewhere, in OpenAI's form (…/chat/completions) or Anthropic's (…/messages)."
  default     = ""

  validation {
    condition     = var.model_url == "" || can(regex("^https?://[^@?#]+/(chat/completions|messages)$", var.model_url))
    error_message = "model_url must begin with https:// and end with /chat/completions or /messages."
  }
}

locals {
  # A profile passes a question on to its model in another region, for which the function also needs permission.
  bedrock = {
    Effect = "Allow"
    Action = "bedrock:InvokeModelWithResponseStream"
    Resource = [
      "arn:aws:bedrock:*:*:inference-profile/${var.model}",
      "arn:aws:bedrock:*::foundation-model/${replace(var.model, "/^(global|[a-z]{2}(-gov)?|apac)\\./", "")}",
    ]
  }
  key = {
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = ["arn:aws:ssm:*:*:parameter/assistant-bot/model-key"]
  }
  statement = var.model_url == "" ? local.bedrock : local.key
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
    MODEL_KEY = "/assistant-bot/model-key"
    MODEL_URL = var.model_url
    QUESTIONS = "50" # that each person may ask on a day
  }

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.statement]
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
