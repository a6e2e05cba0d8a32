"""The pages of alerts and rules."""
