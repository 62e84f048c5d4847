"""RingCentral over HTTP."""
