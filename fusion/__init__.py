"""Late fusion: scores of a turn to one answer, and a conversation to its trajectory."""
