"""Playback: search, rights, URLs and the audit."""
