"""Compares call log, catalogue and vault, and reports what is missing."""
