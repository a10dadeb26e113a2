# Alarms. Missing data is treated as OK, because an idle bot emits no metrics. The description of each names its heading
# in docs/runbook.md.

locals {
  alarms_enabled = length(var.alarm_actions) > 0
  namespace      = "TelegramBot/${var.name}" # of the metrics: a metric filter can't add the name as a dimension

  # Each alarm fires at `threshold` or more in each of `periods` periods of `seconds`. The `outcomes` are counted in the
  # log, as a metric of the alarm's name.
  alarm_defaults = {
    namespace = local.namespace, statistic = "Sum", dimensions = {}, threshold = 1, periods = 1, seconds = 300
    outcomes  = []
  }
  alarms = {
    failures = {
      outcomes = ["bot_error", "incomplete", "misconfigured", "mini_app_error"]
      sentence = "The bot failed, or its token, code or inputs are wrong."
    }
    # Only after half an hour: most such failures pass, and both Telegram and the queue redeliver.
    unreachable = {
      outcomes = ["unreachable"]
      periods  = 2
      seconds  = 900
      sentence = "For half an hour, Telegram or AWS could not be reached."
    }
    # Failures that botkit doesn't log: time-outs, too little memory, events that failed. Only those of the alias:
    # the check of a refused release fails under its version's number.
    errors = {
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = var.name, Resource = "${var.name}:live" }
      sentence   = "Invocations ran out of time or memory, or an event failed."
    }
    throttles = {
      namespace  = "AWS/Lambda"
      metric     = "Throttles"
      dimensions = { FunctionName = var.name }
      sentence   = "Lambda throttled an invocation: the concurrency limit was reached."
    }
    # The webhook is checked once an hour.
    webhook_lost = {
      outcomes = ["webhook_lost"]
      seconds  = 3600
      sentence = "The bot has no webhook, or another one, so no update arrives here."
    }
    dead_letters = {
      enabled    = var.queue
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      statistic  = "Maximum"
      dimensions = { QueueName = one(aws_sqs_queue.dead_letters[*].name) }
      sentence   = "Updates or events failed for good, and wait for a redrive, for 14 days."
    }
    # SQS may leave out a message that is received again and again: then it becomes a dead letter.
    queue_age = {
      enabled    = var.queue
      namespace  = "AWS/SQS"
      metric     = "ApproximateAgeOfOldestMessage"
      statistic  = "Maximum"
      dimensions = { QueueName = one(aws_sqs_queue.updates[*].name) }
      threshold  = max(900, 2 * var.timeout)
      periods    = 3
      sentence   = "For 15 minutes, an update has waited too long in the queue."
    }
    # Scheduler retries for a day, but not if the queue or a permission is missing. The log says nothing about it.
    schedules_dropped = {
      enabled    = var.queue
      namespace  = "AWS/Scheduler"
      metric     = "InvocationDroppedCount"
      dimensions = { ScheduleGroup = var.name }
      sentence   = "Scheduler could not send a scheduled call to the queue, and gave it up."
    }
  }
  enabled_alarms = {
    for name, alarm in local.alarms : name => merge(local.alarm_defaults, { metric = name }, alarm)
    if local.alarms_enabled && lookup(alarm, "enabled", true)
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = { for name, alarm in local.enabled_alarms : name => alarm.outcomes if length(alarm.outcomes) > 0 }

  name           = "${local.name}_${each.key}"
  log_group_name = aws_cloudwatch_log_group.function.name
  # Of botkit's lines, not of an author's.
  pattern = "{ ($.logger = \"botkit\") && (${join(" || ", formatlist("($.outcome = %q)", each.value))}) }"

  metric_transformation {
    name      = each.key
    namespace = local.namespace
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.enabled_alarms

  alarm_name          = "${local.name}_${each.key}"
  alarm_description   = "${each.value.sentence} docs/runbook.md#${each.key}"
  alarm_actions       = var.alarm_actions
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  statistic           = each.value.statistic
  dimensions          = each.value.dimensions
  period              = each.value.seconds
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  tags                = var.tags
}
