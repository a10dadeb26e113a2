variable "alarm_actions" {
  type        = list(string)
  description = "ARNs to notify, such as of SNS topics, at most 5. Empty: no alarms."
  default     = []
  nullable    = false
}

variable "allowed_ids" {
  type        = set(number)
  description = "Ids of people, and of groups and channels (negative), that the bot answers. Empty: everyone."
  default     = []
  nullable    = false
}

variable "architecture" {
  type        = string
  description = "Instruction set of the function and its packages: arm64, which costs a fifth less, or x86_64."
  default     = "arm64"
  nullable    = false
}

variable "environment" {
  type        = map(string)
  description = "Environment variables for the bot, up to 4 KB in total with the module's own, whose names are refused."
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = <<-EOT
    ARN of your symmetric KMS key, in the function's region, that encrypts the bot's data. Its policy must let
    CloudWatch Logs use it. Null: keys that AWS owns or manages.
  EOT
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex(":key/", var.kms_key_arn))
    error_message = "The kms_key_arn must be the ARN of a key, not of an alias."
  }
}

variable "layers" {
  type        = list(string)
  description = "ARNs of layer versions, at most 5, such as monitoring extensions. Most delay the first answer."
  default     = []
  nullable    = false
}

variable "log_level" {
  type        = string
  description = <<-EOT
    Lowest level that the log keeps: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. INFO logs every update, WARN only
    problems. DEBUG adds tracebacks of bot.py, which may quote people.
  EOT
  default     = "INFO"
  nullable    = false

  validation {
    condition     = var.log_level != "FATAL" || length(var.alarm_actions) == 0
    error_message = "The log_level must not be FATAL with alarm_actions, since alarms count lines of level ERROR."
  }
}

variable "log_retention_in_days" {
  type        = number
  description = "Days to keep the logs of the function and the API; 0 keeps them forever."
  default     = 14
  nullable    = false
}

variable "max_connections" {
  type        = number
  description = "Webhook requests that Telegram may make at once (its max_connections), from 1 to 100. Each needs a container of its own."
  default     = 40
  nullable    = false

  validation {
    condition     = contains(range(1, 101), var.max_connections) # Telegram would take the nearest of these, silently
    error_message = "The max_connections must be a whole number from 1 to 100."
  }
}

variable "memory_size" {
  type        = number
  description = "Memory of the function in MB, from 128 to 10240. CPU grows with it: a full vCPU at 1769 MB."
  default     = 128
  nullable    = false
}

variable "mini_app" {
  type        = string
  description = "Label of the menu button that opens the Mini App in source_dir's public folder app/, in place of the command menu. Null: none."
  default     = null
}

variable "name" {
  type        = string
  description = "Name of the function, API and role, unique in the account: up to 64 letters, digits and hyphens."
  default     = "telegram-bot"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+$", var.name))
    error_message = "The name must have only letters, digits and hyphens, since other names have it and an underscore."
  }
}

variable "permissions_boundary" {
  type        = string
  description = "ARN of the IAM policy to set as the permissions boundary of the roles. Null: none."
  default     = null
}

variable "policy" {
  type        = string
  description = "IAM policy document (JSON) with bot.py's permissions; with the module's own, up to 5,120 characters."
  default     = null
}

variable "queue" {
  type        = bool
  description = <<-EOT
    Whether there is a queue (SQS FIFO) for the update types in QUEUED_UPDATES of bot.py, whose answers may take up to
    15 minutes (timeout), and for reminders. What the bot failed to answer is kept as a dead letter. False deletes the
    queue, as soon as it is empty.
  EOT
  default     = false
  nullable    = false
}

variable "reply_mode" {
  type        = string
  description = <<-EOT
    How answers reach Telegram. "api": by calls to the Bot API. "webhook": the last call is returned in the response to
    the webhook, which saves a request, but Telegram doesn't report whether it succeeded.
  EOT
  default     = "api"
  nullable    = false

  validation {
    condition     = contains(["api", "webhook"], var.reply_mode)
    error_message = "The reply_mode must be \"api\" or \"webhook\"."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = <<-EOT
    Maximum number of containers, reserved from the region's concurrency. AWS keeps 100 of that unreserved. With
    queue, at least 3: three quarters answer what is in the queue. Null: no reservation, and five for the queue.
  EOT
  default     = null

  validation {
    condition     = coalesce(var.reserved_concurrency, 3) >= (var.queue ? 3 : 1)
    error_message = "The reserved_concurrency must be null, or at least 1, or with queue = true at least 3."
  }
}

variable "runtime" {
  type        = string
  description = "Lambda runtime: python3.12 or later. For python3.14 the AWS provider must be newer than 5.100."
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3\\.(1[2-9]|[2-9][0-9])$", var.runtime))
    error_message = "The runtime must be python3.12 or later, such as python3.13."
  }
}

variable "session_backup_in_days" {
  type        = number
  description = "Days for which DynamoDB can restore the sessions to any second, from 1 to 35. Null: no backup."
  default     = null
}

variable "session_retention_in_days" {
  type        = number
  description = "Days to keep a session after its last change; 0 keeps it forever. Null: no sessions, and no table."
  default     = null

  validation {
    condition     = alltrue([for days in var.session_retention_in_days[*] : days >= 0 && floor(days) == days])
    error_message = "The session_retention_in_days must be a whole number of days, 0 (forever) or more, or null."
  }
}

variable "source_dir" {
  type        = string
  description = "Folder with bot.py and all that is packed with it, except dotfiles. Null: the module's echo bot."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources that support them."
  default     = {}
  nullable    = false
}

variable "telegram_api_url" {
  type        = string
  description = "URL of the Bot API. Change it only to use a Bot API server that you run."
  default     = "https://api.telegram.org"
  nullable    = false
}

variable "telegram_bot_token" {
  type        = string
  description = "Token from @BotFather, or null with telegram_bot_token_parameter. It is in the state."
  default     = null
  sensitive   = true
}

variable "telegram_bot_token_parameter" {
  type        = string
  description = "Name of a SecureString in SSM Parameter Store with the token, in place of telegram_bot_token."
  default     = null
}

variable "telegram_proxy" {
  type        = string
  description = "HTTP proxy (CONNECT) to Telegram: http://user:password@host:port, percent-encoded. Null: none."
  default     = null
  sensitive   = true
}

variable "throttling_limit" {
  type        = number
  description = <<-EOT
    Requests per second, and the largest burst, that the API lets through, from 1 to 10000. Telegram redelivers the
    rest. A Mini App's requests get a tenth of it.
  EOT
  default     = 100
  nullable    = false

  validation {
    condition     = var.throttling_limit >= 1 && var.throttling_limit <= 10000
    error_message = "The throttling_limit must be from 1 to 10000."
  }
}

variable "timeout" {
  type        = number
  description = "Time limit of the function in seconds: from 3 to 25, or to 900 with queue."
  default     = 10
  nullable    = false

  validation {
    condition     = var.timeout >= 3 && var.timeout <= (var.queue ? 900 : 25)
    error_message = "The timeout must be from 3 to 25 seconds, or to 900 with queue = true."
  }
}

variable "tracing" {
  type        = bool
  description = "Whether AWS X-Ray traces a sample of the invocations."
  default     = false
  nullable    = false
}

variable "vpc" {
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  description = "VPC of the function. Its subnets need a route to a NAT gateway, to reach Telegram. Null: no VPC."
  default     = null
}

variable "warm_schedule" {
  type        = string
  description = "When to keep a container warm: EventBridge's rate or cron (UTC), such as rate(5 minutes). Null: never."
  default     = null
}
