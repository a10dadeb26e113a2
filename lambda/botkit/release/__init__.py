"""What Terraform and its schedules ask for: the check, the registration, removals and metrics."""
