"""Hold, expire, erase."""
