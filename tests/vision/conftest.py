"""Pictures with and without faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import require
from vision.detection import FaceDetector, open_detector

Image = NDArray[np.uint8]


@pytest.fixture(scope="session")
def astronaut() -> Image:
    import skimage

    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    return open_detector()


@pytest.fixture(scope="session")
def yunet_file(shared: Path) -> Path:
    path = shared / "data" / "faces" / "weights" / "face_detection_yunet_2023mar.onnx"
    require(path.is_file(), f"YuNet's file, which users supply, is not at {path}")
    return path


@pytest.fixture(scope="session", params=["mtcnn", "yunet"])
def any_detector(request: pytest.FixtureRequest) -> FaceDetector:
    if request.param == "mtcnn":
        return open_detector()
    return open_detector(str(request.getfixturevalue("yunet_file")))
