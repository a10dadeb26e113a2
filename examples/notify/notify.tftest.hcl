# What the schedule says, at plan. On an emulated AWS the zone can't be seen at work: it fires in UTC.

mock_provider "aws" {
  # OpenTofu makes up values at plan, too, and the provider refuses an ARN that is none.
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:123456789012:rule/mock"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/mock"
    }
  }
  mock_resource "aws_sns_topic" {
    defaults = {
      arn = "arn:aws:sns:eu-central-1:123456789012:mock"
    }
  }
}

override_module {
  target = module.telegram_bot
  outputs = {
    alias_arn      = "arn:aws:lambda:eu-central-1:123456789012:function:mock:live"
    function_alias = "live"
    function_name  = "mock"
  }
}

variables {
  chat_id   = -1001000000001
  time_zone = "America/New_York"
}

run "weekdays_at_nine_in_the_time_zone" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.weekdays.schedule_expression == "cron(0 9 ? * MON-FRI *)"
    error_message = "Not every weekday at nine."
  }
  assert {
    condition     = aws_scheduler_schedule.weekdays.schedule_expression_timezone == "America/New_York"
    error_message = "Not in the time zone."
  }
}

run "the_input_is_a_call" {
  command = plan

  assert {
    condition = jsondecode(aws_scheduler_schedule.weekdays.target[0].input) == {
      method  = "sendMessage"
      chat_id = -1001000000001
      text    = "Good morning! What will you do today?"
    }
    error_message = "The input isn't the call."
  }
}

run "it_is_not_tried_for_longer_than_an_hour" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.weekdays.target[0].retry_policy[0].maximum_event_age_in_seconds == 3600
    error_message = "A reminder could come more than an hour late."
  }
}
