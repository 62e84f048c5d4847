"""Set up a stack and check it."""
