# Later: calls at a time that the bot chooses. Each is a schedule in a group of the bot's own, which goes with
# all that wait in it. Scheduler invokes the function in a role that may do nothing else.

locals {
  later = {
    environment = {
      for name, value in {
        LATER_GROUP = one(aws_scheduler_schedule_group.later[*].name)
        LATER_ROLE  = one(aws_iam_role.later[*].arn)
      } : name => value if var.later
    }
    statements = [for group in aws_scheduler_schedule_group.later : [
      {
        Effect   = "Allow"
        Action   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"]
        Resource = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/${group.name}/*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "arn:${local.partition}:iam::${local.account}:role/${aws_iam_role.later[0].name}"
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
    ]]
    alarms = {
      for name, alarm in {
        lost = {
          advice = <<-EOT
            A call of a schedule, such as a reminder, could not be made for a day, and is lost. Find "lost" in the log: its
            error or refusal says why.
          EOT
        }
      } : name => alarm if var.later
    }
  }
}

resource "aws_scheduler_schedule_group" "later" {
  count = var.later ? 1 : 0

  name = aws_iam_role.this.name
  tags = var.tags
}

resource "aws_iam_role" "later" {
  count = var.later ? 1 : 0

  name                 = "${var.name}-later"
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
          "aws:SourceArn"     = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${aws_iam_role.this.name}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "later" {
  count = var.later ? 1 : 0

  name = "${var.name}-later"
  role = aws_iam_role.later[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = local.function_arn
    }]
  })
}
