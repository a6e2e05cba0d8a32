"""What of a recording is handed on, and what is not."""

from __future__ import annotations

import numpy as np

from multimodal.conversation import WHOLE_PICTURE
from multimodal.recording import cropped


def test_regions_are_cut_to_pixels() -> None:
    image = np.arange(4 * 6 * 3).reshape(4, 6, 3).astype(np.uint8)
    assert cropped(image, WHOLE_PICTURE).shape == (4, 6, 3)
    assert (cropped(image, (0.5, 0.5, 0.5, 0.5)) == image[2:, 3:]).all()
    assert cropped(image, (1.0, 1.0, 1e-9, 1e-9)).shape == (1, 1, 3)
    assert cropped(image[:1, :1], (0.25, 0.25, 0.5, 0.5)).shape == (1, 1, 3)
