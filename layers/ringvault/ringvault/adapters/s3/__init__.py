"""The vault bucket."""
