"""Answers to Terraform and its schedules: the check, the registration, removals and metrics."""
