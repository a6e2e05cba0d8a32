"""Pictures with and without faces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.detection import FaceDetector

Image = NDArray[np.uint8]


@pytest.fixture(scope="session")
def astronaut() -> Image:
    import skimage

    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    return FaceDetector()
