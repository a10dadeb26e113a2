# Extras: what the other files add. To remove one, delete its file, and what it is called here.

locals {
  extras       = [local.later, local.mini_app, local.queue, local.sessions] # each with alarms, environment and policy statements
  registration = merge(local.menu_button)
  removals     = merge(local.menu_button_removal, local.queue_removal) # after which the webhook is registered again
  schedules    = merge(local.warm, local.watch)

  extra_environment = merge([for extra in local.extras : extra.environment]...)
}

# Function.

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_in_days
  tags              = var.tags

  depends_on = [terraform_data.requirements]
}

# The webhook's secret. It is in triggers_replace because a plan would print it in input.
resource "terraform_data" "webhook_secret" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes = [triggers_replace]
  }
}

locals {
  environment = merge(var.environment, {
    for name, value in {
      AWS_DNS_SUFFIX               = local.dns_suffix == "amazonaws.com" ? null : local.dns_suffix
      REPLY_MODE                   = var.reply_mode
      TELEGRAM_API_URL             = var.telegram_api_url
      TELEGRAM_BOT_TOKEN           = var.telegram_bot_token
      TELEGRAM_BOT_TOKEN_PARAMETER = var.telegram_bot_token_parameter
      TELEGRAM_PROXY               = var.telegram_proxy
    } : name => value if value != null
  })

  refused_names = [
    for name in nonsensitive(keys(var.environment)) : name if
    !can(regex("^[A-Za-z][A-Za-z0-9_]+$", name)) || can(regex("^(${local.own_names}|${local.reserved_names})$", name))
  ]
  own_names = "AWS_DNS_SUFFIX|LATER_(GROUP|ROLE)|MINI_APP_URL|QUEUE_URL|REPLY_MODE|SESSION_(RETENTION_IN_DAYS|TABLE)|TELEGRAM_(API_URL|BOT_TOKEN|BOT_TOKEN_PARAMETER|PROXY|WEBHOOK_SECRET)"
  reserved_names = join("|", [
    "AWS_(ACCESS_KEY|ACCESS_KEY_ID|DEFAULT_REGION|ENDPOINT_URL.*|EXECUTION_ENV|REGION|SECRET_ACCESS_KEY|SECRET_KEY|SESSION_TOKEN)",
    "AWS_LAMBDA_(FUNCTION_.*|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|METADATA_.*|RUNTIME_API)",
    "LAMBDA_(RUNTIME_DIR|TASK_ROOT)",
  ])

  # Lambda measures the JSON of all variables. Before the first apply, the secret and the URLs of the extras
  # are unknown: they take 65 bytes, and up to 150 each.
  environment_json  = replace(jsonencode(local.environment), "/\\\\u00(26|3c|3e)/", "-")
  environment_bytes = 3 * length(base64encode(local.environment_json)) / 4 + 65 + 150 * length(local.extra_environment)

  # A failed condition prints the values it refers to, so conditions refer only to these booleans.
  label     = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
  port      = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
  api_url   = "^https?://${local.label}(\\.${local.label})*(:${local.port})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"
  userinfo  = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
  proxy_url = "^http://(${local.userinfo}+(:${local.userinfo}*)?@)?${local.label}(\\.${local.label})*:${local.port}$"

  api_url_is_valid = can(regex(local.api_url, var.telegram_api_url))
  proxy_is_valid   = var.telegram_proxy == null || can(regex(local.proxy_url, var.telegram_proxy))
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = "Telegram bot"
  role                           = aws_iam_role.this.arn
  filename                       = local.package
  source_code_hash               = base64encode(local.package_digest) # of the sources, not the zip: a change uploads the package
  runtime                        = var.runtime
  handler                        = "handler.handler"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags

  environment {
    variables = merge(
      local.environment,
      local.extra_environment,
      { TELEGRAM_WEBHOOK_SECRET = terraform_data.webhook_secret.triggers_replace },
    )
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN" # START and REPORT lines would cost more than all others together
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

    precondition {
      condition     = (var.telegram_bot_token == null) != (var.telegram_bot_token_parameter == null)
      error_message = "Set telegram_bot_token or telegram_bot_token_parameter: exactly one of them."
    }
    precondition {
      condition     = var.telegram_bot_token == null || can(regex("^[0-9]+:[A-Za-z0-9_-]{30,}$", var.telegram_bot_token))
      error_message = "The telegram_bot_token must be what @BotFather sent: digits, a colon, and at least 30 letters, digits, hyphens or underscores."
    }
    precondition {
      condition = local.api_url_is_valid
      error_message = join(" ", [
        "The telegram_api_url must begin with https:// or http:// and name a host, as in https://api.telegram.org;",
        "a port and a path may follow, and no slash at the end.",
      ])
    }
    precondition {
      condition     = local.proxy_is_valid
      error_message = "The telegram_proxy must be http://host:port or http://user:password@host:port, special characters as %XX (@ is %40)."
    }
    precondition {
      condition = length(local.refused_names) == 0
      error_message = join(" ", [
        "The environment must not set ${join(", ", local.refused_names)}: a name must have letters, digits and underscores,",
        "and must not be one of the module's own, AWS_ENDPOINT_URL or its variants, or reserved by Lambda.",
      ])
    }
    precondition {
      condition = local.environment_bytes <= 4096
      error_message = join(" ", [
        "The environment must not exceed 4 KB in total, with the module's own variables.",
        "Put long values into a file in the bot's folder or into Parameter Store.",
      ])
    }
  }

  depends_on = [terraform_data.package, aws_iam_role_policy.this]
}

# Events from AWS services. Without this, Lambda would retry them for six hours.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.arn # as in the permission below
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2
}

# HTTP API, with the route POST /telegram.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  protocol_type = "HTTP"
  tags          = var.tags

  depends_on = [terraform_data.requirements]
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "webhook" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "POST /telegram"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

# Under /aws/vendedlogs/, log delivery doesn't add to the account's log resource policy, whose size is limited.
resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/vendedlogs/${var.name}"
  retention_in_days = var.log_retention_in_days
  tags              = var.tags

  depends_on = [terraform_data.requirements]
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

  # Of a page, which the extras may add: anyone may ask for its files, and they cost more than an update.
  default_route_settings {
    throttling_burst_limit = var.throttling_limit # a page has several files
    throttling_rate_limit  = max(var.throttling_limit / 10, 1)
  }
}

# No fixed statement_id: if the response to its creation were lost, every later apply would find it taken.
resource "aws_lambda_permission" "webhook" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.arn # the ARN is unknown for a new function, so it gets a new permission
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/telegram"
}

# Webhook: the function registers it with Telegram, and removes it at destroy.

locals {
  webhook_url = "${aws_apigatewayv2_api.this.api_endpoint}/telegram"
}

# Does nothing until it is destroyed, or replaced because the token belongs to another bot. It then
# removes the webhook, unless another deployment has taken it over.
resource "aws_lambda_invocation" "deregister_webhook" {
  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.webhook_url })

  triggers = {
    api = var.telegram_api_url
    bot = try(split(":", var.telegram_bot_token)[0], var.telegram_bot_token_parameter)
  }
}

# Replaced, not updated, to register the webhook again: Terraform saves a failed update as done, but
# retries a failed creation. CREATE_ONLY, so that replacing it doesn't remove the webhook.
resource "aws_lambda_invocation" "register_webhook" {
  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CREATE_ONLY"

  input = jsonencode(merge(local.registration, {
    tf              = { action = "register" }
    url             = local.webhook_url
    max_connections = var.max_connections
    sources         = local.sources_digest
  }))

  # The result of a removal is unknown when it is replaced, as by -replace, and so registers again. The function
  # may refuse to go without what the extras gave it: their resources are deleted after that.
  triggers = merge({ for key, button in local.registration : key => jsonencode(button) }, local.removals, local.extra_environment, {
    removal         = aws_lambda_invocation.deregister_webhook.result
    url             = local.webhook_url
    max_connections = var.max_connections
    package         = local.package_digest
    api             = var.telegram_api_url
    secret          = terraform_data.webhook_secret.id
    token           = try(sha256(var.telegram_bot_token), var.telegram_bot_token_parameter)
  })

  depends_on = [
    aws_apigatewayv2_route.webhook,
    aws_apigatewayv2_stage.this,
    aws_lambda_permission.webhook,
  ]
}
