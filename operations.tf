# What can be switched on beside the request path.

# Queue, for answers that take longer than API Gateway waits. The function puts updates into it, and
# Lambda gives them back to the function, one at a time of each chat.

resource "aws_sqs_queue" "updates" {
  count = var.queue ? 1 : 0

  name                      = "${var.name}.fifo"
  fifo_queue                = true
  deduplication_scope       = "messageGroup" # an update's group never changes
  fifo_throughput_limit     = "perMessageGroupId"
  message_retention_seconds = 1209600 # 14 days, the most: a chat's updates wait for the one that is tried again
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # An invocation that was killed is tried again then. AWS advises six times the function's time-out, so that a
  # batch which Lambda throttles is tried again meanwhile; here a batch is one update, and its chat waits.
  visibility_timeout_seconds = max(var.timeout + 30, 60)

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 20 # three hours, with the pauses of botkit/queue.py
  })
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.queue ? 1 : 0

  name                      = "${var.name}-dead-letters.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_lambda_event_source_mapping" "updates" {
  count = var.queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.updates[0].arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1 # of a batch, all later updates of a failed one's chat would have to be given back, too
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # The other containers are for the webhook.
  scaling_config {
    maximum_concurrency = min(floor(coalesce(var.reserved_concurrency, 10) / 2), 1000)
  }

  depends_on = [aws_iam_role_policy.this]
}
