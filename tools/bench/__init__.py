"""How fast the function is, beside others, and how far the stack goes."""
