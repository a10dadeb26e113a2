# Sessions: the table for a bot with SESSION, an item for each chat, topic or person.

locals {
  sessions_environment = var.session_retention_in_days == null ? {} : {
    SESSION_TABLE             = aws_dynamodb_table.sessions[0].name
    SESSION_RETENTION_IN_DAYS = var.session_retention_in_days
  }

  sessions_statements = [for table in aws_dynamodb_table.sessions : {
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"] # to count
    Resource = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table.name}"
  }]
}

resource "aws_dynamodb_table" "sessions" {
  count = var.session_retention_in_days == null ? 0 : 1

  name         = "${local.name}_sessions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  tags         = var.tags

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # Always set both blocks: removing one wouldn't reset the setting.
  server_side_encryption {
    enabled     = var.kms_key_arn != null # otherwise DynamoDB encrypts with a key that AWS owns
    kms_key_arn = var.kms_key_arn
  }

  point_in_time_recovery {
    enabled                 = var.session_backup_in_days != null
    recovery_period_in_days = var.session_backup_in_days
  }

  lifecycle {
    # Deleted after the check, which fails as long as the bot has sessions.
    create_before_destroy = true
  }
}
