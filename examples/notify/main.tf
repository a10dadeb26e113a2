# A bot that speaks when AWS calls it: every weekday at nine, and at a new object in S3, without Python; at a CloudWatch
# alarm and a changed item in DynamoDB, by on_event() in bot/bot.py. Its token is a SecureString in Parameter Store:
# /notify-bot/token.

provider "aws" {
  region = "eu-central-1" # the nearest to Telegram
}

variable "chat_id" {
  type        = number
  description = "Id of the chat to tell. A group's is negative."
}

variable "time_zone" {
  type        = string
  description = "Time zone in which it is nine, by its IANA name. Daylight saving time is taken into account."
  default     = "Europe/Berlin"
}

module "telegram_bot" {
  source = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=main&depth=1"

  name                         = "notify-bot"
  source_dir                   = "${path.module}/bot"
  telegram_bot_token_parameter = "/notify-bot/token"
  environment                  = { CHAT_ID = tostring(var.chat_id) }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = aws_dynamodb_table.orders.stream_arn
    }]
  })
}

# Every weekday at nine: the schedule's input is the call. The role lets it invoke the function.

resource "aws_scheduler_schedule" "weekdays" {
  name                         = "notify-bot"
  schedule_expression          = "cron(0 9 ? * MON-FRI *)"
  schedule_expression_timezone = var.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.telegram_bot.function_alias_arn
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

resource "aws_iam_role" "scheduler" {
  name = "notify-bot-scheduler"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = split(":", module.telegram_bot.function_alias_arn)[4] } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "notify-bot-scheduler"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = module.telegram_bot.function_alias_arn
    }]
  })
}

# A new object in S3: a rule makes a call from the event.

resource "aws_s3_bucket" "inbox" {
  bucket_prefix = "notify-bot-"
}

resource "aws_s3_bucket_public_access_block" "inbox" {
  bucket = aws_s3_bucket.inbox.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_notification" "inbox" {
  bucket      = aws_s3_bucket.inbox.id
  eventbridge = true
}

locals {
  # EventBridge puts values into the template as they are. A name with one of these would end the text in the middle,
  # and the rest could be another call: such a name is left out.
  not_in_json = ["*\"*", "*\\\\*"]

  objects = {
    named = {
      key  = [{ anything-but = { wildcard = local.not_in_json } }]
      text = "New in <bucket>: <key> (<size> bytes)"
    }
    unnamed = {
      key  = [for pattern in local.not_in_json : { wildcard = pattern }]
      text = "New in <bucket>: an object with a quote or a backslash in its name (<size> bytes)"
    }
  }
}

resource "aws_cloudwatch_event_rule" "object" {
  for_each = local.objects

  name = "notify-bot-${each.key}"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [aws_s3_bucket.inbox.id] }
      object = { key = each.value.key }
    }
  })
}

resource "aws_cloudwatch_event_target" "object" {
  for_each = local.objects

  rule = aws_cloudwatch_event_rule.object[each.key].name
  arn  = module.telegram_bot.function_alias_arn

  input_transformer {
    input_paths = {
      bucket = "$.detail.bucket.name"
      key    = "$.detail.object.key"
      size   = "$.detail.object.size"
    }
    # Not by jsonencode(), which writes < as \u003c.
    input_template = <<-JSON
      {"method": "sendMessage", "chat_id": ${var.chat_id}, "text": "${each.value.text}"}
    JSON
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}

resource "aws_lambda_permission" "object" {
  for_each = local.objects

  action        = "lambda:InvokeFunction"
  function_name = module.telegram_bot.function_name
  qualifier     = module.telegram_bot.function_alias_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.object[each.key].arn
}

# An alarm of CloudWatch: any alarm whose action is this topic.

resource "aws_sns_topic" "alarms" {
  name = "notify-bot-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "lambda"
  endpoint  = module.telegram_bot.function_alias_arn
}

resource "aws_lambda_permission" "alarms" {
  action        = "lambda:InvokeFunction"
  function_name = module.telegram_bot.function_name
  qualifier     = module.telegram_bot.function_alias_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.alarms.arn
}

# A changed item in DynamoDB: Lambda reads the table's stream.

resource "aws_dynamodb_table" "orders" {
  name             = "notify-bot"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "order"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  attribute {
    name = "order"
    type = "S"
  }
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn  = aws_dynamodb_table.orders.stream_arn
  function_name     = module.telegram_bot.function_alias_arn
  starting_position = "TRIM_HORIZON" # includes records that come while the mapping is made
  batch_size        = 1              # each record is tried again by itself

  # Without a maximum, a record that fails holds up the later ones for a day.
  maximum_record_age_in_seconds = 3600
  maximum_retry_attempts        = 3
}

output "bucket" {
  description = "Name of the bucket whose new objects are reported."
  value       = aws_s3_bucket.inbox.id
}

output "logs_command" {
  description = "Shell command that follows the bot's log."
  value       = module.telegram_bot.logs_command
}

output "topic_arn" {
  description = "ARN of the topic, for the alarm_actions of alarms."
  value       = aws_sns_topic.alarms.arn
}

output "webhook_url" {
  description = "Where Telegram delivers updates."
  value       = module.telegram_bot.webhook_url
}
