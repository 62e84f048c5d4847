"""The other services of AWS."""
