"""What was archived is unchanged."""
