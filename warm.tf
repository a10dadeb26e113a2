# Schedules that invoke the function: the warm-up, and the look at the webhook for the alarms.

locals {
  schedules = merge(
    var.warm_schedule == null ? {} : {
      warm = { expression = var.warm_schedule, input = jsonencode({ tf = { action = "warm" } }) }
    },
    # At a fixed minute, so that each of the alarm's periods, an hour, gets one reading.
    local.alarms_enabled ? {
      watch = {
        expression = "cron(30 * * * ? *)"
        input      = jsonencode({ tf = { action = "watch" }, url = local.webhook_url })
      }
    } : {},
  )
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.schedules

  name                = "${local.name}_${each.key}"
  schedule_expression = each.value.expression
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.schedules

  rule  = aws_cloudwatch_event_rule.schedule[each.key].name
  arn   = aws_lambda_alias.live.arn
  input = each.value.input
}
