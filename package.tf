# Package: handler.py, botkit/ and the bot's folder, zipped at apply. Its path contains a digest of the contents, so a
# plan needs no zip file and sees every change.

locals {
  # Patterns of names, for Terraform and scripts/bot_files.py: of files that aren't packed, of the module's files
  # that are, and of files that a bot's folder must not contain.
  packaging = jsondecode(file("${path.module}/scripts/packaging.json"))

  module_folder = "${path.module}/lambda"
  bot_folder    = var.source_dir == null ? local.module_folder : var.source_dir

  # Terraform's "**" skips broken links, such as an editor's lock file or a .venv's Python that was removed. OpenTofu's
  # fails: then the second pattern leaves out hidden files.
  listed = {
    for folder in toset([local.bot_folder, local.module_folder]) : folder => [
      for file in try(fileset(folder, "**"), fileset(folder, "{,[^.]*/**/}[^.]*")) : file
      if !can(regex(local.packaging.not_packed, file))
    ]
  }
  bot_files    = local.listed[local.bot_folder]
  module_files = [for file in local.listed[local.module_folder] : file if can(regex(local.packaging.own, file))]

  hashes = merge(
    { for file in local.bot_files : file => filesha256("${local.bot_folder}/${file}") },
    { for file in local.module_files : file => filesha256("${local.module_folder}/${file}") },
  )
  # The package contains this digest, and the check compares the two.
  sources_digest = sha256(join("\n", [for file, hash in local.hashes : "${hash}  ${file}"]))
  package_digest = sha256(join("\n", [
    local.sources_digest, filesha256("${path.module}/scripts/package"),
    filesha256("${path.module}/scripts/bot_files.py"), filesha256("${path.module}/scripts/requirements.py"),
    var.runtime, var.architecture,
  ]))
  package = "${path.module}/.build/${var.name}-${var.runtime}-${substr(local.package_digest, 0, 16)}.zip"
}

# The function depends on this, and so on conditions that a variable's validation can't check: those of the bot's files,
# and those whose failure would print a secret.
resource "terraform_data" "package" {
  # A new name, which is a part of the path, or a new role replaces the function. This needs a zip, which this clone may
  # not have yet.
  triggers_replace = [local.package, local.package_digest, terraform_data.role_id.output]

  # Without a shell, since a path may contain spaces, quotes and dollar signs. An error begins with the command.
  provisioner "local-exec" {
    interpreter = [
      "python3", "${path.module}/scripts/package", "--architecture=${var.architecture}", local.package, var.runtime,
    ]
    command = local.bot_folder
  }

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
      condition = length(local.taken_names) == 0
      error_message = join(" ", [
        "The environment must not set ${join(", ", local.taken_names)}, since the module or the emulated AWS does.",
        "Use other names.",
      ])
    }
    precondition {
      condition = contains(local.bot_files, "bot.py") && contains(local.module_files, "handler.py")
      error_message = join(" ", [
        "The source_dir must contain a bot.py: ${abspath(local.bot_folder)} has none. Or the path of it, or of the",
        "module, contains one of [ ] { } * ? \\, which Terraform takes for a pattern: rename the folder.",
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
  }
}
