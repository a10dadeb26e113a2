"""The outside world on this machine: Telegram, AWS, its API Gateway and Lambda's Runtime API."""
