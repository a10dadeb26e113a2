# Environment: the function's variables, from the bot, the module and the extras.

locals {
  environment = merge(var.environment, {
    for name, value in {
      ALLOWED_IDS                  = length(var.allowed_ids) == 0 ? null : join(",", var.allowed_ids)
      AWS_DNS_SUFFIX               = local.dns_suffix == "amazonaws.com" ? null : local.dns_suffix
      REPLY_MODE                   = var.reply_mode
      TELEGRAM_API_URL             = var.telegram_api_url
      TELEGRAM_BOT_TOKEN           = var.telegram_bot_token
      TELEGRAM_BOT_TOKEN_PARAMETER = var.telegram_bot_token_parameter
      TELEGRAM_PROXY               = var.telegram_proxy
    } : name => value if value != null
  })
  extra_environment = merge(
    local.mini_app_environment, local.queue_environment, local.sessions_environment,
  )
  which_extras = {
    for name in ["MINI_APP_URL", "QUEUE_URL", "SESSION_TABLE"] : name => lookup(local.extra_environment, name, "")
  }

  # With this, the check recognizes a version that was published with other arguments than the function has now.
  arguments_digest = sha256(jsonencode([
    var.memory_size, var.ephemeral_storage, var.timeout, var.log_level, var.runtime, var.architecture, var.tracing,
    var.kms_key_arn, var.layers,
    [for vpc in var.vpc[*] : [sort(vpc.subnet_ids), sort(vpc.security_group_ids)]],
  ]))

  function_environment = merge(
    local.environment,
    local.extra_environment,
    {
      ARGUMENTS_DIGEST        = local.arguments_digest
      TELEGRAM_WEBHOOK_SECRET = terraform_data.webhook_secret.triggers_replace
    },
  )

  refused_names = [
    for name in nonsensitive(keys(var.environment)) : name if
    !can(regex("^[A-Za-z][A-Za-z0-9_]+$", name)) || can(regex("^(${local.own_names}|${local.reserved_names})$", name))
  ]
  own_names = join("|", [
    "ALLOWED_IDS|ARGUMENTS_DIGEST|AWS_DNS_SUFFIX|MINI_APP_URL|QUEUE_URL|REPLY_MODE",
    "SCHEDULE_GROUP|SCHEDULER_(KMS_KEY|ROLE)_ARN|SESSION_(RETENTION_IN_DAYS|TABLE)",
    "TELEGRAM_(API_URL|BOT_TOKEN|BOT_TOKEN_PARAMETER|PROXY|WEBHOOK_SECRET)",
  ])
  reserved_names = join("|", [
    "AWS_(ACCESS_KEY|ACCESS_KEY_ID|DEFAULT_REGION|ENDPOINT_URL.*|EXECUTION_ENV|REGION|SECRET_ACCESS_KEY|SECRET_KEY)",
    "AWS_SESSION_TOKEN|AWS_LAMBDA_(FUNCTION_.*|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|METADATA_.*|RUNTIME_API)",
    "LAMBDA_(RUNTIME_DIR|TASK_ROOT)",
  ])

  # Lambda measures the JSON of all variables. Before the first apply, the secret, the digest and the URLs of the extras
  # are unknown: they take 65 bytes, 86, and up to 150 each.
  environment_json  = replace(jsonencode(local.environment), "/\\\\u00(26|3c|3e)/", "-")
  environment_bytes = 3 * length(base64encode(local.environment_json)) / 4 + 151 + 150 * local.extra_variables
  # How many variables local.extra_environment has. It isn't used here, since it refers to resources, whose errors would
  # hide that an input is too long.
  extra_variables = sum([
    var.mini_app == null ? 0 : 1,
    !var.queue ? 0 : var.kms_key_arn == null ? 3 : 4,
    var.session_retention_in_days == null ? 0 : 2,
  ])
}

# Another bot, or another Bot API, gets another secret: the previous bot's webhook stays, and its updates are refused.
resource "terraform_data" "bot" {
  input = nonsensitive(sha256(jsonencode([
    var.telegram_api_url,
    # A token begins with the bot's id.
    var.telegram_bot_token == null ? var.telegram_bot_token_parameter : split(":", var.telegram_bot_token)[0],
  ])))
}

# The webhook's secret. It is in triggers_replace because a plan would print it in input.
resource "terraform_data" "webhook_secret" {
  triggers_replace = sensitive(uuid())

  lifecycle {
    ignore_changes       = [triggers_replace]
    replace_triggered_by = [terraform_data.bot]
  }
}
