# A bot with a page and a table whose items expire. Its token is a SecureString in Parameter Store: /lunch-bot/token.

resource "aws_dynamodb_table" "lunches" {
  name         = "lunch-bot"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "lunch" # "chat_message", or a person for the lunch whose link they followed last

  attribute {
    name = "lunch"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}

module "bot" {
  source = "../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "lunch-bot"
  source_dir                   = "${path.module}/bot"
  mini_app                     = "Lunch"
  telegram_bot_token_parameter = "/lunch-bot/token"
  environment                  = { TABLE = aws_dynamodb_table.lunches.name }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = aws_dynamodb_table.lunches.arn
    }]
  })
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
