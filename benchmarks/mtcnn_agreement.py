"""Our MTCNN beside the `mtcnn` package's own on TensorFlow: the same faces, the same boxes.

    python -m venv /tmp/tf && /tmp/tf/bin/pip install tensorflow-cpu "mtcnn>=1.0,<2" lz4
    python -m benchmarks.mtcnn_agreement --python /tmp/tf/bin/python [--pictures ../shared/samples]

The package runs in an interpreter of its own, so that TensorFlow stays out of the product's. Both
see a picture as our first search does: at 640 pixels at most, with the same smallest face; ours are
also compared as they are by default, coarse to fine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from multimodal.media import frames, probe
from vision.mtcnn import MIN_FACE, MtcnnDetector
from vision.tracking import overlap

ROOT = Path(__file__).resolve().parents[1]
SIDE = 640
AGREED = 0.95
PACKAGE = """
import sys
import numpy as np
from mtcnn import MTCNN
detector = MTCNN()
pictures = np.load(sys.argv[1])
found = {}
for name in pictures:
    faces = detector.detect_faces(pictures[name], min_face_size=int(sys.argv[3]), box_format="xyxy")
    found[name] = np.array([f["box"] for f in faces or []], np.float32).reshape(-1, 4)
np.savez(sys.argv[2], **found)
"""

Image = NDArray[np.uint8]


def pictures_of(folder: Path) -> Iterator[tuple[str, Image]]:
    """Photographs, and the picture in the middle of each clip: name and RGB."""
    for path in sorted((folder / "images").iterdir()):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is not None:
            yield path.name, np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    for path in sorted((folder / "video").glob("*.mp4")):
        middle = probe(path).seconds / 2
        for _, picture in frames(path, middle, middle + 1, rate=1):
            yield path.name, picture


def reduced(image: Image) -> Image:
    """The picture at `SIDE` pixels at most."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def package_boxes(python: Path, pictures: dict[str, Image]) -> dict[str, NDArray[np.float32]]:
    """Boxes that the package finds, per picture: left, top, right, bottom, (n, 4)."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "pictures.npz", Path(folder) / "boxes.npz"
        np.savez(given, **pictures)  # type: ignore[arg-type]  # its stubs confuse names and flags
        command = [str(python), "-c", PACKAGE, str(given), str(found), str(MIN_FACE)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with np.load(found) as boxes:
            return {name: boxes[name] for name in boxes}


def best_overlaps(of: NDArray[np.float32], among: list[NDArray[np.float32]]) -> list[float]:
    """For each box of the package the IoU with the nearest of ours."""
    return [max((overlap(box, other) for other in among), default=0.0) for box in of]


def main() -> None:
    """Prints a row per picture and the sums; fails where boxes do not agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", type=Path, required=True, help="Interpreter with TensorFlow.")
    parser.add_argument("--pictures", type=Path, default=ROOT.parent / "shared" / "samples")
    given = parser.parse_args()
    pictures = {name: reduced(image) for name, image in pictures_of(given.pictures)}
    theirs = package_boxes(given.python, pictures)
    detector = MtcnnDetector()
    whole: list[float] = []
    print("| picture | faces: package | ours | IoU, same search | IoU, coarse to fine |")
    print("| --- | --- | --- | --- | --- |")
    for name, image in pictures.items():
        limits = np.array([*image.shape[1::-1], *image.shape[1::-1]], np.float32)
        same = [np.clip(f.box, 0, limits) for f in detector.search(image, MIN_FACE)]
        quick = [np.clip(f.box, 0, limits) for f in detector.detect(image)]
        ious = best_overlaps(theirs[name], same)
        fine = best_overlaps(theirs[name], quick)
        whole += ious
        cells = [f"{min(values):.3f}" if values else "" for values in (ious, fine)]
        print(f"| {name} | {len(theirs[name])} | {len(same)} | {' | '.join(cells)} |")
    agreed = sum(value >= AGREED for value in whole)
    print(f"\n{agreed} of the package's {len(whole)} boxes have one of ours with IoU >= {AGREED}")
    print(f"(median {statistics.median(whole):.3f}, least {min(whole):.3f}).")
    if agreed < len(whole):
        sys.exit(1)


if __name__ == "__main__":
    main()
