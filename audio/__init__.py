"""Voice: the speech of a turn to emotion scores."""
