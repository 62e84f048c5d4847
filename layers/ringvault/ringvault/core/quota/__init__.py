"""Who may call RingCentral, and when."""
