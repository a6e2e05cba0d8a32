"""What moved an answer, character by character, as the words that a person is shown."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import Evidence
from text.features import Normalised

_SPANS = 5
_CONTRAST = 0.2
"""Characters that moved the answer less than this share of the strongest are left out."""


def spans_of(
    source: str, text: Normalised, by_character: NDArray[np.float64]
) -> tuple[Evidence, ...]:
    """Spans of the source that moved the answer most, strongest first.

    Args:
        source: The turn's text.
        text: The same, normalised.
        by_character: float64 (len(text.characters),), how much each moved the answer: above zero
            where it spoke for it.
    """
    inner = by_character[1:-1]
    strongest = np.abs(inner).max(initial=0.0)
    if strongest == 0.0:
        return ()
    signs = np.sign(inner) * (np.abs(inner) >= _CONTRAST * strongest)
    scale = np.abs(inner).sum()
    spans = []
    gaps = np.diff(np.array(text.places[1:-1])) > 1  # A span never runs over what was not read.
    cuts = np.flatnonzero((np.diff(signs) != 0) | gaps) + 1
    edges = [0, *cuts.tolist(), len(signs)]
    for first, behind in pairwise(edges):
        start, end = text.places[first + 1], text.places[behind] + 1
        words = source[start:end]
        if signs[first] and words.strip():
            weight = float(np.clip(inner[first:behind].sum() / scale, -1, 1))
            spans.append(Evidence("word", words, round(weight, 4), start, end))
    return tuple(sorted(spans, key=lambda span: -abs(span.weight))[:_SPANS])
