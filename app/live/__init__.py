"""Conversations while they are held: turns as they come, a call's sound, and one to replay."""
