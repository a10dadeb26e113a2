"""Runs on this machine for all tools: processes, Terraform, the function in a container."""
