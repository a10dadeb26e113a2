output "api_id" {
  description = "Id of the HTTP API, for routes, domains and metrics of your own."
  value       = aws_apigatewayv2_api.this.id
}

output "function_alias_arn" {
  description = "ARN of the function's alias, for rules, topics, buckets and schedules that invoke the bot."
  value       = aws_lambda_alias.live.arn
}

output "function_alias_name" {
  description = "Name of the function's alias, the qualifier of a permission to invoke it: \"live\"."
  value       = aws_lambda_alias.live.name
}

output "function_name" {
  description = "Name of the Lambda function."
  value       = aws_lambda_function.this.function_name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "logs_command" {
  description = "Shell command that follows the function's logs."
  value       = "aws logs tail ${aws_cloudwatch_log_group.function.name} --follow --region ${local.region}"
}

output "mini_app_url" {
  description = "URL of the Mini App, for buttons of the type web_app. Null without mini_app."
  value       = var.mini_app == null ? null : local.mini_app_url
}

output "queue_url" {
  description = "URL of the SQS queue of updates. Null without queue."
  value       = var.queue ? aws_sqs_queue.updates[0].url : null
}

output "redrive_command" {
  description = "Shell command that moves dead letters back into the queue, after a repair. Null without queue."
  value = var.queue ? join(" ", [
    "aws sqs start-message-move-task --region ${local.region}",
    "--source-arn ${local.dead_letters_arn} --destination-arn ${local.queue_arn}",
  ]) : null
}

output "role_name" {
  description = "Name of the function's IAM role, to attach more policies to."
  value       = aws_iam_role.this.name
}

output "session_table_name" {
  description = "Name of the sessions' table. Null without session_retention_in_days."
  value       = var.session_retention_in_days == null ? null : aws_dynamodb_table.sessions[0].name
}

output "webhook_info" {
  description = <<-EOT
    The webhook as Telegram reported it at the last apply (getWebhookInfo): url, pending_update_count and
    last_error_message.
  EOT
  value       = jsondecode(aws_lambda_invocation.register_webhook.result)
}

output "webhook_url" {
  description = "URL to which Telegram delivers updates."
  value       = local.webhook_url
}
