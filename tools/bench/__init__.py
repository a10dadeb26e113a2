"""How fast the function is, compared with others, and how far the stack goes."""
