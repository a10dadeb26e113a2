# Name: some of a bot's resources have its name with an ending, which must not be another bot's name. The bot a-every
# would have the schedule group of a bot a for what recurs, a-later the role of its Scheduler, and the queue a-dead.fifo
# has its dead letters.

locals {
  # For resources that refer to no other of the module. By it they wait for the name to be compared with the deployed
  # one, and so for the function's log group, which waits for requirements.txt to be checked: until then nothing is
  # made. AWS refuses a second log group of a name, so a second deployment of the name makes nothing at all in the
  # region.
  name = terraform_data.deployed_name.input

  name_may_meet = can(regex("-(dead|every|later)$", var.name))
}

data "aws_cloudwatch_log_groups" "deployed" {
  count = local.name_may_meet ? 1 : 0

  log_group_name_prefix = "/aws/lambda/${var.name}"
}

# What there was when the name was first looked at: a deployment from before this rule keeps its name.
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
        "The name of a new bot must not end in -every or -later, nor with queue = true in -dead: resources of a bot",
        "${replace(var.name, "/-[a-z]+$/", "")} have the same names. Choose another name.",
      ])
    }
  }
}

# The name under which the bot was made: another one is refused, until this is replaced.
resource "terraform_data" "deployed_name" {
  input = trimprefix(aws_cloudwatch_log_group.function.name, "/aws/lambda/")

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition = self.input == var.name
      error_message = join(" ", [
        "Another name would delete the bot ${self.input}, with its sessions, scheduled calls and failed updates, if it",
        "has them, and make another bot: keep the name. docs/how-to/back-up.md shows how to take the sessions along,",
        "docs/how-to/replay.md how to answer what failed. To give up the rest: terraform apply",
        "-replace=module.telegram_bot.terraform_data.deployed_name (telegram_bot: the module's name in your",
        "configuration; in a clone, leave out module.telegram_bot.).",
      ])
    }
  }
}

# Earlier versions noted it for each kind of data. One resource can't come from several, but from the end of a chain.
# If there are two of them, Terraform warns once that it deletes the other one.
moved {
  from = terraform_data.failed_name
  to   = terraform_data.later_name[0]
}

moved {
  from = terraform_data.later_name[0]
  to   = terraform_data.sessions_name[0]
}

moved {
  from = terraform_data.sessions_name[0]
  to   = terraform_data.deployed_name
}
