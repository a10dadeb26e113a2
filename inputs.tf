# Inputs: the conditions that a validation can't check. They are about several inputs, about the bot's files, or about
# a value that a failed validation would print. The package waits for them, and the function for the package: an input
# that refers to another resource is unknown at plan.

locals {
  # A failed condition prints the values it refers to, so conditions refer only to these booleans.
  label     = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
  port      = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
  api_url   = "^https?://${local.label}(\\.${local.label})*(:${local.port})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"
  userinfo  = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
  proxy_url = "^http://(${local.userinfo}+(:${local.userinfo}*)?@)?${local.label}(\\.${local.label})*:${local.port}$"

  api_url_is_valid = can(regex(local.api_url, var.telegram_api_url))
  proxy_is_valid   = var.telegram_proxy == null || can(regex(local.proxy_url, var.telegram_proxy))
}

resource "terraform_data" "inputs" {
  # For a plan to say it: nothing else refers to this.
  input = var.queue ? { chats_that_the_queue_answers_at_once = local.queue_concurrency } : null

  lifecycle {
    precondition {
      condition     = (var.telegram_bot_token == null) != (var.telegram_bot_token_parameter == null)
      error_message = "Set telegram_bot_token or telegram_bot_token_parameter: exactly one of them."
    }
    precondition {
      condition = var.telegram_bot_token == null || can(regex("^[0-9]+:[A-Za-z0-9_-]{30,}$", var.telegram_bot_token))
      error_message = join(" ", [
        "The telegram_bot_token must be the token from @BotFather: digits, a colon, and at least 30 letters, digits,",
        "hyphens or underscores.",
      ])
    }
    precondition {
      condition = local.api_url_is_valid
      error_message = join(" ", [
        "The telegram_api_url must begin with https:// or http:// and name a host, as in https://api.telegram.org;",
        "a port and a path may follow, and no slash at the end.",
      ])
    }
    precondition {
      condition = local.proxy_is_valid
      error_message = join(" ", [
        "The telegram_proxy must be http://host:port or http://user:password@host:port,",
        "special characters as %XX (@ is %40).",
      ])
    }
    precondition {
      condition = length(local.refused_names) == 0
      error_message = join(" ", [
        "The environment must not set ${join(", ", local.refused_names)}: a name must have letters, digits and",
        "underscores, and must not be one of the module's own, AWS_ENDPOINT_URL or its variants, or reserved by",
        "Lambda.",
      ])
    }
    precondition {
      condition = local.environment_bytes <= 4096
      error_message = join(" ", [
        "The environment must not exceed 4 KB in total, with the module's own variables.",
        "Put long values into a file in the bot's folder or into Parameter Store.",
      ])
    }
    precondition {
      condition = length(local.patterns) == 0
      error_message = join(" ", [
        "The path of the source_dir, or of the module, must not contain any of [ ] { } * ? \\, since Terraform takes",
        "them for a pattern: ${join(", ", local.patterns)}. Rename the folder.",
      ])
    }
    precondition {
      condition = length(local.endless) == 0
      error_message = join(" ", [
        "The source_dir must contain no link to a folder around it, since links are followed:",
        "${abspath(local.bot_folder)} has one. Remove it.",
      ])
    }
    precondition {
      condition = length(local.unreadable) == 0
      error_message = join(" ", [
        "Terraform must be able to read all of the source_dir, and can't read ${join(", ", local.unreadable)} in",
        "${abspath(local.bot_folder)}. Check its permissions. If its name has an accent, rename it: Terraform reads",
        "only names in the composed form (Unicode NFC), and macOS may write the decomposed one.",
      ])
    }
    precondition {
      condition     = length(local.unlisted) > 0 || contains(local.bot_files, "bot.py")
      error_message = "The source_dir must contain a bot.py: ${abspath(local.bot_folder)} has none."
    }
    precondition {
      condition = local.bot_folder == local.module_folder || !anytrue([
        for file in local.bot_files : can(regex(local.packaging.taken, file))
      ])
      error_message = join(" ", [
        "The source_dir must have no handler.py and no botkit/, since the module adds its own:",
        "${local.bot_folder} has one.",
      ])
    }
    precondition {
      condition = length(local.too_large) == 0
      error_message = join(" ", [
        "The memory_size must be at least ${join(", ", local.too_large)}, which is in",
        "${local.bot_folder}/requirements.txt. Set memory_size = 512, which also answers sooner.",
      ])
    }
    precondition {
      condition = !anytrue([for file in local.bot_files : can(regex("^[^/]*\\.(tf|tfvars|tfstate)(\\.[^/]*)?$", file))])
      error_message = join(" ", [
        "The source_dir must contain no *.tf, *.tfvars or *.tfstate at its top, since secrets in them would be packed:",
        "${local.bot_folder} has one. Give the bot its own folder, such as $${path.module}/bot.",
      ])
    }
    precondition {
      condition = var.mini_app == null || (
        contains(local.bot_files, "app/index.html") && !contains(local.bot_files, "app/__init__.py")
      )
      error_message = join(" ", [
        "With a mini_app, the source_dir must contain a page, app/index.html, and no Python package app/,",
        "since everything in this folder is public: see ${abspath(local.bot_folder)}.",
      ])
    }
    precondition {
      condition     = !local.alarms_are_on || var.log_level != "FATAL"
      error_message = "The log_level must not be FATAL with alarm_actions, since alarms count lines of level ERROR."
    }
  }
}

# In a configuration that calls the module, a bot without a source_dir is hardly meant.
check "source_dir" {
  assert {
    condition = var.source_dir != null || path.module == path.root
    error_message = join(" ", [
      "Without a source_dir, ${var.name} is the module's echo bot. Set source_dir = \"$${path.module}/bot\", the",
      "folder of your bot.py.",
    ])
  }
}
