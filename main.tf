# Package: the modules of lambda/, zipped when they are applied. The path is named after what is in
# it, so that a plan needs no file, and a change of a line is a change of the function.

locals {
  sources = fileset(path.module, "lambda/**/*.py")
  # The function makes the same digest of the modules that it runs, when it registers the webhook.
  sources_digest = sha256(join("\n", [for file in local.sources : filesha256("${path.module}/${file}")]))
  package_digest = sha256(join("\n", [
    local.sources_digest, filesha256("${path.module}/scripts/package"), var.runtime,
  ]))
  package = "${path.module}/.build/${var.name}-${var.runtime}-${substr(local.package_digest, 0, 16)}.zip"
}

resource "terraform_data" "package" {
  # The name is in the path: a function that is replaced where no zip was made yet needs one.
  triggers_replace = [local.package, local.package_digest]

  provisioner "local-exec" {
    command = "python3 \"${path.module}/scripts/package\" \"${local.package}\" ${var.runtime}"
  }
}

# Role: it may write to the one log group, and read the token's parameter, where there is one.

locals {
  # arn:partition:logs:region:account:log-group:name
  partition = split(":", aws_cloudwatch_log_group.function.arn)[1]
  region    = split(":", aws_cloudwatch_log_group.function.arn)[3]
  account   = split(":", aws_cloudwatch_log_group.function.arn)[4]

  parameter_arns = [
    for name in var.telegram_bot_token_parameter[*] :
    "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${trimprefix(name, "/")}"
  ]
}

resource "aws_iam_role" "this" {
  name = var.name
  tags = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      }],
      [for arn in local.parameter_arns : {
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = arn
      }],
      # Whichever key the parameter has: by way of SSM alone, and for this parameter alone.
      [for arn in local.parameter_arns : {
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = "arn:${local.partition}:kms:${local.region}:${local.account}:key/*"
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:PARAMETER_ARN" = arn
            "kms:ViaService"                      = "ssm.${local.region}.amazonaws.com"
          }
        }
      }],
    )
  })
}

# Function.

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_in_days
  tags              = var.tags
}

# The webhook's secret. As triggers_replace no plan prints it, where input would be printed.
resource "terraform_data" "webhook_secret" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes = [triggers_replace]
  }
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = "Telegram bot"
  role                           = aws_iam_role.this.arn
  filename                       = local.package
  source_code_hash               = base64encode(local.package_digest)
  runtime                        = var.runtime
  handler                        = "handler.handler"
  architectures                  = ["arm64"]
  memory_size                    = var.memory_size
  timeout                        = 10
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags

  environment {
    variables = {
      for name, value in {
        REPLY_MODE                   = var.reply_mode
        TELEGRAM_API_URL             = var.telegram_api_url
        TELEGRAM_BOT_TOKEN           = var.telegram_bot_token
        TELEGRAM_BOT_TOKEN_PARAMETER = var.telegram_bot_token_parameter
        TELEGRAM_PROXY               = var.telegram_proxy
        TELEGRAM_WEBHOOK_SECRET      = terraform_data.webhook_secret.triggers_replace
      } : name => value if value != null
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN" # a start and a report line per update cost more than the rest
    log_group             = aws_cloudwatch_log_group.function.name
  }

  lifecycle {
    precondition {
      condition     = (var.telegram_bot_token == null) != (var.telegram_bot_token_parameter == null)
      error_message = "Set telegram_bot_token or telegram_bot_token_parameter: exactly one of them."
    }
    precondition {
      condition     = var.telegram_bot_token == null || can(regex("^[0-9]+:[A-Za-z0-9_-]{30,}$", var.telegram_bot_token))
      error_message = "The telegram_bot_token does not look like a token: digits, a colon, and at least 30 letters, digits, hyphens and underscores, as @BotFather gave it."
    }
    precondition {
      condition     = var.telegram_proxy == null || can(regex("^http://([^:@/]+(:[^@/]*)?@)?[A-Za-z0-9.-]+:[0-9]+$", var.telegram_proxy))
      error_message = "The telegram_proxy does not look like http://host:port or http://user:password@host:port, with special characters percent-encoded."
    }
  }

  depends_on = [terraform_data.package, aws_iam_role_policy.this]
}

# HTTP API, with the one route POST /telegram.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  protocol_type = "HTTP"
  tags          = var.tags
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
  tags              = var.tags
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

  default_route_settings {
    throttling_burst_limit = var.throttling_limit
    throttling_rate_limit  = var.throttling_limit
  }
}

# Without a statement_id of ours, which would be taken at each later apply if AWS's answer to the first was lost.
resource "aws_lambda_permission" "webhook" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.arn # a new function needs it anew, under the same name
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
    sources         = local.sources_digest
  })

  # A registration that must be made again is made anew, not updated: Terraform saves a refused
  # update as done, and tries a refused creation again.
  triggers = {
    url             = local.webhook_url
    max_connections = var.max_connections
    package         = local.package_digest
    api             = var.telegram_api_url
    secret          = terraform_data.webhook_secret.id
    token           = try(sha256(var.telegram_bot_token), var.telegram_bot_token_parameter)
  }

  depends_on = [
    aws_apigatewayv2_route.webhook,
    aws_apigatewayv2_stage.this,
    aws_lambda_permission.webhook,
  ]
}
