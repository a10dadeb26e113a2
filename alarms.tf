# Alarms and a dashboard; schedules.tf looks at the webhook once an hour. Missing data never sets an alarm off: an idle
# bot is healthy.

locals {
  alarms_are_on = length(var.alarm_actions) > 0
  namespace     = "TelegramBot/${var.name}" # of the metrics: a metric filter can't add the name as a dimension

  # Each alarm has a heading there, which its description names. The page is where the module is: it fits the version.
  runbook = "in docs/runbook.md, in the module's folder (such as .terraform/modules/telegram_bot)."
}

# One metric for each outcome, from the log lines of botkit.
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

  # Each goes off at `threshold` or more in each of `periods` periods of `seconds`. Unless it says otherwise, that is
  # once in five minutes, at the outcome that it is named after. One with `on` is made only if that is true.
  alarm_defaults = { metric = [local.namespace, "Outcomes", "Sum"], threshold = 1, periods = 1, seconds = 300 }

  alarms = {
    bot_failed = {
      advice = <<-EOT
        bot.py raised an exception, ran too long or didn't return a list of calls, so somebody got no answer. Find
        "bot_failed" in the log: its error says where. Fix bot.py, then apply. log_level = "DEBUG" adds the traceback.
        With failed_retention_in_days the update is kept: then run replay_command.
      EOT
    }
    misconfigured = {
      advice = <<-EOT
        The token is missing, malformed or refused, bot.py can't be imported, or the queue or table can't be used.
        Updates wait. Find "misconfigured" in the log: its error or refusal names the cause. Fix it, then apply.
      EOT
    }
    duration = {
      metric     = ["AWS/Lambda", "Duration", "Maximum"]
      dimensions = local.by_function
      threshold  = 800 * var.timeout
      periods    = 3
      advice     = <<-EOT
        For 15 minutes the slowest invocations took at least 80 % of the timeout. If their outcome is "unreachable",
        wait for Telegram; else raise timeout or memory_size, or make the bot's slow calls shorter.
      EOT
    }
    errors = {
      metric     = ["AWS/Lambda", "Errors", "Sum"]
      dimensions = merge(local.by_function, { Resource = "${var.name}:live" }) # a refused release fails by its number
      advice     = <<-EOT
        An invocation failed: an event that was not answered, a time-out, or too little memory. The log's lines of level
        ERROR say which. Lambda retries events twice; Telegram delivers updates again.
      EOT
    }
    events_dropped = {
      metric     = ["AWS/Lambda", "AsyncEventsDropped", "Sum"]
      dimensions = local.by_function
      advice     = <<-EOT
        Lambda gave up on an event from an AWS service, after two retries or an hour. Find out why in the log. With
        failed_retention_in_days it is kept, unless "events_lost" goes off too: run replay_command after the repair.
        Else it is lost: send it again.
      EOT
    }
    events_lost = {
      on         = var.failed_retention_in_days != null
      metric     = ["AWS/Lambda", "DestinationDeliveryFailures", "Sum"]
      dimensions = local.by_function
      advice     = <<-EOT
        Lambda gave up on an event and could not keep it in the queue of failures, which takes 256 KB: it is lost. Send
        it again after the repair. If it was smaller, look whether the queue and the role's rights are there: apply.
      EOT
    }
    throttles = {
      metric     = ["AWS/Lambda", "Throttles", "Sum"]
      dimensions = local.by_function
      advice     = <<-EOT
        Lambda had no container left for an invocation. Telegram delivers its updates again. If it goes on, raise
        reserved_concurrency or the account's quota, or lower max_connections.
      EOT
    }
    # Telegram retries after two minutes at most, unless it limits the rate: so an error that lasts is in each period.
    server_errors = {
      metric     = ["AWS/ApiGateway", "5xx", "Sum"]
      dimensions = { ApiId = aws_apigatewayv2_api.this.id }
      periods    = 3
      advice     = <<-EOT
        For 15 minutes updates or page requests got a 5xx. Telegram keeps updates and delivers them again. The log's
        outcomes say why: wait if Telegram is unreachable or limits the rate, else fix the error.
      EOT
    }
    webhook_failing = {
      metric     = [local.namespace, "WebhookFailing", "Maximum"]
      dimensions = {}
      periods    = 2
      seconds    = 3600
      advice     = <<-EOT
        Telegram could not deliver updates, at two readings an hour apart. Find "WebhookFailing" in the log: last_error
        has Telegram's words. At 401 the secrets differ: terraform apply
        -replace=module.telegram_bot.terraform_data.webhook_secret (telegram_bot: the module's name in your
        configuration; in a clone, leave out module.telegram_bot.). At 5xx: see the log's outcomes. Else run
        scripts/doctor.
      EOT
    }
    webhook_lost = {
      metric     = [local.namespace, "WebhookLost", "Maximum"]
      dimensions = {}
      seconds    = 3600
      advice     = <<-EOT
        The bot has no webhook, or another one, so no update arrives here. Remove the other deployment if there is one,
        then terraform apply -replace=module.telegram_bot.aws_lambda_invocation.register_webhook (telegram_bot: the
        module's name in your configuration; in a clone, leave out module.telegram_bot.).
      EOT
    }

    # Of calls for later.
    lost = {
      on     = var.later
      advice = <<-EOT
        A call of a schedule, such as a reminder, could not be made for a day. Find "lost" in the log: its error or
        refusal says why. With failed_retention_in_days it is kept: run replay_command after the repair.
      EOT
    }
    # Scheduler retries for a day, but not if the function or a right is missing. The log has nothing.
    later_dropped = {
      on         = var.later
      metric     = ["AWS/Scheduler", "InvocationDroppedCount", "Sum"]
      dimensions = { ScheduleGroup = local.later_groups[0] }
      advice     = <<-EOT
        EventBridge Scheduler could not invoke the function, and gave up a call for later, such as a reminder: it is
        lost. Apply, so that the function, the role and its rights are there.
      EOT
    }
    every_dropped = {
      on         = var.later
      metric     = ["AWS/Scheduler", "InvocationDroppedCount", "Sum"]
      dimensions = { ScheduleGroup = local.later_groups[1] }
      advice     = <<-EOT
        EventBridge Scheduler could not invoke the function, and gave up one time of a call that recurs. Apply, so that
        the function, the role and its rights are there.
      EOT
    }

    # Of the page.
    page_failed = {
      on     = var.mini_app != null
      advice = <<-EOT
        bot.py raised an exception or ran too long while handling a page request, which got a 500. Find "page_failed" in
        the log: its error says where. Fix bot.py, then apply.
      EOT
    }

    # Of the queue.
    dead_letters = {
      on         = var.queue && var.failed_retention_in_days == null # else "failed" counts them
      metric     = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"]
      dimensions = { QueueName = "${var.name}-dead.fifo" }
      advice     = <<-EOT
        Updates that could not be answered in 20 tries, three to five hours, are in the dead-letter queue, for 14 days.
        The log says why. Fix that, then move them back with aws sqs start-message-move-task.
      EOT
    }
    # Telegram gets its 200 at once, so only these two notice that answers have stopped. SQS may leave an update that is
    # received again and again out of the age of the oldest one: the first goes off then.
    unreachable = {
      on      = var.queue
      periods = 2
      seconds = 900
      advice  = <<-EOT
        For half an hour Telegram or AWS could not be reached, so updates in the queue get no answer. Find "unreachable"
        in the log: its error says which. The queue retries them for three to five hours, then they become dead letters.
      EOT
    }
    queue_waits = {
      on         = var.queue
      metric     = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"]
      dimensions = { QueueName = "${var.name}.fifo" }
      threshold  = max(900, 2 * var.timeout)
      periods    = 3
      advice     = <<-EOT
        For 15 minutes an update has waited too long in the queue. The log's outcomes say why: wait if Telegram is
        unreachable or limits the rate, else fix the error. If there is no error, raise reserved_concurrency.
      EOT
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    for name, alarm in local.alarms : name => merge(local.alarm_defaults, { dimensions = { outcome = name } }, alarm)
    if local.alarms_are_on && lookup(alarm, "on", true)
  }

  alarm_name          = "${aws_iam_role.this.name}-${each.key}"
  alarm_description   = "${replace(trimspace(each.value.advice), "\n", " ")} See \"${each.key}\" ${local.runbook}"
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

# Failed updates and events, in one queue or both.
resource "aws_cloudwatch_metric_alarm" "failed" {
  count = local.alarms_are_on && var.failed_retention_in_days != null ? 1 : 0

  alarm_name          = "${aws_iam_role.this.name}-failed"
  alarm_actions       = var.alarm_actions
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  alarm_description = join(" ", [
    "Updates or events failed and are kept, for failed_retention_in_days (dead letters of the queue for 14 days). The",
    "log says why. Fix that, apply, then run replay_command: terraform output -raw replay_command | sh",
    "See \"failed\" ${local.runbook}",
  ])

  # A queue without messages has no metric after some hours.
  metric_query {
    id          = "waiting"
    expression  = join(" + ", [for index, _ in local.failed_queues : "FILL(queue${index}, 0)"])
    label       = "Failed updates and events that wait"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.failed_queues

    content {
      id = "queue${metric_query.key}"

      metric {
        namespace   = "AWS/SQS"
        metric_name = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = metric_query.value.name }
        period      = 300
        stat        = "Maximum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "pending" {
  count = local.alarms_are_on ? 1 : 0

  alarm_name          = "${aws_iam_role.this.name}-pending_updates"
  alarm_actions       = var.alarm_actions
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 3 # the first has no difference yet
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  alarm_description = join(" ", [
    "Updates wait at Telegram, and their number did not fall in three readings, an hour apart. Find \"PendingUpdates\"",
    "in the log: last_error has Telegram's words, if any. If there are none, raise max_connections, throttling_limit",
    "or reserved_concurrency. See \"pending_updates\" ${local.runbook}",
  ])

  # Two differences of three readings, each while the reading before was above zero. A minimum above zero would also
  # alarm while a backlog shrinks.
  metric_query {
    id          = "stuck"
    expression  = "IF(DIFF(pending) >= 0 AND pending > DIFF(pending), 1, 0)"
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

  dashboard_name = aws_iam_role.this.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in [
      {
        title  = "Updates and events by outcome"
        stat   = "Sum"
        period = 300
        metrics = [[{
          expression = "SEARCH('{\"${local.namespace}\",outcome} Outcomes', 'Sum', 300)"
          label      = "$${PROP('Dim.outcome')}"
        }]]
      },
      {
        title  = "Time of an invocation"
        stat   = "Average"
        period = 300
        metrics = [
          for stat in ["Average", "p95", "Maximum"] :
          ["AWS/Lambda", "Duration", "FunctionName", var.name, { stat = stat, label = stat }]
        ]
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
