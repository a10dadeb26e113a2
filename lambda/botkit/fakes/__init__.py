"""Stand-ins for the function's surroundings: AWS's services and its invoker. Not packed."""
