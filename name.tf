# Name: some of a bot's resources have its name with an ending, which must not be another bot's name. A bot a-later
# would have the same name as bot a's role for Scheduler, and the queue of a bot a-dead as bot a's dead-letter queue.

locals {
  # For resources that refer to no other resource of the module. With it, they wait until the name has been compared
  # with the deployed one, and so for the function's log group, which waits until requirements.txt has been checked:
  # nothing is made before. AWS refuses a second log group of the same name, so a second deployment of a name makes
  # nothing at all in the region.
  name = terraform_data.deployed_name.input

  name_may_meet = can(regex("-(dead|later)$", var.name))
}

data "aws_cloudwatch_log_groups" "deployed" {
  count = local.name_may_meet ? 1 : 0

  log_group_name_prefix = "/aws/lambda/${var.name}"
}

# The state when the name was first checked: a deployment from before this rule keeps its name.
resource "terraform_data" "name" {
  count = local.name_may_meet ? 1 : 0

  input = {
    is_deployed = contains(data.aws_cloudwatch_log_groups.deployed[0].log_group_names, "/aws/lambda/${var.name}")
    queue       = var.queue
  }

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition = (
        endswith(var.name, "-dead") ? !var.queue || self.input.is_deployed && self.input.queue : self.input.is_deployed
      )
      error_message = join(" ", [
        "The name of a new bot must not end in -later, or, with queue = true, in -dead: resources of a bot",
        "${replace(var.name, "/-[a-z]+$/", "")} have the same names. Choose another name.",
      ])
    }
  }
}

# The name under which the bot was created. Another name is refused until this resource is replaced.
resource "terraform_data" "deployed_name" {
  input = trimprefix(aws_cloudwatch_log_group.function.name, "/aws/lambda/")

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition = self.input == var.name
      error_message = join(" ", [
        "Another name would delete the bot ${self.input}, with any sessions, scheduled calls and failed updates, and",
        "create another bot. Keep the name, or take the sessions along (docs/how-to/back-up.md) and replay failed",
        "updates (docs/how-to/replay.md). To give up the rest: terraform apply",
        "-replace=module.telegram_bot.terraform_data.deployed_name (telegram_bot: the module's name in your",
        "configuration; in a clone, leave out module.telegram_bot.).",
      ])
    }
  }
}
