"""Alerts: what a supervisor wants to be told of, when it is so, and who is told."""
