"""What bots use and never edit: the Bot API (`telegram`), AWS (`aws`), and what Lambda needs."""
