"""A RingCentral account on this machine: sign-in, call log, recordings, quota and faults."""
