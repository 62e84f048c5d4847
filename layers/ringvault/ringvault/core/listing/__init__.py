"""From the call log into the catalogue and the queue."""
