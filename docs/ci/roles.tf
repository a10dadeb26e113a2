# Two roles for CI, one that plans and one that applies, and the boundary of the bot's role: docs/deploy.md#github-actions.
# An administrator applies it once, with deployer-policy.json beside it.

locals {
  # "repo:OWNER/REPOSITORY". A repository made or renamed since 15 July 2026 has ids in it:
  # "repo:OWNER@123/REPOSITORY@456". gh api repos/OWNER/REPOSITORY tells owner.id and id.
  repository = "repo:OWNER/REPOSITORY"
  bucket     = "my-terraform-state"
  key        = "telegram-bot"

  arn        = "arn:${data.aws_partition.current.partition}"
  bucket_arn = "${local.arn}:s3:::${local.bucket}"
  state      = "${local.bucket_arn}/${local.key}"
  policy     = replace(file("${path.module}/deployer-policy.json"), "arn:aws:", "${local.arn}:")
  statements = jsondecode(local.policy).Statement

  # For a plan: the policy's actions that only read. That of "lambda:*Alias" is "lambda:GetAlias"; AWS has no
  # "lambda:DescribeAlias", and doesn't mind.
  reads = [for statement in local.statements : merge(statement, { Action = distinct([
    for action in flatten([
      for verb in ["Describe", "Get"] : [for each in flatten([statement.Action]) : replace(each, ":*", ":${verb}")]
    ]) : action if can(regex(":(Get|List|Describe|GET$)", action))
  ]) })]
}

data "aws_partition" "current" {}

# An account can have only one for this URL: if it exists already, make this a data source of the same type.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = { plan = "pull_request", apply = "environment:production" }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["${local.repository}:${each.value}"]
    }
  }
}

resource "aws_iam_role" "ci" {
  for_each = { for name, document in data.aws_iam_policy_document.trust : name => document.json }

  name                 = "telegram-bot-${each.key}"
  assume_role_policy   = each.value
  max_session_duration = 7200 # as long as a job may take
}

resource "aws_iam_role_policy" "plan" {
  name = "plan"
  role = aws_iam_role.ci["plan"].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([for statement in local.reads : statement if length(statement.Action) > 0], [
      { Sid = "State", Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = [local.bucket_arn, local.state] },
    ])
  })
}

resource "aws_iam_role_policy" "apply" {
  name = "apply"
  role = aws_iam_role.ci["apply"].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.statements, [
      { Sid = "Bucket", Effect = "Allow", Action = "s3:ListBucket", Resource = local.bucket_arn },
      { Sid = "State", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = local.state },
      { Sid = "Lock", Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = "${local.state}.tflock" },
      {
        Sid       = "NoRoleWithoutBoundary"
        Effect    = "Deny"
        Action    = ["iam:CreateRole", "iam:PutRolePolicy"]
        Resource  = "*"
        Condition = { StringNotEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
      },
      {
        Sid      = "NoOtherBoundary"
        Effect   = "Deny"
        Action   = ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"]
        Resource = "*"
      },
    ])
  })
}

# The most that the bot may ever do. Its policy can't add to that: also write here what the input policy allows.
resource "aws_iam_policy" "boundary" {
  name = "telegram-bot-boundary"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" },
      { Effect = "Allow", Action = "ssm:GetParameter", Resource = "${local.arn}:ssm:*:*:parameter/telegram-bot/*" },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Condition = { StringLike = { "kms:ViaService" = "ssm.*.amazonaws.com" } } },
      # For queue = true: the function's, and those of the role in which Scheduler sends to the queue.
      {
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource = ["${local.arn}:sqs:*:*:telegram-bot.fifo", "${local.arn}:sqs:*:*:telegram-bot_dlq.fifo"]
      },
      {
        Effect   = "Allow"
        Action   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"]
        Resource = "${local.arn}:scheduler:*:*:schedule/telegram-bot/*"
      },
      { Effect = "Allow", Action = "iam:PassRole", Resource = "${local.arn}:iam::*:role/telegram-bot_scheduler" },
      # For vpc.
      {
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      },
      # For session_retention_in_days.
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = "${local.arn}:dynamodb:*:*:table/telegram-bot_sessions"
      },
      # For kms_key_arn: the function's, and that of the role in which Scheduler invokes it.
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringLike = { "kms:ViaService" = [for service in ["dynamodb", "lambda", "scheduler", "sqs"] : "${service}.*.amazonaws.com"] } }
      },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Condition = { Null = { "kms:EncryptionContext:aws:scheduler:schedule:arn" = "false" } } },
      # For tracing = true.
      { Effect = "Allow", Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource = "*" },
    ]
  })
}

output "variables" {
  description = "What the repository's variables must be."
  value = {
    PLAN_ROLE  = aws_iam_role.ci["plan"].arn
    APPLY_ROLE = aws_iam_role.ci["apply"].arn
  }
}

output "permissions_boundary" {
  description = "The input of the module in main.tf."
  value       = aws_iam_policy.boundary.arn
}
