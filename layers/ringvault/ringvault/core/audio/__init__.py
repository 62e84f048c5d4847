"""What the bytes are."""
