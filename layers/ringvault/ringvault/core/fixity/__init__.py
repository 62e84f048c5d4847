"""Checks that the archived objects are unchanged."""
