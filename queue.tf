# Queue, for answers that take longer than API Gateway waits. The function puts updates into it, and Lambda invokes the
# function with them, one at a time for each chat.

locals {
  queue_environment = var.queue ? { QUEUE_URL = aws_sqs_queue.updates[0].url } : {}

  queue_statements = [for queue in aws_sqs_queue.updates : {
    Effect = "Allow"
    Action = [
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    Resource = "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}"
  }]

  # For the registration: after bypass_queue is replaced, the webhook is registered again.
  queue_triggers = var.queue ? { queue_removal = aws_lambda_invocation.bypass_queue[0].result } : {}

  # For the check of an older version, which has its own time-out: an update that it is still answering must not be
  # redelivered.
  expected_time = var.queue && !local.is_newest ? {
    hidden_seconds = aws_sqs_queue.updates[0].visibility_timeout_seconds
  } : {}

  # Chats that are answered in parallel. The other containers are for the webhook: a new account has ten in all.
  half_of_containers = floor(coalesce(var.reserved_concurrency, 10) / 2)
  queue_concurrency  = coalesce(var.queue_concurrency, min(local.half_of_containers, 1000)) # AWS allows at most 1000

  # A request that has begun may take half a minute to put its update into the queue. A minute later, SQS's counts are
  # right.
  quiet_seconds = 90
}

resource "aws_sqs_queue" "updates" {
  count = var.queue ? 1 : 0

  name                  = "${aws_iam_role.this.name}.fifo"
  fifo_queue            = true
  deduplication_scope   = "messageGroup" # an update's group never changes
  fifo_throughput_limit = "perMessageGroupId"
  # 14 days, the maximum: updates wait while an earlier one in their chat is retried.
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null # SQS takes one of the two
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags

  # After this time, SQS redelivers the update of an invocation that was killed. AWS advises six times the function's
  # time-out, for retries of batches that Lambda throttles. But here a batch is one update, and its chat waits. This
  # changes before the check: if a release with a shorter time-out is refused, the version that stays hides updates for
  # longer by itself (sources/queue.py).
  visibility_timeout_seconds = max(var.timeout + 30, 60)

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 20 # three to five hours, with the pauses that the function sets
  })
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.queue ? 1 : 0

  name                      = "${local.name}-dead.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600                               # 14 days
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null # SQS takes one of the two
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags

  lifecycle {
    create_before_destroy = true # see aws_sqs_queue.failed
  }
}

resource "aws_lambda_event_source_mapping" "updates" {
  count = var.queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.updates[0].arn
  function_name           = aws_lambda_alias.live.arn
  batch_size              = 1 # in a larger batch, a failed update would also return the later ones in its chat
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = local.queue_concurrency
  }

  depends_on = [aws_iam_role_policy.this]
}

# The queue's removal, when queue becomes false, the name changes, or everything is destroyed. It comes before the
# check, so the previous version must keep answering without a queue. Therefore these resources, destroyed from the last
# to the first, register an address that bypasses the queue, wait until no update comes into it any more, and wait until
# those in it are answered. Like aws_lambda_invocation.deregister_webhook, they do nothing until they are destroyed.

resource "aws_lambda_invocation" "drain_queue" {
  count = var.queue ? 1 : 0

  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_alias.live.name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.webhook_url, is = "queue" })

  # The webhook's removal comes last at a destroy, so that no registration follows it.
  depends_on = [aws_lambda_event_source_mapping.updates, aws_lambda_invocation.deregister_webhook]
}

resource "terraform_data" "queue_is_quiet" {
  count = var.queue ? 1 : 0

  input            = local.quiet_seconds
  triggers_replace = aws_sqs_queue.updates[0].url # each queue has its own end

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["python3", "-c"] # without a shell
    command     = "import time; time.sleep(${self.input})"
  }

  depends_on = [aws_lambda_invocation.drain_queue]
}

resource "aws_lambda_invocation" "bypass_queue" {
  count = var.queue ? 1 : 0

  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_alias.live.name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.webhook_url, is = "way around the queue" })

  depends_on = [terraform_data.queue_is_quiet]
}
