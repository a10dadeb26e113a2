"""AWS on this machine: MiniStack, its API Gateway, and Lambda's Runtime API."""
