"""Known answers, tampering and malformed input, against every provider that is installed."""
