"""The state of each recording."""
