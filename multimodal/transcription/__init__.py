"""Recordings to words: what a transcriber is, and a recording's turns through one.

A transcriber is found through the entry points `multimodal.transcribers` and made from the folder
of a model that the user supplies; or it is any program that prints a known transcript format
(`multimodal.transcription.command`). Nothing is ever downloaded.
"""

from __future__ import annotations

from multimodal.transcription.protocol import RATE, Transcriber
from multimodal.transcription.recording import transcribed_turns

__all__ = ["RATE", "Transcriber", "transcribed_turns"]
