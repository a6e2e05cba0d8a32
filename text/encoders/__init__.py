"""Encoders that the project pretrained: Hugging Face folders, float16, with their tokenisers."""

from pathlib import Path

COMPACT = Path(__file__).parent / "mini"
"""The encoder that fine-tuning starts from where none is named."""
