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

SEARCHES: tuple[tuple[int, float], ...] = ((640, 0.2), (480, 0.08), (640, 0.04))
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
_MAX_PROPOSALS = 300  # a noisy picture must not cost seconds; the most probable are kept


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

        found: list[tuple[FloatArray, FloatArray]] = []
        face = smallest
        while face <= min(image.shape[:2]):
            scale = _CELL / face
            size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
            face /= _PYRAMID
            level = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            offsets, score = self._networks["pnet"].run(None, {"images": _normalised(level[None])})
            rows, columns = np.nonzero(score[0, 1] > _THRESHOLDS["pnet"])
            corner = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
            boxes: FloatArray = np.concatenate([corner, corner + np.float32(_CELL)], axis=1)
            boxes += offsets[0][:, rows, columns].T * _CELL
            scores = score[0, 1, rows, columns]
            kept = suppress(boxes, scores, 0.5)
            found.append((boxes[kept] / np.float32(scale), scores[kept]))
        if not found:
            return np.empty((0, 4), np.float32), np.empty(0, np.float32)
        boxes = np.concatenate([b for b, _ in found])
        scores = np.concatenate([s for _, s in found])
        kept = suppress(boxes, scores, 0.7)[:_MAX_PROPOSALS]
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
        boxes, scores = boxes + offsets * side, score[:, 1]
        sure = np.flatnonzero(scores > _THRESHOLDS[name])
        kept = sure[suppress(boxes[sure], scores[sure], 0.7, of_smaller=name == "onet")]
        return boxes[kept], scores[kept], points[kept]


def suppress(
    boxes: FloatArray, scores: FloatArray, overlap: float, *, of_smaller: bool = False
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression.

    Args:
        boxes: (n, 4): left, top, right, bottom.
        scores: (n,).
        overlap: Share of intersection above which the less probable of two boxes is dropped.
        of_smaller: Whether that is the share of the smaller box, instead of the union of both.

    Returns:
        Indices of the boxes that stay, the most probable first.
    """
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        corner = np.maximum(boxes[best, :2], boxes[order, :2])
        extent = np.minimum(boxes[best, 2:], boxes[order, 2:]) - corner
        shared = np.prod(np.maximum(extent, 0), axis=1)
        smaller = np.minimum(area[best], area[order])
        whole = smaller if of_smaller else area[best] + area[order] - shared
        order = order[shared <= overlap * whole]
    return np.array(kept, dtype=np.int64)


def _normalised(images: NDArray[np.uint8]) -> FloatArray:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float32, as the networks were trained."""
    return np.ascontiguousarray((images.astype(np.float32) - 127.5).transpose(0, 3, 1, 2) / 128)


def _squared(boxes: FloatArray) -> FloatArray:
    """The squares around the same centres, as wide as the longer sides."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _patch(image: NDArray[np.uint8], box: FloatArray, side: int) -> NDArray[np.uint8]:
    """The square of the picture within a box, grey where it reaches beyond, (side, side, 3)."""
    import cv2

    left, top, right, bottom = np.round(box).astype(int)
    height, width = image.shape[:2]
    inside = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inside.size == 0:
        return np.full((side, side, 3), 127, np.uint8)
    padded = cv2.copyMakeBorder(
        inside,
        max(0, -top),
        max(0, bottom - height),
        max(0, -left),
        max(0, right - width),
        cv2.BORDER_CONSTANT,
        value=(127, 127, 127),
    )
    return np.asarray(cv2.resize(padded, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
