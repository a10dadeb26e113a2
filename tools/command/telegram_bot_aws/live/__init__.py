"""Tools for real bots. Of the fakes they use how these store and how they make a request."""
