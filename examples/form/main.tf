# A bot with a table whose items expire. Its token is a SecureString in Parameter Store: /form-bot/token.

resource "aws_dynamodb_table" "forms" {
  name         = "form-bot"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "chat"

  attribute {
    name = "chat"
    type = "N"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}

module "bot" {
  source = "../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "form-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/form-bot/token"
  environment                  = { TABLE = aws_dynamodb_table.forms.name }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = aws_dynamodb_table.forms.arn
    }]
  })
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
