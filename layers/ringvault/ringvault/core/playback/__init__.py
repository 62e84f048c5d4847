"""Who may hear what."""
