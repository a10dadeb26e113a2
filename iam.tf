# The function's role: write to its log group, read the token parameter, attach to the VPC, use the resources of the
# enabled features and the KMS key, plus the statements of var.policy.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix # of endpoints: in IAM, services are amazonaws.com everywhere
  region     = data.aws_region.current.id            # version 6 of the provider deprecates `name`
  account    = data.aws_caller_identity.current.account_id

  # ARNs by name: a plan shows them before the resources exist.
  log_group     = aws_cloudwatch_log_group.function.name
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}"
  parameter_arns = [
    for name in var.telegram_bot_token_parameter[*] :
    "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${trimprefix(name, "/")}"
  ]
  function_arn    = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"
  tracing_actions = var.tracing ? ["xray:PutTelemetryRecords", "xray:PutTraceSegments"] : []
  eni_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_iam_role" "this" {
  name                 = local.name
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

locals {
  role_statements = concat(
    [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:*"
    }],
    [for arn in local.parameter_arns : {
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = arn
    }],
    # Any key, but only through SSM and only for this parameter.
    [for arn in local.parameter_arns : {
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = "arn:${local.partition}:kms:${local.region}:${local.account}:key/*"
      Condition = {
        StringEquals = {
          "kms:EncryptionContext:PARAMETER_ARN" = arn
          "kms:ViaService"                      = "ssm.${local.region}.${local.dns_suffix}"
        }
      }
    }],
    [for action in local.tracing_actions : {
      Effect   = "Allow"
      Action   = action
      Resource = "*" # X-Ray supports nothing narrower
    }],
    # Lambda itself manages the network interfaces with this role. The bot may not.
    flatten([for _ in var.vpc[*] : [
      { Effect = "Allow", Action = local.eni_actions, Resource = "*" },
      {
        Effect    = "Deny"
        Action    = local.eni_actions
        Resource  = "*"
        Condition = { ArnLike = { "lambda:SourceFunctionArn" = [local.function_arn, "${local.function_arn}:*"] } }
      },
    ]]),
    [for arn in var.kms_key_arn[*] : {
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      Resource = arn
      Condition = {
        StringEquals = {
          "kms:ViaService" = [
            for service in ["dynamodb", "lambda", "scheduler", "sqs"] :
            "${service}.${local.region}.${local.dns_suffix}"
          ]
        }
      }
    }],
    local.sessions_statements,
    # No count: a policy that refers to a table of the same apply is unknown at plan.
    flatten([for policy in var.policy[*] : jsondecode(policy).Statement]),
  )
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.role_statements, local.queue_statements)
  })

  depends_on = [terraform_data.queue_is_drained]
}

# Permissions of the live version, except for the queue (see drain_queue), changed only after the alias has moved. So a
# failed release can't take others away from the version that stays live.
resource "aws_iam_role_policy" "live" {
  name   = "${var.name}-live"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.role_statements })

  depends_on = [aws_lambda_alias.live]
}

# A role that is re-created under the same name gets a new unique id, but the function's KMS grant still refers to the
# old one. So the function must be replaced, too. A reference to the role itself doesn't replace it.
resource "terraform_data" "role_id" {
  input = aws_iam_role.this.unique_id
}
