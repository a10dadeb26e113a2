# A bot that reminds a chat every weekday at nine, without Python: the schedule's input is the call. Its token is a
# SecureString in Parameter Store: /reminder-bot/token.

variable "chat_id" {
  type        = number
  description = "Id of the chat to remind. A group's is negative."
}

variable "time_zone" {
  type        = string
  description = "Time zone in which it is nine, by its IANA name. Daylight saving time is taken into account."
  default     = "Europe/Berlin"
}

module "bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"

  name                         = "reminder-bot"
  telegram_bot_token_parameter = "/reminder-bot/token"
}

resource "aws_scheduler_schedule" "weekdays" {
  name                         = "reminder-bot"
  schedule_expression          = "cron(0 9 ? * MON-FRI *)"
  schedule_expression_timezone = var.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.bot.function_arn
    role_arn = aws_iam_role.scheduler.arn

    input = jsonencode({
      method  = "sendMessage"
      chat_id = var.chat_id
      text    = "Good morning! What will you do today?"
    })

    # More than an hour late, a reminder is no use.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }
}

# What the schedule may do: invoke the function.

resource "aws_iam_role" "scheduler" {
  name = "reminder-bot-scheduler"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = split(":", module.bot.function_arn)[4] } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "reminder-bot-scheduler"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = module.bot.function_arn
    }]
  })
}

output "webhook" {
  description = "The webhook, as Telegram reported it at the last apply."
  value       = module.bot.webhook
}
