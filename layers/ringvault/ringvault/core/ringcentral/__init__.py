"""What RingCentral is to the rules."""
