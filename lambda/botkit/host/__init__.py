"""What hosts a bot. A bot never imports it."""
