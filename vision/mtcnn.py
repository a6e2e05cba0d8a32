"""MTCNN's cascade, coarse to fine: the default face detector.

The cost of MTCNN (Zhang et al. 2016) lies in its image pyramid, so pictures are reduced and
searched for large faces first; smaller ones are searched for only where none was found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from vision.detection import Face
from vision.expression import open_session
from vision.networks import Name, build_onnx, read_weights

SEARCHES: tuple[tuple[int, float], ...] = ((640, 0.2), (400, 0.08), (640, 0.04))
"""For each search the longer side in pixels to which the picture is reduced, and the smallest face
as a share of the reduced picture's shorter side. The second is reduced more, because averaging
takes the grain out of noisy pictures."""
MIN_FACE = 20
"""Smallest face in pixels of the reduced picture; MTCNN finds none below."""

_CELL = 12  # P-Net's field of view in pixels, at a stride of 2
_STRIDE = 2
_PYRAMID = 0.709  # from one level of the pyramid to the next the area halves
_THRESHOLDS: dict[Name, float] = {"pnet": 0.6, "rnet": 0.7, "onet": 0.8}
_PATCH: dict[Name, int] = {"rnet": 24, "onet": 48}
_MAX_PROPOSALS = 300  # a noisy picture must not cost seconds


class MtcnnDetector:
    """MTCNN on ONNX Runtime, without TensorFlow.

    Raises:
        ModelMissingError: If the `mtcnn` package, which carries the weights, is not installed.
        CheckpointError: If its weights are not the known ones.
    """

    def __init__(self) -> None:
        names: tuple[Name, ...] = ("pnet", "rnet", "onet")
        self._networks = {
            name: open_session(build_onnx(name, read_weights(name))) for name in names
        }

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """All faces of the largest size at which there are any, the most probable first.

        Args:
            image: RGB uint8 (height, width, 3).
        """
        import cv2

        height, width = image.shape[:2]
        faces: list[Face] = []
        for longer, share in SEARCHES:
            scale = min(1.0, longer / max(height, width))
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            smallest = max(MIN_FACE, share * min(size))
            found = self.search(reduced, smallest)
            if found:
                faces = [Face(f.box / scale, f.landmarks / scale, f.score) for f in found]
            # Faces below the smallest size are found by luck, so that others may have been missed.
            if any(face.size >= smallest for face in found):
                break
        return faces

    def search(self, image: NDArray[np.uint8], smallest: float) -> list[Face]:
        """The cascade on the picture as it is, for faces of at least `smallest` pixels."""
        boxes, scores = self._propose(image, smallest)
        if len(boxes):
            boxes, scores, _ = self._refine("rnet", image, boxes)
        if not len(boxes):
            return []
        boxes, scores, landmarks = self._refine("onet", image, boxes)
        return [Face(*face) for face in zip(boxes, landmarks, scores.tolist(), strict=True)]

    def _propose(self, image: NDArray[np.uint8], smallest: float) -> tuple[FloatArray, FloatArray]:
        """P-Net over the pyramid: boxes (n, 4) and scores (n,)."""
        import cv2

        whole = image.astype(np.float32)
        found: list[tuple[FloatArray, FloatArray]] = []
        face = smallest
        while face <= min(image.shape[:2]):
            scale = _CELL / face
            size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
            face /= _PYRAMID
            level = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
            offsets, score = self._networks["pnet"].run(None, {"images": _normalised(level[None])})
            rows, columns = np.nonzero(score[0, 1] > _THRESHOLDS["pnet"])
            corner = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
            # Pixels are counted from 1 in the original MATLAB code, which the weights are from.
            boxes: FloatArray = np.concatenate([corner + 1, corner + np.float32(_CELL)], axis=1)
            boxes += offsets[0][:, rows, columns].T * np.float32(_CELL - 1)
            scores = score[0, 1, rows, columns]
            kept = suppress(boxes, scores, 0.5)
            found.append((boxes[kept] / np.float32(scale), scores[kept]))
        if not found:
            return np.empty((0, 4), np.float32), np.empty(0, np.float32)
        boxes = np.concatenate([b for b, _ in found])
        scores = np.concatenate([s for _, s in found])
        kept = suppress(boxes, scores, 0.7)
        return boxes[kept], scores[kept]

    def _refine(
        self, name: Name, image: NDArray[np.uint8], boxes: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """R-Net or O-Net: boxes (n, 4), scores (n,) and landmarks (n, 5, 2) of what stays."""
        boxes = _squared(boxes)
        patches = np.stack([_patch(image, box, _PATCH[name]) for box in boxes])
        offsets, *landmarks, score = self._networks[name].run(
            None, {"images": _normalised(patches)}
        )
        side = (boxes[:, 2] - boxes[:, 0])[:, None]
        points = np.zeros((len(boxes), 5, 2), np.float32)
        if landmarks:
            points = landmarks[0].reshape(-1, 2, 5).transpose(0, 2, 1) * side[:, None]
            points += boxes[:, None, :2]
        boxes, scores = boxes + offsets * (side + 1), score[:, 1]
        sure = np.flatnonzero(scores > _THRESHOLDS[name])
        kept = sure[suppress(boxes[sure], scores[sure], 0.7, of_smaller=name == "onet")]
        return boxes[kept], scores[kept], points[kept]


def suppress(
    boxes: FloatArray, scores: FloatArray, overlap: float, *, of_smaller: bool = False
) -> NDArray[np.int64]:
    """Non-maximum suppression as in the `mtcnn` package.

    A box is dropped if a more probable one overlaps it, even if that one is dropped itself; of
    equally probable ones the last counts as more so. Of more than `_MAX_PROPOSALS` boxes the most
    probable are looked at.

    Args:
        boxes: (n, 4): left, top, right, bottom.
        scores: (n,).
        overlap: Share of intersection above which the less probable of two boxes is dropped.
        of_smaller: Whether that is the share of the smaller box, instead of the union of both.

    Returns:
        Indices of the boxes that stay, the most probable first.
    """
    order = np.argsort(scores, kind="stable")[::-1][:_MAX_PROPOSALS]
    boxes = boxes[order]
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    extent = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - corner
    shared = np.prod(np.maximum(extent, 0), axis=2)
    if of_smaller:
        whole = np.minimum(area[:, None], area[None, :])
    else:
        whole = area[:, None] + area[None, :] - shared
    overlapped = np.triu(shared > overlap * whole, k=1).any(axis=0)
    return np.asarray(order[~overlapped], np.int64)


def _normalised(images: NDArray[np.uint8] | FloatArray) -> FloatArray:
    """(n, h, w, 3) in [0, 255] to (n, 3, h, w) float32, as the networks were trained."""
    return np.ascontiguousarray((images.astype(np.float32) - 127.5).transpose(0, 3, 1, 2) / 128)


def _squared(boxes: FloatArray) -> FloatArray:
    """The squares around the same centres, as wide as the longer sides."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _patch(image: NDArray[np.uint8], box: FloatArray, side: int) -> NDArray[np.uint8]:
    """The picture within a box, grey where it reaches beyond, (side, side, 3).

    Sampled without averaging, from corner to corner, as `crop_and_resize` of TensorFlow does it in
    the `mtcnn` package.
    """
    import cv2

    height, width = image.shape[:2]
    left, top, right, bottom = box * (1 - 1 / np.array([width, height, width, height]))
    across, down = (right - left) / (side - 1), (bottom - top) / (side - 1)
    transform = np.array([[across, 0, left], [0, down, top]])
    patch = cv2.warpAffine(
        image,
        transform,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(127, 127, 127),
    )
    return np.asarray(patch, np.uint8)
