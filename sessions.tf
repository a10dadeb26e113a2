# Sessions: the table of what a bot with SESSION remembers, an item for each chat, topic or person.

locals {
  sessions = {
    environment = {
      for name, value in {
        SESSION_TABLE             = one(aws_dynamodb_table.sessions[*].name)
        SESSION_RETENTION_IN_DAYS = var.session_retention_in_days
      } : name => value if var.session_retention_in_days != null
    }
    statements = [for table in aws_dynamodb_table.sessions : {
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table.name}"
    }]
    alarms = {}
  }
}

# Without point-in-time recovery: what is deleted would stay in a backup for 35 days.
resource "aws_dynamodb_table" "sessions" {
  count = length(var.session_retention_in_days[*])

  name         = "${var.name}-sessions"
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

  depends_on = [terraform_data.requirements]
}
