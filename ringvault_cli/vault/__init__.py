"""What is in the vault: verify, rebuild, hold, erase."""
