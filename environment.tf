# Environment: the function's variables, from the bot, the module and its features.

locals {
  environment = merge(var.environment, {
    for name, value in {
      ALLOWED_IDS                  = length(var.allowed_ids) == 0 ? null : join(",", var.allowed_ids)
      AWS_DNS_SUFFIX               = local.dns_suffix == "amazonaws.com" ? null : local.dns_suffix
      REPLY_MODE                   = var.reply_mode
      TELEGRAM_API_URL             = trimsuffix(var.telegram_api_url, "/")
      TELEGRAM_BOT_TOKEN           = var.telegram_bot_token
      TELEGRAM_BOT_TOKEN_PARAMETER = var.telegram_bot_token_parameter
      TELEGRAM_PROXY               = var.telegram_proxy
    } : name => value if value != null
  })
  feature_environment = merge(local.mini_app_environment, local.queue_environment, local.sessions_environment)

  # With this, the check recognizes a version that was published with other settings than the function has now.
  configuration_digest = nonsensitive(sha256(jsonencode([
    local.environment, local.feature_environment, terraform_data.webhook_secret.triggers_replace,
    var.memory_size, var.timeout, var.log_level, var.runtime, var.architecture, var.tracing, var.kms_key_arn,
    var.layers,
    [for vpc in var.vpc[*] : [sort(vpc.subnet_ids), sort(vpc.security_group_ids)]],
  ])))

  function_environment = merge(local.environment, local.feature_environment, {
    CONFIGURATION_DIGEST    = local.configuration_digest
    TELEGRAM_WEBHOOK_SECRET = terraform_data.webhook_secret.triggers_replace
  })

  # Names that the module or the emulated AWS uses: the bot's own values would be lost, or switch something on.
  module_variable_names = [
    "ALLOWED_IDS", "AWS_DNS_SUFFIX", "CONFIGURATION_DIGEST", "MINI_APP_URL", "QUEUE_URL", "REPLY_MODE",
    "SCHEDULE_GROUP", "SCHEDULER_KMS_KEY_ARN", "SCHEDULER_ROLE_ARN", "SESSION_RETENTION_IN_DAYS", "SESSION_TABLE",
    "TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN_PARAMETER", "TELEGRAM_PROXY",
    "TELEGRAM_WEBHOOK_SECRET",
  ]
  taken_names = [
    for name in nonsensitive(keys(var.environment)) : name
    if contains(local.module_variable_names, name) || startswith(name, "AWS_ENDPOINT_URL")
  ]
}

# Generate a new secret for another bot or Bot API server. The previous bot's webhook stays registered, but its
# updates are then rejected.
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
