"""The bucket's layout, sidecars and checksums."""
