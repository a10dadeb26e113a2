# What inputs switch on: schedules, alarms, the queue, the page.

# Schedules that invoke the function: to keep it warm, and to look at the webhook.

locals {
  alarms_are_on = length(var.alarm_actions) > 0
  namespace     = "TelegramBot/${var.name}" # of the metrics: a metric filter can't add the name as a dimension

  schedules = merge(
    var.warm_schedule == null ? {} : {
      warm = { expression = var.warm_schedule, input = jsonencode({ tf = { action = "warm" } }) }
    },
    # At a fixed minute, so that each hour, which is the alarms' period, gets one reading.
    local.alarms_are_on ? {
      watch = { expression = "cron(30 * * * ? *)", input = jsonencode({ tf = { action = "watch" }, url = local.webhook_url, namespace = local.namespace }) }
    } : {},
  )
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.schedules

  name                = "${var.name}-${each.key}"
  schedule_expression = each.value.expression
  tags                = var.tags

  lifecycle {
    precondition {
      condition     = length(var.name) <= 58
      error_message = "The name must have at most 58 characters with warm_schedule or alarm_actions, since AWS allows 64 for the rules that are named after it."
    }
  }
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.schedules

  rule  = aws_cloudwatch_event_rule.schedule[each.key].name
  arn   = aws_lambda_function.this.arn
  input = each.value.input
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedules

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.arn # as in the webhook's permission
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[each.key].arn
}

# Alarms. Missing data never sets one off: an idle bot is healthy.

# One metric for each outcome, from the function's own lines: botkit/host/outcome.py writes them.
resource "aws_cloudwatch_log_metric_filter" "outcomes" {
  count = local.alarms_are_on ? 1 : 0

  name           = "${var.name}-outcomes"
  log_group_name = aws_cloudwatch_log_group.function.name
  pattern        = "{ ($.logger = \"botkit\") && ($.outcome = \"*\") }"

  metric_transformation {
    name       = "Outcomes"
    namespace  = local.namespace
    value      = "1"
    dimensions = { outcome = "$.outcome" }
  }

  lifecycle {
    precondition {
      condition     = var.log_level != "FATAL"
      error_message = "The log_level must not be FATAL with alarm_actions, since alarms count lines of level ERROR."
    }
  }
}

locals {
  by_function = { FunctionName = var.name }

  # Each goes off at `threshold` or more in each of `periods` periods of `seconds`.
  alarms = merge(local.alarms_of_the_page, local.alarms_of_the_queue, {
    bot_failed = {
      metric      = [local.namespace, "Outcomes", "Sum"], dimensions = { outcome = "bot_failed" }, threshold = 1, periods = 1, seconds = 300
      description = "bot.py raised an exception, ran too long or returned no list of calls, so somebody got no answer. Find \"bot_failed\" in the log: its error says where. Fix bot.py, then apply."
    }
    duration = {
      metric      = ["AWS/Lambda", "Duration", "Maximum"], dimensions = local.by_function, threshold = 800 * var.timeout, periods = 3, seconds = 300
      description = "For 15 minutes the slowest invocations took at least 80 % of the timeout. If their outcome is \"unreachable\", wait for Telegram; else raise timeout or memory_size, or make the bot's slow calls shorter."
    }
    errors = {
      metric      = ["AWS/Lambda", "Errors", "Sum"], dimensions = local.by_function, threshold = 1, periods = 1, seconds = 300
      description = "An invocation failed: an event that was not answered, a time-out, or too little memory. The log's lines of level ERROR say which. Lambda retries events; Telegram delivers updates again."
    }
    events_dropped = {
      metric      = ["AWS/Lambda", "AsyncEventsDropped", "Sum"], dimensions = local.by_function, threshold = 1, periods = 1, seconds = 300
      description = "Lambda gave up on an event of AWS's services, after two retries or an hour. It is lost. Find out why in the log, then send it again if it still matters."
    }
    misconfigured = {
      metric      = [local.namespace, "Outcomes", "Sum"], dimensions = { outcome = "misconfigured" }, threshold = 1, periods = 1, seconds = 300
      description = "The token is missing, malformed or refused, bot.py can't be imported, or the queue can't be used. Telegram keeps the updates. Find \"misconfigured\" in the log: its error or refusal says what to fix. Then apply."
    }
    server_errors = {
      # Telegram tries again after two minutes at most, unless it limits the rate: so each period has an error as long as it lasts.
      metric      = ["AWS/ApiGateway", "5xx", "Sum"], dimensions = { ApiId = aws_apigatewayv2_api.this.id }, threshold = 1, periods = 3, seconds = 300
      description = "For 15 minutes updates, or requests of the page, got a 5xx. Telegram keeps updates and delivers them again. The log's outcomes say why: wait if Telegram is unreachable or limits the rate, else fix what the error says."
    }
    throttles = {
      metric      = ["AWS/Lambda", "Throttles", "Sum"], dimensions = local.by_function, threshold = 1, periods = 1, seconds = 300
      description = "Lambda had no container left for an invocation. Telegram delivers its updates again. If it goes on, raise reserved_concurrency or the account's quota, or lower max_connections."
    }
    webhook_failing = {
      metric      = [local.namespace, "WebhookFailing", "Maximum"], dimensions = {}, threshold = 1, periods = 2, seconds = 3600
      description = "Telegram could not deliver updates, at two readings an hour apart. Find \"WebhookFailing\" in the log: last_error has Telegram's words. At 401: terraform apply -replace=terraform_data.webhook_secret (if a configuration calls the module, with module.NAME. before the address). At 5xx: see the log's outcomes. Else run scripts/doctor."
    }
    webhook_lost = {
      metric      = [local.namespace, "WebhookLost", "Maximum"], dimensions = {}, threshold = 1, periods = 1, seconds = 3600
      description = "The bot has no webhook, or another one, so no update arrives here. Remove the other deployment if there is one, then terraform apply -replace=aws_lambda_invocation.webhook (if a configuration calls the module, with module.NAME. before the address)."
    }
  })
  alarms_of_the_page = {
    for _ in var.mini_app[*] : "page_failed" => {
      metric      = [local.namespace, "Outcomes", "Sum"], dimensions = { outcome = "page_failed" }, threshold = 1, periods = 1, seconds = 300
      description = "bot.py raised an exception or ran too long at a request of the page's, which got a 500. Find \"page_failed\" in the log: its error says where. Fix bot.py, then apply."
    }
  }
  alarms_of_the_queue = {
    for name, alarm in {
      dead_letters = {
        metric      = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"], dimensions = { QueueName = "${var.name}-dead.fifo" }, threshold = 1, periods = 1, seconds = 300
        description = "Updates that could not be answered in 20 tries, some three hours, are in the dead-letter queue, for 14 days. The log says why. Fix that, then move them back with aws sqs start-message-move-task."
      }
      queue_waits = {
        # Telegram gets its 200 at once, so nothing else tells that answers have stopped.
        metric      = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"], dimensions = { QueueName = "${var.name}.fifo" }, threshold = max(900, 2 * var.timeout), periods = 3, seconds = 300
        description = "For 15 minutes an update has waited too long in the queue. The log's outcomes say why: wait if Telegram is unreachable or limits the rate, else fix what the error says. If there is no error, raise reserved_concurrency."
      }
    } : name => alarm if var.queue
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if local.alarms_are_on }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  alarm_actions       = var.alarm_actions
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  statistic           = each.value.metric[2]
  dimensions          = each.value.dimensions
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  period              = each.value.seconds
  treat_missing_data  = "notBreaching"
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "pending" {
  count = local.alarms_are_on ? 1 : 0

  alarm_name          = "${var.name}-pending_updates"
  alarm_description   = "Updates wait at Telegram, and their number did not fall in three readings, an hour apart. Find \"PendingUpdates\" in the log: last_error has Telegram's words, if any. If there are none, raise max_connections, throttling_limit or reserved_concurrency."
  alarm_actions       = var.alarm_actions
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  # Two differences of three readings. A minimum above zero would also alarm while a backlog shrinks.
  metric_query {
    id          = "stuck"
    expression  = "IF(DIFF(pending) >= 0 AND pending > DIFF(pending), 1, 0)" # the second: the reading before was above zero
    label       = "Updates wait, and their number doesn't fall"
    return_data = true
  }

  metric_query {
    id = "pending"

    metric {
      namespace   = local.namespace
      metric_name = "PendingUpdates"
      period      = 3600
      stat        = "Maximum"
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  count = local.alarms_are_on ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in [
      {
        title   = "Updates and events by outcome"
        stat    = "Sum"
        period  = 300
        metrics = [[{ expression = "SEARCH('{\"${local.namespace}\",outcome} Outcomes', 'Sum', 300)", label = "$${PROP('Dim.outcome')}" }]]
      },
      {
        title   = "Time of an invocation"
        stat    = "Average"
        period  = 300
        metrics = [for stat in ["Average", "p95", "Maximum"] : ["AWS/Lambda", "Duration", "FunctionName", var.name, { stat = stat, label = stat }]]
      },
      {
        title  = "Errors"
        stat   = "Sum"
        period = 300
        metrics = [
          ["AWS/Lambda", "Errors", "FunctionName", var.name],
          ["AWS/Lambda", "Throttles", "FunctionName", var.name],
          ["AWS/Lambda", "AsyncEventsDropped", "FunctionName", var.name],
          ["AWS/ApiGateway", "4xx", "ApiId", aws_apigatewayv2_api.this.id],
          ["AWS/ApiGateway", "5xx", "ApiId", aws_apigatewayv2_api.this.id],
        ]
      },
      {
        title   = "Updates that wait at Telegram"
        stat    = "Maximum"
        period  = 3600
        metrics = [[local.namespace, "PendingUpdates"]]
      },
      ] : {
      type       = "metric"
      x          = 12 * (index % 2)
      y          = 6 * floor(index / 2)
      width      = 12
      height     = 6
      properties = merge(widget, { region = local.region, view = "timeSeries" })
    }]
  })
}

# Queue, for answers that take longer than API Gateway waits. The function puts updates into it, and
# Lambda gives them back to the function, one at a time of each chat.

resource "aws_sqs_queue" "updates" {
  count = var.queue ? 1 : 0

  name                      = "${var.name}.fifo"
  fifo_queue                = true
  deduplication_scope       = "messageGroup" # an update's group never changes
  fifo_throughput_limit     = "perMessageGroupId"
  message_retention_seconds = 1209600 # 14 days, the most: a chat's updates wait for the one that is tried again
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # An invocation that was killed is tried again then. AWS advises six times the function's time-out, so that a
  # batch which Lambda throttles is tried again meanwhile; here a batch is one update, and its chat waits.
  visibility_timeout_seconds = max(var.timeout + 30, 60)

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 20 # three hours, with the pauses of botkit/host/queue.py
  })
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.queue ? 1 : 0

  name                      = "${var.name}-dead.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_lambda_event_source_mapping" "updates" {
  count = var.queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.updates[0].arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1 # of a batch, all later updates of a failed one's chat would have to be given back, too
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # The other containers are for the webhook.
  scaling_config {
    maximum_concurrency = min(floor(coalesce(var.reserved_concurrency, 10) / 2), 1000)
  }

  depends_on = [aws_iam_role_policy.this]
}

# Mini App: routes for the page in the bot's folder app/, and the removal of its menu button.

locals {
  mini_app_url         = "${aws_apigatewayv2_api.this.api_endpoint}/app/index.html"
  mini_app_environment = { for _ in var.mini_app[*] : "MINI_APP_URL" => local.mini_app_url }
  menu_button          = { for text in var.mini_app[*] : "menu_button" => { text = text, url = local.mini_app_url } }
}

resource "aws_apigatewayv2_route" "mini_app" {
  # AWS refuses a route that ends in a slash; the last one matches /app/, too.
  for_each = toset(var.mini_app == null ? [] : ["/app", "/app/{proxy+}"])

  api_id    = aws_apigatewayv2_api.this.id
  route_key = "ANY ${each.value}"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_lambda_permission" "mini_app" {
  for_each = toset(var.mini_app == null ? [] : ["/app", "/app/*"])

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.arn
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*${each.value}"
}

# Like the removal of the webhook, it does nothing until it is destroyed, as when mini_app becomes
# null, or replaced. The registration of the webhook sets the button.
resource "aws_lambda_invocation" "menu_button_removal" {
  count = length(var.mini_app[*])

  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.mini_app_url, is = "menu button" })

  triggers = aws_lambda_invocation.removal.triggers
}
