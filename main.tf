# Request path: Telegram → API Gateway (one route) → the function's alias → Bot API.
#
# package.tf makes the function's package, environment.tf its variables, iam.tf its role. Optional features are in files
# of their own, and each is enabled by an input.

# HTTP API, with the route POST /telegram.

resource "aws_apigatewayv2_api" "this" {
  name          = local.name
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_route" "webhook" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "POST /telegram"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      requestTime = "$context.requestTime"
      requestId   = "$context.requestId"
      sourceIp    = "$context.identity.sourceIp"
      routeKey    = "$context.routeKey"
      status      = "$context.status"
      latency     = "$context.responseLatency"
      error       = "$context.integrationErrorMessage"
    })
  }

  route_settings {
    route_key              = aws_apigatewayv2_route.webhook.route_key
    throttling_burst_limit = var.throttling_limit
    throttling_rate_limit  = var.throttling_limit
  }

  # The Mini App's requests: anyone may make them, and one costs more than an update.
  default_route_settings {
    throttling_burst_limit = var.throttling_limit # a page has several files
    throttling_rate_limit  = max(var.throttling_limit / 10, 1)
  }
}

# Under /aws/vendedlogs/, log delivery doesn't add to the account's log resource policy, whose size is limited.
resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/vendedlogs/${local.name}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

# What may invoke the function: the API's routes, and the schedules of warm.tf. No fixed statement_id: if AWS created a
# permission but the response was lost, every later apply would fail with a conflict.
resource "aws_lambda_permission" "this" {
  for_each = merge(
    { webhook = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/telegram" },
    var.mini_app == null ? {} : { mini_app = "${aws_apigatewayv2_api.this.execution_arn}/*/*/app/*" },
    { for name, rule in aws_cloudwatch_event_rule.schedule : name => rule.arn },
  )

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  qualifier     = local.alias # with the alias's ARN as function_name, each plan would replace it
  principal     = contains(keys(local.schedules), each.key) ? "events.amazonaws.com" : "apigateway.amazonaws.com"
  source_arn    = each.value
}

# Name. AWS refuses a second log group of the same name, so the log group is created before all else that has the name.

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

locals {
  # Named resources use this, so that a second deployment of the same name fails at the log group. Otherwise it would
  # overwrite the first one's queues, alarms and rules, and delete them when it is destroyed. Suffixes begin with "_",
  # which no name contains.
  name = trimprefix(aws_cloudwatch_log_group.function.name, "/aws/lambda/")
}

# The name under which the table or the queue was created. Another one is refused until this resource is replaced.
resource "terraform_data" "name" {
  count = var.queue || var.session_retention_in_days != null ? 1 : 0

  input = local.name

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition = self.input == var.name
      error_message = join(" ", [
        "Another name would delete the bot ${self.input} with its sessions and what waits in its queue. Keep the name,",
        "or take the sessions along (docs/user-data.md). To give them up: terraform apply",
        "-replace='module.telegram_bot.terraform_data.name[0]' (telegram_bot: the module's name in your configuration;",
        "in a clone, leave out module.telegram_bot.).",
      ])
    }
  }
}

# Function. An apply that changes it publishes a version, which is checked, and then goes live. If the check fails, so
# does the apply, and the alias stays at the previous version.

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = "Telegram bot"
  role                           = aws_iam_role.this.arn
  filename                       = local.package
  source_code_hash               = base64encode(local.package_digest) # of the sources: only their change uploads it
  runtime                        = var.runtime
  handler                        = "handler.handler"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  publish                        = true
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  layers                         = var.layers
  tags                           = var.tags

  environment {
    variables = local.function_environment
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN" # START and REPORT lines would cost more than all other lines together
    log_group             = aws_cloudwatch_log_group.function.name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    replace_triggered_by = [terraform_data.role_id.output]
  }

  depends_on = [terraform_data.package, aws_iam_role_policy.this]
}

# Events from AWS services. Without this, Lambda would retry them for six hours.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = local.alias
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2
}

# If an upload or the publishing of a version fails, Terraform still records it as applied. So the input has digests of
# the code and the settings: a change of them invokes the check, which compares them with the version's.
resource "aws_lambda_invocation" "check" {
  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_function.this.version
  lifecycle_scope = "CREATE_ONLY"

  input = jsonencode({
    tf            = { action = "check" }
    sources       = local.sources_digest
    configuration = local.configuration_digest
  })
}

check "bot" {
  assert {
    # The check warns only with queue. Without it, a plan needn't say that its result is unknown yet.
    condition     = var.queue ? length(try(jsondecode(aws_lambda_invocation.check.result).warnings, [])) == 0 : true
    error_message = try(join("\n", jsondecode(aws_lambda_invocation.check.result).warnings), "")
  }
}

# All invocations except the check and the registration use the alias.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.arn # with the name, a replaced function would get no new alias
  function_version = aws_lambda_function.this.version

  depends_on = [aws_lambda_invocation.check]
}

locals {
  # The alias name, derived from the ARN, which is unknown while the alias is replaced. This also replaces the alias's
  # permissions and its configuration of events, which AWS deletes together with the old alias.
  alias = trimprefix(aws_lambda_alias.live.arn, "${aws_lambda_function.this.arn}:")
}

# Webhook: the function registers it with Telegram, and removes it at destroy. An apply removes it only if the name
# changes, which replaces the function. Otherwise a release that is refused would silence the bot.

locals {
  webhook_url = "${aws_apigatewayv2_api.this.api_endpoint}/telegram"

  registration = jsonencode(merge(local.menu_button, {
    tf              = { action = "register" }
    url             = local.webhook_url
    max_connections = var.max_connections
  }))
}

# A change replaces this invocation instead of updating it: Terraform would record a failed update as applied, but
# retries a failed creation. CREATE_ONLY, so that the replacement doesn't deregister the webhook. It invokes the version
# by number, because for a while the alias may still route to the previous one, which would register its own secret and
# ALLOWED_UPDATES.
resource "aws_lambda_invocation" "register_webhook" {
  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_alias.live.function_version
  lifecycle_scope = "CREATE_ONLY"

  input = local.registration

  # When a removal is replaced, for example by -replace, its result is unknown, which registers the webhook again.
  # The features' variables are here, so that their resources are deleted only after the check, which may refuse a
  # version.
  triggers = merge(local.feature_environment, {
    input    = local.registration
    removals = jsonencode([local.menu_button_removal, aws_lambda_invocation.deregister_webhook.result])
  })

  depends_on = [
    aws_apigatewayv2_route.webhook,
    aws_apigatewayv2_stage.this,
    aws_lambda_permission.this,
  ]
}

# Does nothing until it is destroyed. It then removes the webhook, unless another deployment has taken it over.
resource "aws_lambda_invocation" "deregister_webhook" {
  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_alias.live.name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.webhook_url })

  depends_on = [aws_lambda_invocation.drain_queue] # which comes after this at a destroy
}
