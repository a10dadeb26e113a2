# Package: the modules of lambda/, zipped when they are applied. The path is named after what is in
# it, so that a plan needs no file, and a change of a line is a change of the function.

locals {
  sources = fileset(path.module, "lambda/*.py")
  package_digest = sha256(join("\n", [
    for file in setunion(local.sources, ["scripts/package"]) : "${file} ${filesha256("${path.module}/${file}")}"
  ]))
  package = "${path.module}/.build/${var.name}-${var.runtime}-${substr(local.package_digest, 0, 16)}.zip"
}

resource "terraform_data" "package" {
  # The name is in the path: a function that is replaced where no zip was made yet needs one.
  triggers_replace = [local.package, local.package_digest]

  provisioner "local-exec" {
    command = "python3 '${path.module}/scripts/package' '${local.package}' ${var.runtime}"
  }
}

# Role: it may write to the one log group.

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "logs" {
  name = "logs"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.function.arn}:*"
    }]
  })
}

# Function.

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_in_days
}

# The webhook's secret. As triggers_replace no plan prints it, where input would be printed.
resource "terraform_data" "webhook_secret" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes = [triggers_replace]
  }
}

resource "aws_lambda_function" "this" {
  function_name    = var.name
  description      = "Telegram bot"
  role             = aws_iam_role.this.arn
  filename         = local.package
  source_code_hash = base64encode(local.package_digest)
  runtime          = var.runtime
  handler          = "handler.handler"
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 10

  environment {
    variables = {
      REPLY_MODE              = var.reply_mode
      TELEGRAM_API_URL        = var.telegram_api_url
      TELEGRAM_BOT_TOKEN      = var.telegram_bot_token
      TELEGRAM_WEBHOOK_SECRET = terraform_data.webhook_secret.triggers_replace
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN" # a start and a report line per update cost more than the rest
    log_group             = aws_cloudwatch_log_group.function.name
  }

  lifecycle {
    precondition {
      condition     = can(regex("^[0-9]+:[A-Za-z0-9_-]{30,}$", var.telegram_bot_token))
      error_message = "The telegram_bot_token has not the shape of a token: digits, a colon, and at least 30 letters, digits, hyphens and underscores, as @BotFather gave it."
    }
  }

  depends_on = [terraform_data.package, aws_iam_role_policy.logs]
}

# HTTP API, with the one route POST /telegram.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  protocol_type = "HTTP"
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

# Under /aws/vendedlogs/ the account's one log policy, which is limited in size, needn't grow.
resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/vendedlogs/${var.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

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

  default_route_settings {
    throttling_burst_limit = var.throttling_limit
    throttling_rate_limit  = var.throttling_limit
  }
}

resource "aws_lambda_permission" "webhook" {
  statement_id  = "webhook"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/telegram"
}

# Webhook: the function registers itself with Telegram, and removes itself when it is destroyed.

locals {
  webhook_url = "${aws_apigatewayv2_api.this.api_endpoint}/telegram"
}

resource "aws_lambda_invocation" "webhook" {
  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({
    url             = local.webhook_url
    max_connections = var.max_connections
  })

  # A registration that must be made again is made anew, not updated: Terraform saves a refused
  # update as done, and tries a refused creation again.
  triggers = {
    url             = local.webhook_url
    max_connections = var.max_connections
    package         = local.package_digest
    secret          = terraform_data.webhook_secret.id
    token           = sha256(var.telegram_bot_token)
  }

  depends_on = [
    aws_apigatewayv2_route.webhook,
    aws_apigatewayv2_stage.this,
    aws_lambda_permission.webhook,
  ]
}

data "aws_region" "this" {}
