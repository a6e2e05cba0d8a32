"""Face: the video of a turn to emotion scores."""
