# Inputs: the conditions that a validation can't check. They are about several inputs, about the bot's files, or about
# a value that a failed validation would print. The package waits for them, and the function for the package, since an
# input that refers to another resource is unknown at plan.

locals {
  # A failed condition prints the values that it refers to, so conditions refer only to booleans.
  label     = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
  port      = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
  api_url   = "^https?://${local.label}(\\.${local.label})*(:${local.port})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"
  userinfo  = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
  proxy_url = "^http://(${local.userinfo}+(:${local.userinfo}*)?@)?${local.label}(\\.${local.label})*:${local.port}$"

  api_url_is_valid = can(regex(local.api_url, var.telegram_api_url))
  proxy_is_valid   = var.telegram_proxy == null || can(regex(local.proxy_url, var.telegram_proxy))
}

resource "terraform_data" "inputs" {
  # Only to show it in a plan: nothing refers to this.
  input = var.queue ? { chats_that_the_queue_answers_at_once = local.queue_concurrency } : null

  lifecycle {
    precondition {
      condition = (var.telegram_bot_token == null) != (var.telegram_bot_token_parameter == null)
      error_message = join(" ", [
        "Set exactly one of telegram_bot_token and telegram_bot_token_parameter, for example in the shell:",
        "export TF_VAR_telegram_bot_token=… with the token from @BotFather.",
      ])
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
        "The telegram_api_url must begin with https:// or http:// and a host, such as https://api.telegram.org.",
        "A port and a path may follow, but no slash at the end.",
      ])
    }
    precondition {
      condition = local.proxy_is_valid
      error_message = join(" ", [
        "The telegram_proxy must be http://host:port or http://user:password@host:port, with special characters",
        "as %XX (@ is %40).",
      ])
    }
    precondition {
      condition = length(local.refused_names) == 0
      error_message = join(" ", [
        "The environment must not set ${join(", ", local.refused_names)}. Use other names, of letters, digits and",
        "underscores: the module's own variables, AWS_ENDPOINT_URL… and the names that Lambda reserves are taken.",
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
        "The source_dir must not contain a link to a parent folder, since Terraform would follow it without end:",
        "remove the link in ${abspath(local.bot_folder)}.",
      ])
    }
    precondition {
      condition = length(local.unreadable) == 0
      error_message = join(" ", [
        "Terraform must be able to read all of the source_dir, but can't read ${join(", ", local.unreadable)} in",
        "${abspath(local.bot_folder)}. Check the permissions. If its name has an accent, rename it: Terraform reads",
        "only names in composed form (Unicode NFC), and macOS may write the decomposed form.",
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
        "The source_dir must not contain handler.py or botkit/, since the module adds its own:",
        "rename the one in ${local.bot_folder}.",
      ])
    }
    precondition {
      condition = length(local.too_large) == 0
      error_message = join(" ", [
        "The memory_size is too small for ${local.bot_folder}/requirements.txt: it must be at least",
        "${join(", ", local.too_large)}. Set memory_size = 512: the bot then also answers faster.",
      ])
    }
    precondition {
      condition = !anytrue([for file in local.bot_files : can(regex("^[^/]*\\.(tf|tfvars|tfstate)(\\.[^/]*)?$", file))])
      error_message = join(" ", [
        "The source_dir must not contain *.tf, *.tfvars or *.tfstate files at its top level, since secrets in them",
        "would be packed: ${local.bot_folder} has one. Give the bot its own folder, such as $${path.module}/bot.",
      ])
    }
    precondition {
      condition = var.mini_app == null || (
        contains(local.bot_files, "app/index.html") && !contains(local.bot_files, "app/__init__.py")
      )
      error_message = join(" ", [
        "With mini_app, the source_dir must contain the page app/index.html, and app/ must not be a Python package,",
        "since every file in it is public. Look into ${abspath(local.bot_folder)}.",
      ])
    }
    precondition {
      condition     = !local.alarms_are_on || var.log_level != "FATAL"
      error_message = "The log_level must not be FATAL with alarm_actions, since alarms count lines of level ERROR."
    }
  }
}

# In a configuration that calls the module, a missing source_dir is probably a mistake.
check "source_dir" {
  assert {
    condition = var.source_dir != null || path.module == path.root
    error_message = join(" ", [
      "Without a source_dir, ${var.name} is the module's echo bot. Set source_dir = \"$${path.module}/bot\", the",
      "folder of your bot.py.",
    ])
  }
}
