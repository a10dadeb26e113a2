# An assistant that answers with a language model, at an address in OpenAI's form or of Amazon Bedrock. Its token is a
# SecureString in Parameter Store: /assistant-bot/token. So is the key for the address: /assistant-bot/model-key.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "model" {
  type        = string
  description = "Name of the model at model_url, or the id of a model or inference profile of Bedrock."
}

variable "model_url" {
  type        = string
  description = "Address of the model, which ends in /chat/completions. Empty: Amazon Bedrock."
  default     = "https://api.openai.com/v1/chat/completions"
}

locals {
  is_bedrock = var.model_url == ""
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
  statement = local.is_bedrock ? local.bedrock : local.key
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "assistant-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/assistant-bot/token"
  memory_size                  = local.is_bedrock ? 256 : 128 # boto3 takes 25 MB, and a faster CPU loads it sooner
  queue                        = true                         # an answer may take minutes
  timeout                      = 300
  session_retention_in_days    = 1

  environment = {
    MODEL     = var.model
    MODEL_KEY = "/assistant-bot/model-key"
    MODEL_URL = var.model_url
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
