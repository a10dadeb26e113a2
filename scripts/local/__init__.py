"""What runs on this machine for all scripts: processes, Terraform, the function in a container."""
