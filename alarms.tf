# Alarms and a dashboard; schedules.tf looks at the webhook once an hour. Missing data never fires an alarm: an idle bot
# is healthy.

locals {
  alarms_are_on = length(var.alarm_actions) > 0
  namespace     = "TelegramBot/${var.name}" # of the metrics: a metric filter can't add the name as a dimension

  # Each alarm has a heading there, which its description names. The page comes with the module, so it fits the version.
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
}

locals {
  by_api      = { ApiId = aws_apigatewayv2_api.this.id }
  by_function = { FunctionName = var.name }

  # Each alarm fires at `threshold` or more in each of `periods` periods of `seconds`, or in `datapoints` of them. By
  # default, this is once in five minutes, for the outcome that the alarm is named after. An alarm with `on` is created
  # only if that is true. Instead of a metric, it may have an `expression` of several metrics, with names for them.
  alarm_defaults = {
    expression = null, metrics = {}, threshold = 1, periods = 1, datapoints = null, seconds = 300, on = true
  }

  alarms = {
    bot_failed = {
      advice = <<-EOT
        bot.py raised an exception, ran too long or didn't return a list of calls, so somebody got no answer. Find
        "bot_failed" in the log: its error says where. Fix bot.py, then apply. log_level = "DEBUG" adds the traceback.
        With queue = true the update is a dead letter: then run redrive_command.
      EOT
    }
    misconfigured = {
      advice = <<-EOT
        The token is missing, malformed or refused, bot.py can't be imported, or the queue or table can't be used.
        Updates wait. Find "misconfigured" in the log: its error or refusal names the cause. Fix it, then apply. If the
        sessions' table was deleted, restore it first: an apply makes an empty one.
      EOT
    }
    duration = {
      metric    = { namespace = "AWS/Lambda", name = "Duration", statistic = "Maximum", dimensions = local.by_function }
      threshold = 800 * var.timeout
      periods   = 3
      advice    = <<-EOT
        For 15 minutes the slowest invocations took at least 80 % of the timeout. If their outcome is "unreachable",
        wait for Telegram. Otherwise raise timeout or memory_size, or make the bot's slow calls shorter.
      EOT
    }
    errors = {
      # Only of the alias: a refused release fails under its version's number.
      metric = {
        namespace  = "AWS/Lambda"
        name       = "Errors"
        statistic  = "Sum"
        dimensions = merge(local.by_function, { Resource = "${var.name}:live" })
      }
      advice = <<-EOT
        An invocation failed: an event that was not answered, a time-out, or too little memory. The log's lines of level
        ERROR say which. Lambda retries events twice; Telegram redelivers updates.
      EOT
    }
    events_dropped = {
      metric = {
        namespace  = "AWS/Lambda"
        name       = "AsyncEventsDropped"
        statistic  = "Sum"
        dimensions = local.by_function
      }
      advice = <<-EOT
        Lambda gave up on an event from an AWS service, after two retries or an hour. Find out why in the log. It is
        lost: send it again.
      EOT
    }
    throttles = {
      metric = { namespace = "AWS/Lambda", name = "Throttles", statistic = "Sum", dimensions = local.by_function }
      advice = <<-EOT
        Lambda had no container left for an invocation. Telegram redelivers the update. If this continues, raise
        reserved_concurrency or the account's quota, or lower max_connections.
      EOT
    }
    # Telegram retries after at most two minutes, unless it limits the rate: so a lasting error is in each period.
    server_errors = {
      metric = {
        namespace  = "AWS/ApiGateway"
        name       = "5xx"
        statistic  = "Sum"
        dimensions = local.by_api
      }
      periods = 3
      advice  = <<-EOT
        For 15 minutes updates or page requests got a 5xx. Telegram keeps updates and redelivers them. The log's
        outcomes say why: wait if Telegram is unreachable or limits the rate, otherwise fix the error.
      EOT
    }
    webhook_failing = {
      metric  = { namespace = local.namespace, name = "WebhookFailing", statistic = "Maximum", dimensions = {} }
      periods = 2
      seconds = 3600
      advice  = <<-EOT
        Telegram could not deliver updates, at two readings an hour apart. Find "WebhookFailing" in the log: last_error
        has Telegram's words. At 401 the secrets differ: terraform apply
        -replace=module.telegram_bot.terraform_data.webhook_secret (telegram_bot: the module's name in your
        configuration; in a clone, leave out module.telegram_bot.). At 5xx: see the log's outcomes. Otherwise run
        scripts/doctor.
      EOT
    }
    webhook_lost = {
      metric  = { namespace = local.namespace, name = "WebhookLost", statistic = "Maximum", dimensions = {} }
      seconds = 3600
      advice  = <<-EOT
        The bot has no webhook, or another one, so no update arrives here. Remove the other deployment if there is one,
        then terraform apply -replace=module.telegram_bot.aws_lambda_invocation.register_webhook (telegram_bot: the
        module's name in your configuration; in a clone, leave out module.telegram_bot.).
      EOT
    }
    # Two differences of three readings, each from a reading above zero. A minimum above zero would also fire while a
    # backlog shrinks.
    pending_updates = {
      metric     = null
      expression = "IF(DIFF(pending) >= 0 AND pending > DIFF(pending), 1, 0)"
      metrics = {
        pending = { namespace = local.namespace, name = "PendingUpdates", statistic = "Maximum", dimensions = {} }
      }
      periods    = 3 # the first has no difference yet
      datapoints = 2
      seconds    = 3600
      advice     = <<-EOT
        Updates wait at Telegram, and their number did not fall in three readings, an hour apart. Find "PendingUpdates"
        in the log: last_error has Telegram's words, if any. If there are none, raise max_connections, throttling_limit
        or reserved_concurrency.
      EOT
    }

    # Scheduler retries for a day, but not if the queue or a right is missing. The log says nothing about it.
    schedules_dropped = {
      on = var.queue
      metric = {
        namespace  = "AWS/Scheduler"
        name       = "InvocationDroppedCount"
        statistic  = "Sum"
        dimensions = { ScheduleGroup = var.name }
      }
      advice = <<-EOT
        EventBridge Scheduler could not send a scheduled call, such as a reminder, to the queue, and gave it up: it is
        lost. Apply, so that the queue, the role and its rights exist.
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
      on = var.queue
      metric = {
        namespace  = "AWS/SQS"
        name       = "ApproximateNumberOfMessagesVisible"
        statistic  = "Maximum"
        dimensions = { QueueName = "${var.name}_dlq.fifo" }
      }
      advice = <<-EOT
        Updates or events at which the bot failed, or that could not be answered in 20 tries, three to five hours, are
        in the dead-letter queue, for 14 days. The log says why. Fix that, apply, then run redrive_command: terraform
        output -raw redrive_command | sh
      EOT
    }
    # Telegram gets its 200 at once, so only these two notice that answers have stopped. For the age of the oldest
    # message, SQS may leave out an update that is received again and again: then the first one fires.
    unreachable = {
      on      = var.queue
      periods = 2
      seconds = 900
      advice  = <<-EOT
        For half an hour Telegram or AWS could not be reached, so updates in the queue get no answer. Find "unreachable"
        in the log: its error says which. The queue retries them for three to five hours, then they become dead letters.
      EOT
    }
    queue_age = {
      on = var.queue
      metric = {
        namespace  = "AWS/SQS"
        name       = "ApproximateAgeOfOldestMessage"
        statistic  = "Maximum"
        dimensions = { QueueName = "${var.name}.fifo" }
      }
      threshold = max(900, 2 * var.timeout)
      periods   = 3
      advice    = <<-EOT
        For 15 minutes an update has waited too long in the queue. The log's outcomes say why: wait if Telegram is
        unreachable or limits the rate, otherwise fix the error. If there is no error, raise reserved_concurrency.
      EOT
    }
  }

  # The alarms that are created, with all fields.
  alarms_on = {
    for name, alarm in local.alarms : name => merge(
      local.alarm_defaults,
      {
        metric = {
          namespace = local.namespace, name = "Outcomes", statistic = "Sum", dimensions = { outcome = name }
        }
      },
      alarm,
    ) if local.alarms_are_on && lookup(alarm, "on", true)
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms_on

  alarm_name          = "${aws_iam_role.this.name}-${each.key}"
  alarm_description   = "${replace(trimspace(each.value.advice), "\n", " ")} See \"${each.key}\" ${local.runbook}"
  alarm_actions       = var.alarm_actions
  namespace           = try(each.value.metric.namespace, null)
  metric_name         = try(each.value.metric.name, null)
  statistic           = try(each.value.metric.statistic, null)
  dimensions          = try(each.value.metric.dimensions, null)
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  period              = each.value.metric == null ? null : each.value.seconds # otherwise each of its metrics has one
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  dynamic "metric_query" {
    for_each = each.value.expression[*]

    content {
      id          = "result"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        stat        = metric_query.value.statistic
        dimensions  = metric_query.value.dimensions
        period      = each.value.seconds
      }
    }
  }
}

# The dashboard shows the outcomes, and the metrics of the other alarms.

locals {
  # The alarms that each graph shows, if they are created, and metrics without an alarm.
  graphs = [
    {
      title  = "Time of an invocation"
      alarms = ["duration"]
      others = [
        for statistic in ["Average", "p95"] : {
          namespace = "AWS/Lambda", name = "Duration", statistic = statistic, dimensions = local.by_function,
          seconds   = 300
        }
      ]
    },
    {
      title = "Errors"
      alarms = [
        "errors", "events_dropped", "schedules_dropped", "server_errors", "throttles",
      ]
      others = [{
        namespace = "AWS/ApiGateway", name = "4xx", statistic = "Sum", dimensions = local.by_api, seconds = 300
      }]
    },
    { title = "Webhook", alarms = ["pending_updates", "webhook_failing", "webhook_lost"], others = [] },
    { title = "Seconds that an update waits in the queue", alarms = ["queue_age"], others = [] },
    { title = "Failed updates and events that wait", alarms = ["dead_letters"], others = [] },
  ]

  # The metrics of each alarm.
  shown = {
    for name, alarm in local.alarms_on : name => [
      for metric in concat(alarm.metric[*], values(alarm.metrics)) : merge(metric, { seconds = alarm.seconds })
    ]
  }

  # The metrics of each graph, in a dashboard's form: [namespace, name, dimension, its value, …, how it is shown].
  lines = {
    for graph in local.graphs : graph.title => [
      for metric in concat(flatten([for name in graph.alarms : lookup(local.shown, name, [])]), graph.others) :
      concat(
        [metric.namespace, metric.name],
        flatten([for dimension, value in metric.dimensions : [dimension, value]]),
        [{
          label  = join(" ", concat([metric.name, metric.statistic], values(metric.dimensions)))
          period = metric.seconds
          stat   = metric.statistic
        }],
      )
    ]
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  count = local.alarms_are_on ? 1 : 0

  dashboard_name = aws_iam_role.this.name
  dashboard_body = jsonencode({
    widgets = [for index, properties in concat(
      [{
        title = "Updates and events by outcome"
        metrics = [[{
          expression = "SEARCH('{\"${local.namespace}\",outcome} Outcomes', 'Sum', 300)"
          label      = "$${PROP('Dim.outcome')}"
        }]]
      }],
      [
        for graph in local.graphs : { title = graph.title, metrics = local.lines[graph.title] }
        if length(local.lines[graph.title]) > 0
      ],
      ) : {
      type       = "metric"
      x          = 12 * (index % 2)
      y          = 6 * floor(index / 2)
      width      = 12
      height     = 6
      properties = merge(properties, { region = local.region, view = "timeSeries" })
    }]
  })
}
