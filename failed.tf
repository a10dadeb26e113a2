# Failed updates and events, which the function or Lambda gave up, wait in a queue until somebody replays them.

locals {
  failed_environment = var.failed_retention_in_days == null ? {} : merge(
    { FAILED_QUEUE_URL = aws_sqs_queue.failed[0].url },
    var.queue ? { DEAD_LETTERS_URL = aws_sqs_queue.dead_letters[0].url } : {},
  )

  failed_queues = var.failed_retention_in_days == null ? [] : concat(aws_sqs_queue.failed, aws_sqs_queue.dead_letters)

  failed_statements = flatten([
    [for queue in aws_sqs_queue.failed : {
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}"
    }],
    [for queue in local.failed_queues : {
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}"
    }],
    # To count messages before a queue is deleted: the live version's policy still allows it then.
    [for queue in concat(aws_sqs_queue.failed, aws_sqs_queue.dead_letters) : {
      Effect   = "Allow"
      Action   = "sqs:GetQueueAttributes"
      Resource = "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}"
    }],
  ])

  # The queues that this apply deletes, if they exist: the check counts their messages.
  unwanted_queues = [
    for name in compact([
      var.failed_retention_in_days == null ? "${var.name}-failed" : "",
      var.queue ? "" : "${var.name}-dead.fifo",
    ]) : "https://sqs.${local.region}.${local.dns_suffix}/${local.account}/${name}"
  ]

  # Both major versions of the AWS CLI read a payload from a file unchanged, and write the result before the
  # FunctionError or "None". Each replay ends after a while, so that no NAT gateway drops a silent connection.
  # The parentheses keep `exit` from ending the shell into which somebody pastes this.
  replay_command = <<-EOT
    (
      code=0
      while :; do
        result=$(printf '{"tf": {"action": "replay"}}' | aws lambda invoke --function-name ${var.name} \
          --qualifier ${aws_lambda_alias.live.name} --region ${local.region} \
          --cli-read-timeout 0 --payload fileb:///dev/stdin --query FunctionError --output text /dev/stdout) || exit 2
        echo "$${result%None}"
        result=$(printf %s "$result" | tr -d ' \n')
        case $result in *'"failed":0,'*None) ;; *) code=1 ;; esac
        case $result in *'"more":true}None') ;; *) exit $code ;; esac
      done
    )
  EOT
}

# This queue and the dead-letter queue are deleted after the check, which fails while they have messages. A resource
# that they depend on would also be created before it is destroyed, which the function's role can't be.
resource "aws_sqs_queue" "failed" {
  count = var.failed_retention_in_days == null ? 0 : 1

  name                      = "${local.name}-failed"
  message_retention_seconds = var.failed_retention_in_days * 24 * 3600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
