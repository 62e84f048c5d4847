"""What is known of a recording."""
