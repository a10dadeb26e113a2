# What the module builds. Planned and applied with a provider that is a mock: no account is needed.

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      api_endpoint  = "https://abc123.execute-api.eu-central-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:abc123"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:123456789012:log-group:mock"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/mock"
    }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:mock/invocations"
    }
  }
  mock_resource "aws_lambda_invocation" {
    defaults = {
      result = "{\"url\": \"https://abc123.execute-api.eu-central-1.amazonaws.com/telegram\", \"pending_updates\": 2, \"last_error\": null}"
    }
  }
}

variables {
  telegram_bot_token = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
}

run "one_route_leads_to_the_function" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_route.webhook.route_key == "POST /telegram"
    error_message = "The API has the one route POST /telegram."
  }
  assert {
    condition     = aws_apigatewayv2_integration.function.payload_format_version == "2.0"
    error_message = "The function gets payload 2.0."
  }
  assert {
    condition     = aws_lambda_permission.webhook.source_arn == "arn:aws:execute-api:eu-central-1:123456789012:abc123/*/POST/telegram"
    error_message = "The permission names the one route."
  }
  assert {
    condition     = aws_lambda_permission.webhook.function_name == aws_lambda_function.this.arn && aws_lambda_permission.webhook.principal == "apigateway.amazonaws.com" && aws_lambda_permission.webhook.action == "lambda:InvokeFunction"
    error_message = "The permission lets API Gateway invoke, and nothing else."
  }
  assert {
    condition     = output.webhook_url == "https://abc123.execute-api.eu-central-1.amazonaws.com/telegram"
    error_message = "The webhook's URL is the route's."
  }
}

run "the_function_is_small_and_plain" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.handler == "handler.handler" && aws_lambda_function.this.runtime == "python3.13"
    error_message = "The handler and the runtime are those that the package is made for."
  }
  assert {
    condition     = tolist(aws_lambda_function.this.architectures) == tolist(["arm64"]) && aws_lambda_function.this.memory_size == 128 && aws_lambda_function.this.timeout == 10
    error_message = "The function has arm64, 128 MB and 10 s."
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON"
    error_message = "The function logs JSON."
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/telegram-bot"
    error_message = "The function logs to the group that is made for it."
  }
}

run "the_role_may_write_to_its_log_group_alone" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:mock:*"
      }]
    }
    error_message = "The role's policy is the two actions on the one log group."
  }
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "lambda.amazonaws.com" }
      }]
    }
    error_message = "Lambda alone may assume the role."
  }
}

run "the_role_may_read_the_tokens_parameter_too" {
  command = apply

  variables {
    telegram_bot_token           = null
    telegram_bot_token_parameter = "/bots/echo"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:mock:*"
        },
        {
          Effect   = "Allow"
          Action   = "ssm:GetParameter"
          Resource = "arn:aws:ssm:eu-central-1:123456789012:parameter/bots/echo"
        },
        {
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = "arn:aws:kms:eu-central-1:123456789012:key/*"
          Condition = {
            StringEquals = {
              "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:eu-central-1:123456789012:parameter/bots/echo"
              "kms:ViaService"                      = "ssm.eu-central-1.amazonaws.com"
            }
          }
        },
      ]
    }
    error_message = "The role's policy names the one parameter, and the keys by way of SSM with it as context."
  }
  assert {
    condition     = !contains(keys(aws_lambda_function.this.environment[0].variables), "TELEGRAM_BOT_TOKEN")
    error_message = "The function's environment has no token."
  }
}

run "the_environment_has_what_is_set_alone" {
  command = plan

  assert {
    condition     = toset(keys(aws_lambda_function.this.environment[0].variables)) == toset(["REPLY_MODE", "TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET"])
    error_message = "What is off is not in the environment."
  }
}

run "what_is_asked_for_is_set" {
  command = plan

  variables {
    log_level            = "WARN"
    memory_size          = 256
    reply_mode           = "webhook"
    reserved_concurrency = 5
    tags                 = { team = "bots" }
    telegram_proxy       = "http://user:p%40ss@proxy.example:3128"
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].application_log_level == "WARN" && aws_lambda_function.this.memory_size == 256 && aws_lambda_function.this.reserved_concurrent_executions == 5
    error_message = "Log level, memory and concurrency are what was asked for."
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.REPLY_MODE == "webhook" && aws_lambda_function.this.environment[0].variables.TELEGRAM_PROXY == "http://user:p%40ss@proxy.example:3128"
    error_message = "Reply mode and proxy are what was asked for."
  }
  assert {
    condition = alltrue([for tags in [
      aws_apigatewayv2_api.this.tags, aws_apigatewayv2_stage.this.tags, aws_cloudwatch_log_group.api.tags,
      aws_cloudwatch_log_group.function.tags, aws_iam_role.this.tags, aws_lambda_function.this.tags,
    ] : tags.team == "bots"])
    error_message = "All resources that can have tags have them."
  }
}

run "the_log_groups_have_retention" {
  command = plan

  variables {
    log_retention_in_days = 30
  }

  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 30 && aws_cloudwatch_log_group.api.retention_in_days == 30
    error_message = "Both log groups have the retention that was asked for."
  }
  assert {
    condition     = aws_cloudwatch_log_group.api.name == "/aws/vendedlogs/telegram-bot"
    error_message = "The API's log group is below /aws/vendedlogs/."
  }
}

run "the_stage_is_throttled" {
  command = plan

  variables {
    throttling_limit = 7
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 7 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 7
    error_message = "Rate and burst are what was asked for."
  }
}

run "requests_are_logged_as_json" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_stage.this.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.api.arn
    error_message = "The stage logs to the group that is made for it."
  }
  assert {
    condition     = toset(keys(jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format))) == toset(["error", "latency", "requestId", "requestTime", "routeKey", "sourceIp", "status"])
    error_message = "A request is logged as a JSON object."
  }
}

run "what_must_register_again_is_a_trigger" {
  command = plan

  assert {
    condition     = toset(keys(aws_lambda_invocation.webhook.triggers)) == toset(["api", "max_connections", "package", "secret", "token", "url"])
    error_message = "The webhook is registered anew when its URL, its secret, the token, the sources, max_connections or the Bot API change."
  }
}

run "no_secret_is_in_the_invocation" {
  command = apply

  assert {
    condition = jsondecode(aws_lambda_invocation.webhook.input) == {
      url             = "https://abc123.execute-api.eu-central-1.amazonaws.com/telegram"
      max_connections = 40
      sources         = local.sources_digest
    }
    error_message = "The invocation's input is the URL, the number of connections and a digest, nothing else."
  }
  assert {
    condition     = aws_lambda_invocation.webhook.lifecycle_scope == "CRUD"
    error_message = "The function is invoked when the webhook is to be removed, too."
  }
  assert {
    condition     = !strcontains(jsonencode(aws_lambda_invocation.webhook.triggers), "AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi")
    error_message = "No token is in the invocation's triggers."
  }
  assert {
    condition     = output.webhook.pending_updates == 2 && output.webhook.last_error == null
    error_message = "The webhook is told as Telegram told it."
  }
}

# Each input refused once.

run "a_name_with_a_space_is_refused" {
  command = plan
  variables {
    name = "my bot"
  }
  expect_failures = [var.name]
}

run "a_retention_that_aws_does_not_know_is_refused" {
  command = plan
  variables {
    log_retention_in_days = 10
  }
  expect_failures = [var.log_retention_in_days]
}

run "too_many_connections_are_refused" {
  command = plan
  variables {
    max_connections = 101
  }
  expect_failures = [var.max_connections]
}

run "an_unknown_reply_mode_is_refused" {
  command = plan
  variables {
    reply_mode = "email"
  }
  expect_failures = [var.reply_mode]
}

run "an_old_runtime_is_refused" {
  command = plan
  variables {
    runtime = "python3.11"
  }
  expect_failures = [var.runtime]
}

run "an_api_url_with_a_slash_at_its_end_is_refused" {
  command = plan
  variables {
    telegram_api_url = "https://api.telegram.org/"
  }
  expect_failures = [var.telegram_api_url]
}

run "a_malformed_token_is_refused" {
  command = plan
  variables {
    telegram_bot_token = "not-a-token"
  }
  expect_failures = [aws_lambda_function.this]
}

run "a_throttling_limit_of_none_is_refused" {
  command = plan
  variables {
    throttling_limit = 0
  }
  expect_failures = [var.throttling_limit]
}

run "no_token_at_all_is_refused" {
  command = plan
  variables {
    telegram_bot_token = null
  }
  expect_failures = [aws_lambda_function.this]
}

run "two_places_for_the_token_are_refused" {
  command = plan
  variables {
    telegram_bot_token_parameter = "/bots/echo"
  }
  expect_failures = [aws_lambda_function.this]
}

run "a_parameter_name_with_levels_begins_with_a_slash" {
  command = plan
  variables {
    telegram_bot_token           = null
    telegram_bot_token_parameter = "bots/echo"
  }
  expect_failures = [var.telegram_bot_token_parameter]
}

run "a_parameter_name_may_have_one_level" {
  command = plan
  variables {
    telegram_bot_token           = null
    telegram_bot_token_parameter = "echo-token"
  }
}

run "a_malformed_parameter_name_is_refused" {
  command = plan
  variables {
    telegram_bot_token           = null
    telegram_bot_token_parameter = "/bots/echo/"
  }
  expect_failures = [var.telegram_bot_token_parameter]
}

run "a_proxy_without_a_port_is_refused" {
  command = plan
  variables {
    telegram_proxy = "http://proxy.example"
  }
  expect_failures = [aws_lambda_function.this]
}

run "too_little_memory_is_refused" {
  command = plan
  variables {
    memory_size = 64
  }
  expect_failures = [var.memory_size]
}

run "a_reservation_of_none_is_refused" {
  command = plan
  variables {
    reserved_concurrency = 0
  }
  expect_failures = [var.reserved_concurrency]
}

run "an_unknown_log_level_is_refused" {
  command = plan
  variables {
    log_level = "LOUD"
  }
  expect_failures = [var.log_level]
}
