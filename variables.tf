variable "alarm_actions" {
  type        = list(string)
  description = "ARNs that alarms notify, such as SNS topics; setting any also creates the alarms, a dashboard and an hourly check of the webhook. With a log_level above INFO the dashboard counts problems only; FATAL is refused."
  default     = []
  nullable    = false

  validation {
    condition = length(var.alarm_actions) <= 5 && alltrue([
      for arn in var.alarm_actions : can(regex("^arn:[a-z0-9-]+:[a-z0-9-]+:.+$", arn))
    ])
    error_message = "The alarm_actions must be at most 5 ARNs, such as arn:aws:sns:eu-central-1:123456789012:alarms."
  }
}

variable "architecture" {
  type        = string
  description = "Instruction set of the function: arm64, which costs a fifth less, or x86_64. The packages of requirements.txt are installed for it."
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be \"arm64\" or \"x86_64\"."
  }
}

variable "environment" {
  type        = map(string)
  description = "Environment variables for the bot, up to 4 KB in total with the module's own. The module's own names, AWS_ENDPOINT_URL and names that Lambda reserves are refused."
  default     = {}
  nullable    = false
  # Preconditions of the function check the names and the size.
}

variable "later" {
  type        = bool
  description = "Whether the bot may have calls made at a later time, such as reminders (later.send). Each is a schedule of EventBridge Scheduler. False deletes all that wait."
  default     = false
  nullable    = false

  validation {
    condition     = !var.later || length(var.name) <= 58
    error_message = "With later = true, the name must have up to 58 characters, since that of the scheduler's role is six longer."
  }
}

variable "log_level" {
  type        = string
  description = "Lowest log level that the function keeps: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. INFO logs each update, WARN logs only problems, so the dashboard (alarm_actions) then counts only these. DEBUG adds the traceback of an exception in bot.py, which may quote what people write."
  default     = "INFO"
  nullable    = false
}

variable "log_retention_in_days" {
  type        = number
  description = "Days to keep the logs of the function and the API; 0 keeps them forever."
  default     = 14
  nullable    = false
}

variable "max_connections" {
  type        = number
  description = "Updates that Telegram may deliver at the same time, from 1 to 100. Each needs its own container."
  default     = 40
  nullable    = false

  validation {
    condition     = var.max_connections >= 1 && var.max_connections <= 100 && floor(var.max_connections) == var.max_connections
    error_message = "The max_connections must be a whole number from 1 to 100."
  }
}

variable "memory_size" {
  type        = number
  description = "Memory of the function in MB, from 128 to 10240. CPU grows with it: a full vCPU at 1769 MB."
  default     = 128
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "The memory_size must be from 128 to 10240 MB."
  }
}

variable "mini_app" {
  type        = string
  description = "Text of the chat's menu button, which opens the bot's page (Mini App): the folder app/ in source_dir, with an index.html. Everything in it is public. The button takes the place of the one that lists COMMANDS. Null: no page."
  default     = null

  validation {
    condition     = var.mini_app == null || try(trimspace(var.mini_app) != "", false)
    error_message = "The mini_app must have a text for the menu button, such as \"Open\", or be null."
  }
}

variable "mini_app_origin" {
  type        = string
  description = "Origin of the page, if it is served from elsewhere, such as by CloudFront: https://host, without a path. The menu button, MINI_APP_URL and mini_app_url then use it. Null: the API's own."
  default     = null

  validation {
    condition = var.mini_app_origin == null || try(length(var.mini_app_origin) <= 100 && can(regex(
      "^https://[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$", var.mini_app_origin,
    )), false)
    error_message = "The mini_app_origin must be https:// and a host, without a path or a slash at the end, such as https://app.example.org."
  }
}

variable "name" {
  type        = string
  description = "Name of the function, the API and the role, and last part of the log groups' names: up to 64 letters, digits, hyphens and underscores. Two bots in one account need different names, even in different regions."
  default     = "telegram-bot"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "The name must have 1 to 64 letters (a to z, in either case), digits, hyphens or underscores."
  }
}

variable "permissions_boundary" {
  type        = string
  description = "ARN of the IAM policy to set as the permissions boundary of the function's role, and of the scheduler's (later). Null: none."
  default     = null
}

variable "policy" {
  type        = string
  description = "IAM policy document (JSON) of what the bot may do in AWS. Its statements are added to the function's role: up to 10,240 characters in total with the module's own. Null: only what the module itself needs."
  default     = null

  validation {
    condition     = var.policy == null || can(flatten([jsondecode(var.policy).Statement])[0].Effect)
    error_message = "The policy must be an IAM policy document as JSON, such as jsonencode({ Version = \"2012-10-17\", Statement = [{ … }] })."
  }
  # A precondition of the role's policy checks the size.
}

variable "queue" {
  type        = bool
  description = "Whether updates wait in a queue (SQS FIFO) to be answered, so that an answer may take up to 15 minutes (timeout). Each chat is answered one update at a time."
  default     = false
  nullable    = false
}

variable "reply_mode" {
  type        = string
  description = "How an answer reaches Telegram: \"api\" by a call to the Bot API, whose refusals are logged, or \"webhook\" in the response to the update, which is fastest, but refusals go unnoticed."
  default     = "api"
  nullable    = false

  validation {
    condition     = contains(["api", "webhook"], var.reply_mode)
    error_message = "The reply_mode must be \"api\" or \"webhook\"."
  }
  validation {
    condition     = !(var.queue && var.reply_mode == "webhook")
    error_message = "With queue = true, the reply_mode must be \"api\": Telegram gets its response before the bot answers."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Maximum number of containers at once, reserved from the region's concurrency. AWS keeps 100 unreserved, so an account with a quota of 100 or less can reserve none. Null: no reservation."
  default     = null

  validation {
    condition     = coalesce(var.reserved_concurrency, 1) >= 1
    error_message = "The reserved_concurrency must be 1 or more, or null. With 0 the function could not run at all."
  }
  validation {
    condition     = !var.queue || coalesce(var.reserved_concurrency, 4) >= 4
    error_message = "With queue = true, the reserved_concurrency must be 4 or more, or null: half process the queue, half accept updates."
  }
}

variable "runtime" {
  type        = string
  description = "Lambda runtime identifier: python3.12 or later. For python3.14 the AWS provider must be newer than 5.100."
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3\\.(1[2-9]|[2-9][0-9])$", var.runtime))
    error_message = "The runtime must be python3.12 or later, such as python3.13."
  }
}

variable "session_backup_in_days" {
  type        = number
  description = "Days for which DynamoDB can restore the sessions as they were at any second (point-in-time recovery), from 1 to 35. What is deleted stays in the backup as long. Null: no backup."
  default     = null

  validation {
    condition     = var.session_backup_in_days == null || try(var.session_backup_in_days >= 1 && var.session_backup_in_days <= 35 && floor(var.session_backup_in_days) == var.session_backup_in_days, false)
    error_message = "The session_backup_in_days must be a whole number of days from 1 to 35, or null."
  }
  validation {
    condition     = var.session_backup_in_days == null || var.session_retention_in_days != null
    error_message = "With session_backup_in_days, session_retention_in_days must be set, too: without it there are no sessions."
  }
}

variable "session_retention_in_days" {
  type        = number
  description = "Days to keep what the bot remembers (SESSION in bot.py), after its last change; 0 keeps it forever. Null: no sessions, and no table."
  default     = null

  validation {
    condition     = var.session_retention_in_days == null || try(var.session_retention_in_days >= 0 && var.session_retention_in_days <= 36500 && floor(var.session_retention_in_days) == var.session_retention_in_days, false)
    error_message = "The session_retention_in_days must be a whole number of days from 0 (forever) to 36500, or null."
  }
}

variable "source_dir" {
  type        = string
  description = "Folder with bot.py and everything that it needs. All of it is packed, except names that begin with a dot, `__pycache__` and `*.pyc`. A relative path starts at the root module. Null: the module's own echo bot."
  default     = null

  validation {
    condition     = var.source_dir != ""
    error_message = "The source_dir must be the path of a folder, or null for the module's own echo bot."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources that support them."
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50
    error_message = "The tags must be at most 50."
  }
  validation {
    condition = alltrue([
      for key in keys(var.tags) : can(regex("^[\\pL\\pZ\\pN_.:/=+@-]+$", key)) && length(key) <= 128 && !startswith(lower(key), "aws:")
    ])
    error_message = "A tag's key must have 1 to 128 letters, digits, spaces and _ . : / = + - @, and must not begin with aws:."
  }
  validation {
    condition     = alltrue([for value in values(var.tags) : can(regex("^[\\pL\\pZ\\pN_.:/=+@-]*$", value)) && length(value) <= 256])
    error_message = "A tag's value must have up to 256 letters, digits, spaces and _ . : / = + - @."
  }
}

variable "telegram_api_url" {
  type        = string
  description = "URL of the Bot API, without a trailing slash. Change it only to use a Bot API server that you run."
  default     = "https://api.telegram.org"
  nullable    = false
  # A precondition of the function checks it: a validation that fails prints the value.
}

variable "telegram_bot_token" {
  type        = string
  description = "Bot token from @BotFather; set either this or telegram_bot_token_parameter. It is stored in the state and in the function's environment."
  default     = null
  sensitive   = true
  # A precondition of the function checks it: a validation that fails prints the value.
}

variable "telegram_bot_token_parameter" {
  type        = string
  description = "Name of the SecureString in SSM Parameter Store, in the function's account and region, that holds the bot token; set either this or telegram_bot_token. It keeps the token out of the state, plans and environment."
  default     = null

  validation {
    condition = (
      var.telegram_bot_token_parameter == null ||
      can(regex("^([A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+){1,15})$", var.telegram_bot_token_parameter))
    )
    error_message = join(" ", [
      "A parameter's name must have letters, digits, dots, hyphens and underscores only;",
      "where it has levels, a slash before each, and up to 15 of them, such as /telegram-bot/token.",
    ])
  }
  validation {
    condition = (
      var.telegram_bot_token_parameter == null ||
      try(length(var.telegram_bot_token_parameter) <= 1011 && !can(regex("^/?(?i:aws|ssm)", var.telegram_bot_token_parameter)), false)
    )
    error_message = "A parameter's name must have up to 1011 characters, and must not begin with aws or ssm."
  }
}

variable "telegram_proxy" {
  type        = string
  description = "HTTP proxy (CONNECT) for calls to Telegram, where Telegram is blocked: http://user:password@host:port, with special characters percent-encoded. Null: none."
  default     = null
  sensitive   = true
  # A precondition of the function checks it: a validation that fails prints the value.
}

variable "throttling_limit" {
  type        = number
  description = "Requests per second, and burst, above which the API answers 429, from 1 to 10000. With mini_app, the page gets a tenth of the rate. The account's quota applies too: 2500 per second in some regions. Telegram delivers refused updates again."
  default     = 100
  nullable    = false

  validation {
    condition     = var.throttling_limit >= 1 && var.throttling_limit <= 10000
    error_message = "The throttling_limit must be from 1 to 10000."
  }
}

variable "timeout" {
  type        = number
  description = "Time limit of the function, in seconds, from 3 to 25, or from 3 to 900 with queue. API Gateway waits at most 30."
  default     = 10
  nullable    = false

  validation {
    condition     = var.timeout >= 3 && var.timeout <= (var.queue ? 900 : 25)
    error_message = "The timeout must be from 3 to 25 seconds, since API Gateway waits at most 30, or up to 900 with queue = true."
  }
}

variable "tracing" {
  type        = bool
  description = "Whether AWS X-Ray traces the function: starts, waits and errors of a sample of its invocations. The role may then write traces."
  default     = false
  nullable    = false
}

variable "vpc" {
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  description = "Subnets and security groups of a VPC for the function, to reach a database in it. Telegram must then be reached by a NAT gateway. Null: no VPC."
  default     = null

  validation {
    condition = var.vpc == null || try(
      length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0 &&
      alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-", id))]) &&
      alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-", id))]),
      false
    )
    error_message = "The vpc must have subnet_ids, such as [\"subnet-0123abcd\"], and security_group_ids, such as [\"sg-0123abcd\"], or be null."
  }
}

variable "warm_schedule" {
  type        = string
  description = "When to invoke the function to keep one container warm: an EventBridge rate or cron expression (UTC), such as rate(5 minutes). Null: never."
  default     = null

  validation {
    condition = var.warm_schedule == null || anytrue([
      for pattern in [
        "^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)$",
        "^cron\\([0-9*,/-]+ [0-9*,/-]+ [0-9*?,/LW-]+ [0-9A-Z*,/-]+ [0-9A-Z*?,/#-]+ [0-9*,/-]+\\)$",
      ] : can(regex(pattern, var.warm_schedule))
    ])
    error_message = "The warm_schedule must be a rate, such as rate(5 minutes), or cron with six fields, such as cron(0/5 8-17 ? * MON-FRI *)."
  }
}
