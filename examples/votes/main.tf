# A bot with a table. Its token is a SecureString in Parameter Store: /votes-bot/token.

resource "aws_dynamodb_table" "votes" {
  name         = "votes-bot"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "post" # "chat/message"

  attribute {
    name = "post"
    type = "S"
  }
}

module "bot" {
  source = "../.." # elsewhere: "git::https://<this repository>?ref=v1.0.0"

  name                         = "votes-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/votes-bot/token"
  environment                  = { TABLE = aws_dynamodb_table.votes.name }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource = aws_dynamodb_table.votes.arn
    }]
  })
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
