# What the module builds, planned and applied with a mock provider: no account is needed.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }
  mock_data "aws_partition" {
    defaults = {
      partition  = "aws"
      dns_suffix = "amazonaws.com"
    }
  }
  mock_data "aws_region" {
    defaults = {
      id = "eu-central-1"
    }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      api_endpoint  = "https://abc123.execute-api.eu-central-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:abc123"
    }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:123456789012:rule/mock"
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
  mock_resource "aws_lambda_alias" {
    defaults = {
      arn = "arn:aws:lambda:eu-central-1:123456789012:function:mock:live"
    }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn     = "arn:aws:lambda:eu-central-1:123456789012:function:mock"
      version = "43"
    }
  }
  mock_resource "aws_lambda_invocation" {
    defaults = {
      result = "{\"url\": \"https://abc123.execute-api.eu-central-1.amazonaws.com/telegram\", \"pending_update_count\": 2, \"last_error_message\": null}"
    }
  }
}

variables {
  telegram_bot_token = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
}

# tests/deployment/test_deployer_policy.py counts what is made, and has a bot's own
# policy and environment, test_deletions.py another name.

run "a_token_is_enough" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/telegram-bot:*"
      }]
    }
    error_message = "The role's policy is the two actions on the one log group."
  }

  assert {
    condition     = toset(keys(aws_lambda_function.this.environment[0].variables)) == toset(["CONFIGURATION_DIGEST", "REPLY_MODE", "TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET"])
    error_message = "What is off is not in the environment."
  }

  assert {
    condition     = toset(keys(aws_lambda_invocation.register_webhook.triggers)) == toset(["input", "removals"]) && aws_lambda_invocation.register_webhook.qualifier == "43"
    error_message = "The version that goes live registers the webhook, and again when what it registers changes, and after its removal."
  }

  assert {
    condition     = terraform_data.bot.input == sha256(jsonencode(["https://api.telegram.org", "1234567890"]))
    error_message = "Another bot and another Bot API get another secret, not a removal."
  }
}

run "the_role_may_read_the_tokens_parameter_too_in_each_partition" {
  command = apply

  variables {
    telegram_bot_token           = null
    telegram_bot_token_parameter = "/bots/echo"
  }

  override_data {
    target = data.aws_partition.current
    values = {
      partition  = "aws-cn"
      dns_suffix = "amazonaws.com.cn"
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "arn:aws-cn:logs:eu-central-1:123456789012:log-group:/aws/lambda/telegram-bot:*"
        },
        {
          Effect   = "Allow"
          Action   = "ssm:GetParameter"
          Resource = "arn:aws-cn:ssm:eu-central-1:123456789012:parameter/bots/echo"
        },
        {
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = "arn:aws-cn:kms:eu-central-1:123456789012:key/*"
          Condition = {
            StringEquals = {
              "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws-cn:ssm:eu-central-1:123456789012:parameter/bots/echo"
              "kms:ViaService"                      = "ssm.eu-central-1.amazonaws.com.cn"
            }
          }
        },
      ]
    }
    error_message = "The role's policy names the one parameter, and the keys by way of SSM with it as context."
  }
  assert {
    condition = [
      for name in ["AWS_DNS_SUFFIX", "TELEGRAM_BOT_TOKEN"] :
      lookup(aws_lambda_function.this.environment[0].variables, name, "")
    ] == ["amazonaws.com.cn", ""]
    error_message = "The function knows the endpoints of its partition, and no token."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[*].Principal == [{ Service = "lambda.amazonaws.com" }]
    error_message = "Only Lambda may assume the role, whose name IAM has in each partition."
  }
}

run "what_is_asked_for_is_set" {
  command = apply

  variables {
    allowed_ids               = [-1001234567890, 7000000042, 42]
    layers                    = ["arn:aws:lambda:eu-central-1:123456789012:layer:b:2", "arn:aws-cn:lambda:cn-north-1:123456789012:layer:a_1-x:1"]
    log_level                 = "WARN"
    log_retention_in_days     = 30
    memory_size               = 256
    reply_mode                = "webhook"
    reserved_concurrency      = 5
    session_retention_in_days = 0
    tags                      = { team = "bots" }
    telegram_proxy            = "http://user:p%40ss@proxy.example:3128"
    throttling_limit          = 7
    tracing                   = true
    vpc                       = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = jsonencode([
      aws_apigatewayv2_stage.this.route_settings[*].route_key,
      aws_apigatewayv2_stage.this.route_settings[*].throttling_rate_limit,
      aws_apigatewayv2_stage.this.route_settings[*].throttling_burst_limit,
      aws_lambda_function.this.logging_config[0].application_log_level,
      aws_lambda_function.this.memory_size,
      aws_lambda_function.this.reserved_concurrent_executions,
      aws_lambda_function.this.tracing_config[0].mode,
      sort(aws_lambda_function.this.vpc_config[0].security_group_ids),
      sort(aws_lambda_function.this.vpc_config[0].subnet_ids),
    ]) == jsonencode([["POST /telegram"], [7], [7], "WARN", 256, 5, "Active", ["sg-1"], ["subnet-1", "subnet-2"]])
    error_message = "The function and its API are what was asked for."
  }

  assert {
    condition = [
      for name in ["ALLOWED_IDS", "REPLY_MODE", "SESSION_RETENTION_IN_DAYS", "TELEGRAM_PROXY"] :
      aws_lambda_function.this.environment[0].variables[name]
    ] == ["-1001234567890,42,7000000042", "webhook", "0", "http://user:p%40ss@proxy.example:3128"]
    error_message = "The function gets what was asked for: ids as they are, and a zero that isn't null."
  }

  assert {
    condition = alltrue([for tags in [
      aws_apigatewayv2_api.this.tags, aws_apigatewayv2_stage.this.tags, aws_cloudwatch_log_group.api.tags,
      aws_cloudwatch_log_group.function.tags, aws_iam_role.this.tags, aws_lambda_function.this.tags,
    ] : tags.team == "bots"])
    error_message = "All resources that can have tags have them."
  }

  assert {
    condition     = flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action if statement.Resource == "*" && statement.Effect == "Allow"]) == concat(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], local.eni_actions)
    error_message = "The role may write traces and manage network interfaces, and nothing else without a resource's name."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Effect == "Deny"] == [{ Effect = "Deny", Action = local.eni_actions, Resource = "*", Condition = { ArnLike = { "lambda:SourceFunctionArn" = ["arn:aws:lambda:eu-central-1:123456789012:function:telegram-bot", "arn:aws:lambda:eu-central-1:123456789012:function:telegram-bot:*"] } } }]
    error_message = "The bot itself may not manage network interfaces."
  }

  assert {
    condition     = !aws_dynamodb_table.sessions[0].point_in_time_recovery[0].enabled && !aws_dynamodb_table.sessions[0].server_side_encryption[0].enabled
    error_message = "What is deleted is in no backup. Without a key, a key that AWS owns encrypts the table."
  }

  assert {
    condition = one([
      for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each if can(regex("dynamodb", jsonencode(each)))
      ]) == {
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/telegram-bot_sessions"
    }
    error_message = "The role may get, put and update items of this table, no more."
  }
}

run "a_key_encrypts_all_a_page_has_its_routes_and_only_the_alias_is_invoked" {
  command = apply

  variables {
    alarm_actions             = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
    allowed_ids               = [-1001234567890]
    kms_key_arn               = "arn:aws:kms:eu-central-1:123456789012:key/0123abcd-01ab-23cd-45ef-0123456789ab"
    mini_app                  = "Open"
    queue                     = true
    session_backup_in_days    = 35
    session_retention_in_days = 30
    source_dir                = "tests/bots/mini_app"
    telegram_proxy            = "http://proxy.example:3128"
    warm_schedule             = "rate(5 minutes)"
  }

  assert {
    condition     = output.mini_app_url == "https://abc123.execute-api.eu-central-1.amazonaws.com/app/index.html" && aws_lambda_function.this.environment[0].variables.MINI_APP_URL == output.mini_app_url
    error_message = "The page's URL is an output, and in the function's environment."
  }
  assert {
    condition     = jsondecode(aws_lambda_invocation.register_webhook.input).menu_button == { text = "Open", url = output.mini_app_url } && aws_lambda_invocation.register_webhook.triggers.input == aws_lambda_invocation.register_webhook.input && jsondecode(aws_lambda_invocation.register_webhook.triggers.removals) == [aws_lambda_invocation.remove_menu_button[0].result, aws_lambda_invocation.deregister_webhook.result]
    error_message = "The registration sets the button, again when its text or its URL changes or a removal is replaced."
  }
  assert {
    condition = toset([for each in concat(values(aws_lambda_permission.this), [
      aws_lambda_function_event_invoke_config.this, aws_lambda_invocation.deregister_webhook,
      aws_lambda_invocation.drain_queue[0], aws_lambda_invocation.remove_menu_button[0],
    ]) : "${each.function_name}:${each.qualifier}"]) == toset(["telegram-bot:live"])
    error_message = "Permissions, removals and the limit of events are the alias's. With its ARN in place of the qualifier, each plan would replace permissions."
  }
  assert {
    condition = toset([for each in aws_lambda_permission.this : "${each.principal} ${each.source_arn}"]) == toset([
      "apigateway.amazonaws.com arn:aws:execute-api:eu-central-1:123456789012:abc123/*/POST/telegram",
      "apigateway.amazonaws.com arn:aws:execute-api:eu-central-1:123456789012:abc123/*/*/app/*",
      "events.amazonaws.com arn:aws:events:eu-central-1:123456789012:rule/mock",
    ])
    error_message = "The API's two routes and the schedules may invoke the function."
  }
  assert {
    condition     = aws_apigatewayv2_integration.function.integration_uri == aws_lambda_alias.live.invoke_arn && aws_lambda_event_source_mapping.updates[0].function_name == aws_lambda_alias.live.arn && toset(values(aws_cloudwatch_event_target.schedule)[*].arn) == toset([aws_lambda_alias.live.arn])
    error_message = "The API, the queue and the schedules invoke the alias."
  }
  assert {
    condition = toset(flatten([
      aws_lambda_function.this.kms_key_arn, aws_cloudwatch_log_group.function.kms_key_id,
      aws_cloudwatch_log_group.api.kms_key_id, aws_dynamodb_table.sessions[0].server_side_encryption[*].kms_key_arn,
      aws_sqs_queue.updates[*].kms_master_key_id, aws_sqs_queue.dead_letters[*].kms_master_key_id,
      aws_lambda_function.this.environment[0].variables.SCHEDULER_KMS_KEY_ARN,
    ])) == toset([var.kms_key_arn])
    error_message = "The environment, both log groups, the table, the queues and the schedules have the key."
  }

  assert {
    condition     = aws_dynamodb_table.sessions[0].point_in_time_recovery[0].recovery_period_in_days == 35
    error_message = "The table can be restored to any second of these days."
  }

  assert {
    condition = [
      for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each if can(regex("kms:", jsonencode(each)))
      ] == [{
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource = var.kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = [
              "dynamodb.eu-central-1.amazonaws.com", "lambda.eu-central-1.amazonaws.com",
              "scheduler.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com",
            ]
          }
        }
    }]
    error_message = "The role may use the one key, through the services that keep something of the bot."
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.scheduler[0].policy).Statement, 1, 3) == [
      {
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.kms_key_arn
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:scheduler:schedule:arn" = "arn:aws:scheduler:eu-central-1:123456789012:schedule/telegram-bot/*"
          }
        }
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "sqs.eu-central-1.amazonaws.com" } }
      },
    ]
    error_message = "Scheduler's role may decrypt the bot's schedules, and encrypt what it sends."
  }

  assert {
    condition     = length(setsubtract(nonsensitive(keys(local.function_environment)), local.module_variable_names)) == 0
    error_message = "A bot could overwrite one, or switch something on."
  }
}

run "a_queue_has_dead_letters_alarms_and_schedules" {
  command = apply

  variables {
    alarm_actions        = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    queue                = true
    tags                 = { team = "bots" }
    timeout              = 900
  }
  assert {
    condition = aws_sqs_queue.updates[0].name == "telegram-bot.fifo" && aws_sqs_queue.dead_letters[0].name == "telegram-bot_dlq.fifo" && alltrue([
      for queue in concat(aws_sqs_queue.updates, aws_sqs_queue.dead_letters) :
      queue.sqs_managed_sse_enabled && queue.tags.team == "bots" && queue.message_retention_seconds == 1209600
    ])
    error_message = "Both queues are encrypted, keep messages for 14 days, and have the tags."
  }
  assert {
    condition     = aws_sqs_queue.updates[0].visibility_timeout_seconds == 930
    error_message = "An invocation that was killed is tried again half a minute after the time-out."
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.this.policy).Statement, 1, 5) == [
      {
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:eu-central-1:123456789012:telegram-bot.fifo"
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:123456789012:telegram-bot.fifo", "arn:aws:sqs:eu-central-1:123456789012:telegram-bot_dlq.fifo"]
      },
      {
        Effect   = "Allow"
        Action   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"]
        Resource = "arn:aws:scheduler:eu-central-1:123456789012:schedule/telegram-bot/*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "arn:aws:iam::123456789012:role/telegram-bot_scheduler"
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
    ]
    error_message = "The role may use the one queue, send dead letters and count them, and schedule in its group."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.live.policy, "sqs:")
    error_message = "The permissions for the queue end before the function changes."
  }

  assert {
    condition = jsondecode(aws_iam_role.scheduler[0].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = "123456789012"
          "aws:SourceArn"     = "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/telegram-bot"
        }
      }
    }]
    error_message = "Only Scheduler may assume the role, for schedules of this group."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.scheduler[0].policy).Statement == [{
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = aws_sqs_queue.updates[0].arn
    }]
    error_message = "The role may send to the queue, and do nothing else."
  }
  assert {
    condition     = aws_iam_role.scheduler[0].permissions_boundary == var.permissions_boundary && aws_iam_role.scheduler[0].tags.team == "bots" && aws_scheduler_schedule_group.this[0].tags.team == "bots"
    error_message = "The role has the boundary, and it and the group have the tags."
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:alarms"]) && alarm.treat_missing_data == "notBreaching" && alarm.tags.team == "bots"
    ])
    error_message = "An alarm has no action or no tag, or goes off without data."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["failures"].pattern == "{ ($.logger = \"botkit\") && (($.outcome = \"bot_error\") || ($.outcome = \"incomplete\") || ($.outcome = \"misconfigured\") || ($.outcome = \"mini_app_error\")) }"
    error_message = "Lines of botkit are counted whose outcome somebody must look at, and no line of an author."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["errors"].dimensions == tomap({ FunctionName = "telegram-bot", Resource = "telegram-bot:live" })
    error_message = "Errors of the live version are counted, and no refused release."
  }
}

run "what_the_check_warns_of_is_shown" {
  command   = apply
  state_key = "warned"

  variables {
    queue = true
  }
  override_resource {
    target = aws_lambda_invocation.check
    values = { result = "{\"warnings\": [\"a tap overtakes\"]}" }
  }
  expect_failures = [check.bot]
}

run "what_would_break_late_or_silently_is_refused" {
  command = plan

  variables {
    alarm_actions        = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
    kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:alias/bots"
    log_level            = "FATAL"
    max_connections      = 101
    name                 = "tea_dlq"
    reply_mode           = "email"
    reserved_concurrency = 0
    runtime              = "python3.11"
    throttling_limit     = 0
    timeout              = 26
  }
  expect_failures = [
    var.kms_key_arn, var.log_level, var.max_connections, var.name, var.reply_mode, var.reserved_concurrency,
    var.runtime, var.throttling_limit, var.timeout,
  ]
}

run "a_session_is_kept_for_whole_days_and_a_queue_leaves_containers_to_the_webhook" {
  command = plan

  variables {
    queue                     = true
    reserved_concurrency      = 2
    session_retention_in_days = 0.5
    timeout                   = 901
  }
  expect_failures = [var.reserved_concurrency, var.session_retention_in_days, var.timeout]
}

run "the_environment_has_no_name_of_the_modules_own" {
  command = plan

  variables {
    environment = {
      AWS_ENDPOINT_URL_S3 = "", AWS_LAMBDA_EXEC_WRAPPER = "", QUEUE_URL = "", TABLE = "", TELEGRAM_BOT_TOKEN = "",
      TELEGRAM_CHANNEL    = "",
    }
  }

  expect_failures = [terraform_data.package]

  assert {
    condition     = toset(local.taken_names) == toset(["AWS_ENDPOINT_URL_S3", "QUEUE_URL", "TELEGRAM_BOT_TOKEN"])
    error_message = "A name too many or too few is refused."
  }
}
