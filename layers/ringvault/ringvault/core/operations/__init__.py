"""What an administrator asks."""
