"""Real servers and other helpers that several test packages share."""
