# Later: calls at times that the bot chooses. Each is a schedule in the bot's group. Deleting the group deletes them
# all. Recurring ones have their own group, so that they don't take the names of the others. Scheduler invokes the
# function in a role that may do nothing else.

locals {
  scheduler_arn = "arn:${local.partition}:scheduler:${local.region}:${local.account}"
  later_groups  = [var.name, "${var.name}-every"]

  later_environment = var.later ? merge(
    { LATER_GROUP = aws_scheduler_schedule_group.later[0].name, LATER_ROLE = aws_iam_role.later[0].arn },
    var.kms_key_arn == null ? {} : { LATER_KEY = var.kms_key_arn },
  ) : {}

  later_statements = flatten([for role in aws_iam_role.later : [
    {
      Effect   = "Allow"
      Action   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"]
      Resource = [for name in local.later_groups : "${local.scheduler_arn}:schedule/${name}/*"]
    },
    {
      Effect   = "Allow"
      Action   = "scheduler:GetSchedule" # to see whether a retry is already scheduled
      Resource = "${local.scheduler_arn}:schedule/${local.later_groups[0]}/*"
    },
    {
      Effect   = "Allow"
      Action   = "scheduler:UpdateSchedule"
      Resource = "${local.scheduler_arn}:schedule/${local.later_groups[1]}/*"
    },
    {
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = "arn:${local.partition}:iam::${local.account}:role/${role.name}"
      Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
    },
  ]])
}

# The groups, the role and its policy are deleted after the check, which fails as long as the bot uses later: until
# then, scheduled calls can be made. A resource that they depend on would also be created before it is destroyed, which
# the function's role can't be.
#
# This group is created last: the function refers to its name, and so waits for all of them.
resource "aws_scheduler_schedule_group" "later" {
  count = var.later ? 1 : 0

  name = local.name
  tags = var.tags

  timeouts {
    delete = "60m" # with all schedules in it
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.later, aws_scheduler_schedule_group.every]
}

resource "aws_scheduler_schedule_group" "every" {
  count = var.later ? 1 : 0

  name = "${local.name}-every"
  tags = var.tags

  timeouts {
    delete = "60m"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "later" {
  count = var.later ? 1 : 0

  name                 = "${local.name}-later"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          "aws:SourceArn"     = [for name in local.later_groups : "${local.scheduler_arn}:schedule-group/${name}"]
        }
      }
    }]
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "later" {
  count = var.later ? 1 : 0

  # With a fixed name, a replacement would have the same name, and be deleted together with the old one.
  name_prefix = "${var.name}-later-"
  role        = aws_iam_role.later[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = "${local.function_arn}:live"
      }], [for arn in var.kms_key_arn[*] : {
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = arn
      Condition = {
        ArnLike = {
          "kms:EncryptionContext:aws:scheduler:schedule:arn" = [
            for name in local.later_groups : "${local.scheduler_arn}:schedule/${name}/*"
          ]
        }
      }
    }])
  })

  lifecycle {
    create_before_destroy = true
  }
}
