output "function_arn" {
  description = "ARN of the Lambda function, for what may invoke it: a schedule, a topic, a queue."
  value       = aws_lambda_function.this.arn
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
  description = "Shell command that shows the function's logs as they come."
  value       = "aws logs tail ${aws_cloudwatch_log_group.function.name} --follow --region ${local.region}"
}

output "role_name" {
  description = "Name of the function's role, to attach further policies to."
  value       = aws_iam_role.this.name
}

output "webhook" {
  description = "The webhook as Telegram reported it at the last apply: url, pending_updates (how many wait there), last_error (null if there was none)."
  value       = jsondecode(aws_lambda_invocation.webhook.result)
}

output "webhook_url" {
  description = "Address that Telegram delivers updates to."
  value       = local.webhook_url
}
