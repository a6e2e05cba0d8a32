"""Watching a camera or a video file: where pictures come from, what is drawn, where it goes."""
