"""Audio formats: recognition, duration and waveform."""
