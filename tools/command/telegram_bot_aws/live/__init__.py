"""Tools for real bots: they never import a fake."""
