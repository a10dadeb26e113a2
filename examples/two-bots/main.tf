# Two different bots in one account and region. `name` keeps them apart: function, role, API,
# logs, webhook. Each one's code is in the folder of its name, its token in a SecureString in
# Parameter Store: /sales-bot/token and /support-bot/token.

module "bot" {
  source   = "../.." # elsewhere: "git::https://github.com/OWNER/terraform-aws-telegram-bot?ref=v1.0.0"
  for_each = toset(["sales-bot", "support-bot"])

  name                         = each.key
  source_dir                   = "${path.module}/${each.key}"
  telegram_bot_token_parameter = "/${each.key}/token"
}

output "webhooks" {
  description = "Each bot's webhook, as Telegram reported it at the last apply."
  value       = { for name, bot in module.bot : name => bot.webhook }
}
