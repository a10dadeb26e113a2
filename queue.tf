# Queue, for answers that take longer than API Gateway waits. The function puts updates into it, and
# Lambda invokes the function with them, one at a time for each chat.

locals {
  queue = {
    environment = { for queue in aws_sqs_queue.updates : "QUEUE_URL" => queue.url }
    statements = [for queue in aws_sqs_queue.updates : {
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
      ]
      Resource = "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}"
    }]
    alarms = {
      for name, alarm in {
        dead_letters = {
          metric     = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"]
          dimensions = { QueueName = "${var.name}-dead.fifo" }
          advice     = <<-EOT
            Updates that could not be answered in 20 tries, some three hours, are in the dead-letter queue, for 14 days. The
            log says why. Fix that, then move them back with aws sqs start-message-move-task.
          EOT
        }
        # Telegram gets its 200 at once, so only these two notice that answers have stopped. SQS may leave an update
        # that is received again and again out of the age of the oldest one: the first goes off then.
        unreachable = {
          periods = 2
          seconds = 900
          advice  = <<-EOT
            For half an hour Telegram or AWS could not be reached, so updates in the queue get no answer. Find "unreachable" in
            the log: its error says which. They are tried again for some three hours, and then become dead letters.
          EOT
        }
        queue_waits = {
          metric     = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"]
          dimensions = { QueueName = "${var.name}.fifo" }
          threshold  = max(900, 2 * var.timeout)
          periods    = 3
          advice     = <<-EOT
            For 15 minutes an update has waited too long in the queue. The log's outcomes say why: wait if Telegram is
            unreachable or limits the rate, else fix what the error says. If there is no error, raise reserved_concurrency.
          EOT
        }
      } : name => alarm if var.queue
    }
  }

  queue_removal = { for drain in aws_lambda_invocation.drain_queue : "queue_removal" => drain.result }
}

resource "aws_sqs_queue" "updates" {
  count = var.queue ? 1 : 0

  name                      = "${aws_iam_role.this.name}.fifo"
  fifo_queue                = true
  deduplication_scope       = "messageGroup" # an update's group never changes
  fifo_throughput_limit     = "perMessageGroupId"
  message_retention_seconds = 1209600 # 14 days, the maximum: updates wait while an earlier one in their chat is retried
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # When the update of an invocation that was killed is delivered again. AWS advises six times the function's
  # time-out, to retry batches that Lambda throttles; here a batch is one update, and its chat waits.
  visibility_timeout_seconds = max(var.timeout + 30, 60)

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 20 # three hours, with the pauses that the function sets
  })
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.queue ? 1 : 0

  name                      = "${aws_iam_role.this.name}-dead.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_lambda_event_source_mapping" "updates" {
  count = var.queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.updates[0].arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1 # in a larger one, an update that fails would also return the later ones in its chat
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # The other containers are for the webhook.
  scaling_config {
    maximum_concurrency = min(floor(coalesce(var.reserved_concurrency, 10) / 2), 1000)
  }

  depends_on = [aws_iam_role_policy.this]
}

# Like aws_lambda_invocation.deregister_webhook, it does nothing until it is destroyed: before the queue, when
# queue becomes false, the name changes, or everything goes. It then removes the webhook, so that Telegram
# keeps what arrives meanwhile, and waits until what is in the queue has been answered.
resource "aws_lambda_invocation" "drain_queue" {
  count = length(aws_lambda_event_source_mapping.updates)

  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.webhook_url, is = "queue" })

  depends_on = [aws_lambda_event_source_mapping.updates]
}
