"""The state of the archive, and its upkeep."""
