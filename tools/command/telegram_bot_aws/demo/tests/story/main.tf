provider "aws" {
  region = "eu-central-1"
}

variable "token" {
  type      = string
  sensitive = true
}

module "telegram_bot" {
  source = "../../../../../.."

  name                      = "story-bot"
  source_dir                = "${path.module}/bot"
  telegram_bot_token        = var.token
  allowed_ids               = [1001, 1002, 1003] # but Eve
  queue                     = true
  session_retention_in_days = 1
}
