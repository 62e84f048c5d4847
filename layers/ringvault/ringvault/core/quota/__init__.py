"""The quota of requests to RingCentral."""
