# Sessions: the table in which a bot with SESSION remembers, an item for each chat, topic or person.

locals {
  sessions_environment = var.session_retention_in_days == null ? {} : {
    SESSION_TABLE             = aws_dynamodb_table.sessions[0].name
    SESSION_RETENTION_IN_DAYS = var.session_retention_in_days
  }

  sessions_statements = [for table in aws_dynamodb_table.sessions : {
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"] # to count, for a version with LIMIT
    Resource = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table.name}"
  }]
}

# The name of the table's bot. Another name would replace the table, and so it is refused, until this is replaced as
# well.
resource "terraform_data" "sessions_name" {
  count = var.session_retention_in_days == null ? 0 : 1

  input = var.name

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_dynamodb_table" "sessions" {
  count = var.session_retention_in_days == null ? 0 : 1

  name         = "${local.name}-sessions"
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

  # Always here, both: without the block, the provider would leave it as it is.
  server_side_encryption {
    enabled     = var.kms_key_arn != null # else DynamoDB encrypts with a key that AWS owns
    kms_key_arn = var.kms_key_arn
  }

  point_in_time_recovery {
    enabled                 = var.session_backup_in_days != null
    recovery_period_in_days = var.session_backup_in_days
  }

  lifecycle {
    # Deleted after the check, which fails as long as the bot has sessions.
    create_before_destroy = true

    precondition {
      condition = terraform_data.sessions_name[0].input == var.name
      error_message = join(" ", [
        "Another name would delete the table of the sessions, ${terraform_data.sessions_name[0].input}-sessions, with",
        "all sessions: keep the name. docs/how-to/back-up.md shows how to take the sessions along. To give",
        "them up: terraform apply -replace='module.telegram_bot.terraform_data.sessions_name[0]' (telegram_bot: the",
        "module's name in your configuration; in a clone, leave out module.telegram_bot.).",
      ])
    }
  }
}
