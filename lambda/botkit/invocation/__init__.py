"""What all of botkit shares while the function runs: its settings, and the calls it has made."""
