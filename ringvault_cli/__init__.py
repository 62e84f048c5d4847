"""The command `ringvault`: each command parses, calls one use case and prints what it says."""
