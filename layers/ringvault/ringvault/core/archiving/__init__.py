"""From RingCentral into the vault."""
