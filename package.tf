# Package: handler.py, botkit/ and the bot's folder, zipped at apply. Its path contains a digest of the contents, so a
# plan needs no zip file and sees every change.

locals {
  # Patterns of names, for Terraform, scripts/package and the demo: of files that aren't packed, of the module's files
  # that are, and of files that a bot's folder must not contain. Also the packages, by the beginning of their names, for
  # which the default memory_size isn't enough: AWS would end the function while it starts.
  packaging = jsondecode(file("${path.module}/scripts/packaging.json"))

  module_folder = "${path.module}/lambda"
  bot_folder    = coalesce(var.source_dir, local.module_folder)

  folders = toset([local.bot_folder, local.module_folder])
  # fileset would take these paths for a part of its pattern.
  patterns = [for folder in local.folders : folder if can(regex("[][{}*?\\\\]", folder))]
  # A link to a parent folder can be followed without end: then there is a bot.py twelve folders deep.
  endless = [
    for folder in setsubtract(local.folders, local.patterns) : folder
    if length(fileset(folder, "${join("/", [for _ in range(12) : "*"])}/bot.py")) > 0
  ]
  unlisted = concat(local.patterns, local.endless)
  # Terraform's "**" skips broken links, such as an editor's lock file or a .venv's Python that was removed. OpenTofu's
  # fails: then the second pattern leaves out hidden files.
  listed = {
    for folder in setsubtract(local.folders, local.unlisted) :
    folder => try(fileset(folder, "**"), fileset(folder, "{,[^.]*/**/}[^.]*"))
  }
  bot_files = [
    for file in try(local.listed[local.bot_folder], []) : file if !can(regex(local.packaging.not_packed, file))
  ]
  own_files = [
    for file in try(local.listed[local.module_folder], []) : file
    if can(regex(local.packaging.own, file)) && !can(regex(local.packaging.not_packed, file))
  ]

  hashes = merge(
    { for file in local.bot_files : file => try(filesha256("${local.bot_folder}/${file}"), "") },
    { for file in local.own_files : file => filesha256("${local.module_folder}/${file}") },
  )
  unreadable = [for file, hash in local.hashes : file if hash == ""]
  # The package contains this digest, and the check compares the two.
  sources_digest = sha256(join("\n", [for file, hash in local.hashes : "${hash}  ${file}"]))
  package_digest = sha256(join("\n", [
    local.sources_digest, filesha256("${path.module}/scripts/package"),
    filesha256("${path.module}/scripts/requirements.py"), var.runtime, var.architecture,
  ]))
  package = "${path.module}/.build/${var.name}-${var.runtime}-${substr(local.package_digest, 0, 16)}.zip"

  requirements = try(file("${local.bot_folder}/requirements.txt"), "")
  too_large = [
    for name, least in local.packaging.least_memory : "${least} with ${name}"
    if var.memory_size < least && can(regex("(?im)^[ \\t]*${name}", local.requirements))
  ]
}

# Terraform can't run Python at plan, so an apply checks requirements.txt before anything else: local.name waits for it.
resource "terraform_data" "requirements" {
  count = contains(local.bot_files, "requirements.txt") ? 1 : 0

  triggers_replace = [local.hashes["requirements.txt"], filesha256("${path.module}/scripts/requirements.py")]

  provisioner "local-exec" {
    interpreter = ["python3", "${path.module}/scripts/requirements.py"] # without a shell, as below
    command     = local.bot_folder
  }
}

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

  depends_on = [terraform_data.inputs]
}
