"""RingCentral's call log, credentials, tokens and retention."""
