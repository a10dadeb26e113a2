# The schedule's time zone, at plan: on an emulated AWS a test would wait for nine o'clock.

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
    function_alias_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:mock:live"
    function_alias_name = "live"
    function_name       = "mock"
  }
}

variables {
  chat_id   = -1001000000001
  time_zone = "America/New_York"
}

run "it_is_nine_in_the_time_zone" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.weekdays.schedule_expression_timezone == "America/New_York"
    error_message = "The schedule isn't in the time zone that was asked for."
  }
}
