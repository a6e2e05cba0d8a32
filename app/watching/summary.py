"""What there was to see, in a few figures."""

from __future__ import annotations

from collections import deque

import numpy as np

from vision.watch import Seen

_KEPT = 10_000  # latencies, of the latest pictures: a camera may run for weeks


class Summary:
    """Counts what was seen.

    Attributes:
        pictures: Pictures that were looked at.
        faces: Those of them with a face.
    """

    def __init__(self) -> None:
        self.pictures = 0
        self.faces = 0
        self._latencies: deque[float] = deque(maxlen=_KEPT)

    def add(self, seen: Seen) -> None:
        """Counts one picture."""
        self.pictures += 1
        self.faces += seen.sight is not None
        self._latencies.append(seen.latency)

    def row(self) -> dict[str, float]:
        """The counts, and milliseconds from capture to label: median and 95th percentile."""
        p50, p95 = np.percentile(self._latencies, [50, 95]) * 1000
        return {
            "pictures": self.pictures,
            "with_face": self.faces,
            "latency_ms_p50": round(float(p50), 1),
            "latency_ms_p95": round(float(p95), 1),
        }
