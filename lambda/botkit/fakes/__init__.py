"""Stand-ins for what surrounds the function: AWS's services and its invoker. Not packed."""
