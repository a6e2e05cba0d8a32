"""Words: the text of a turn to emotion scores."""
