# A bot that sends a newsletter. Its token is a SecureString in Parameter Store: /newsletter-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "owner_id" {
  type        = number
  description = "Id of the person who may send the newsletter: that of their private chat with the bot."
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "newsletter-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/newsletter-bot/token"
  session_retention_in_days    = 0    # how far it is
  timeout                      = 900  # of a step
  queue                        = true # the steps wait there
  environment                  = { OWNER_ID = tostring(var.owner_id), TABLE = aws_dynamodb_table.subscribers.name }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"]
      Resource = aws_dynamodb_table.subscribers.arn
    }]
  })
}

# Sessions can't be listed, so the subscribers have a table.
resource "aws_dynamodb_table" "subscribers" {
  name         = "newsletter-bot"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "person"

  attribute {
    name = "person"
    type = "N"
  }
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
