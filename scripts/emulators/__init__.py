"""The outside world, for the demo and the tests: Telegram, AWS, and Lambda with one container."""
