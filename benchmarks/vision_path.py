"""The whole path from a video to an answer: speed, latency, memory, detectors, and real samples.

    python -m benchmarks.vision_path --shared ../shared [--hours 2]

The talking head is the upper middle of a clip of a person who speaks, brought to 640x360 and
repeated. Speed is that of one process with its defaults; latency is from a picture that a camera
of 25 a second would give to its label; memory is the resident size while a video of `--hours` is
scored as one turn. Faces of known places are the public-domain photo of scikit-image, pasted into
noise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from app.watching.sources import as_it_runs
from app.watching.writer import VideoWriter
from benchmarks.rows import print_table
from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.media import frames, probe
from multimodal.recording import FACE_RATE
from multimodal.scoring import Frame, TurnInput
from vision.detection import FaceDetector, open_detector
from vision.expression import ExpressionModel
from vision.scorer import FaceScorer
from vision.tracking import overlap
from vision.watch import Watch

SAMPLE = Path("data/samples/video-card-replacement.mp4")
SPEAKER = Path("samples/video/Status0_Speaking.mp4")  # 50 pictures a second
SIZE, RATE = (640, 360), 25
SCENES, SEEN_SECONDS, LIVE_SECONDS = 60, 60.0, 20.0
Image = NDArray[np.uint8]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--shared", type=Path, required=True, help="folder with data/ and samples/")
    parser.add_argument("--hours", type=float, default=0.25, help="length for the memory")
    options = parser.parse_args()
    yunet = options.shared / "data/faces/weights/face_detection_yunet_2023mar.onnx"
    with tempfile.TemporaryDirectory() as folder:
        head = talking_head(options.shared / SPEAKER, Path(folder))
        speed = {
            f"{name}, {rate:g} pictures a second": speed_of(head, detector, rate)
            for name, detector in (("mtcnn", "mtcnn"), ("yunet", str(yunet)))
            for rate in (FACE_RATE, float(RATE))
        }
        print("## A talking head of 640x360\n")
        print_table(speed)
        print(f"\n## Latency of `watch`, {RATE} pictures a second\n")
        print_table({"mtcnn": latency_of(head, "mtcnn"), "yunet": latency_of(head, str(yunet))})
        print(f"\n## Memory over {options.hours:g} hours\n")
        print_table({"mtcnn": memory_of(head, Path(folder) / "long.mp4", options.hours)})
    print(f"\n## Detectors on {SCENES} scenes with faces of known places\n")
    print_table(
        {
            name: recall_of(open_detector(file))
            for name, file in (("mtcnn", "mtcnn"), ("yunet", str(yunet)))
        }
    )
    print("\n## Samples\n")
    print_table(dict(samples(options.shared / "samples")))


def talking_head(source: Path, folder: Path) -> Path:
    """The upper middle of a clip, `RATE` pictures a second, repeated for `SEEN_SECONDS`."""
    once, path = folder / "once.mp4", folder / "head.mp4"
    with VideoWriter(once, SIZE) as writer:
        for at, image in frames(source, 0.0, probe(source).seconds, rate=RATE):
            height, width = image.shape[:2]
            part = image[: height // 2, width // 4 : width // 4 + width // 2]
            writer.add(at, np.asarray(cv2.resize(part, SIZE), np.uint8))
    _repeat(once, path, SEEN_SECONDS)
    return path


def score(
    scorer: FaceScorer, pictures: Callable[[], Iterator[tuple[float, Image]]]
) -> EmotionScores:
    """The answer to one turn with these pictures."""
    turn = TurnInput(
        Turn(Role.CUSTOMER), frames=lambda: (Frame(at, image) for at, image in pictures())
    )
    return scorer.score([turn])[0]


def speed_of(path: Path, detector: str, rate: float) -> dict[str, Any]:
    """Pictures of the video a second of work, decoding included, after one run to warm up."""
    scorer, seconds = FaceScorer(detector=detector), probe(path).seconds
    pictures = sum(1 for _ in frames(path, 0.0, seconds, rate=1000.0))  # all that are there
    score(scorer, lambda: frames(path, 0.0, 2.0, rate=rate))
    start = time.perf_counter()
    answer = score(scorer, lambda: frames(path, 0.0, seconds, rate=rate))
    took = time.perf_counter() - start
    return {
        "frames of video a second": pictures / took,
        "ms a picture looked at": took * 1000 / (seconds * rate),
        "answer": answer.label,
        "reliability": answer.reliability,
    }


def latency_of(path: Path, detector: str) -> dict[str, Any]:
    """Milliseconds from a picture to its label, as a camera would give them."""
    watch = Watch(
        lambda: as_it_runs(frames(path, 0.0, LIVE_SECONDS, rate=RATE)),
        open_detector(detector),
        ExpressionModel(),
        lossless=False,
    )
    took = [seen.latency * 1000 for seen in watch.run()][RATE:]  # the first second warms up
    return {
        "p50 ms": statistics.median(took),
        "p95 ms": statistics.quantiles(took, n=20)[-1],
        "pictures": len(took),
        "dropped": watch.dropped,
    }


def memory_of(head: Path, path: Path, hours: float) -> dict[str, Any]:
    """Resident MiB after a tenth of a long video, at most, and at its end; in one turn."""
    seconds = hours * 3600
    _repeat(head, path, seconds)
    sizes: list[float] = []

    def pictures() -> Iterator[tuple[float, Image]]:
        for index, one in enumerate(frames(path, 0.0, seconds, rate=FACE_RATE)):
            if index % 250 == 0:
                sizes.append(_resident())
            yield one

    start = time.perf_counter()
    score(FaceScorer(), pictures)
    return {
        "MiB after a tenth": sizes[len(sizes) // 10],
        "at most": max(sizes),
        "at the end": sizes[-1],
        "minutes of work": (time.perf_counter() - start) / 60,
    }


def _repeat(source: Path, path: Path, seconds: float) -> None:
    """The same packets again and again, with later times."""
    with av.open(str(path), "w") as out:
        target, offset, clock = None, 0, 0.0
        while target is None or offset * clock < seconds:
            with av.open(str(source)) as container:
                stream = container.streams.video[0]
                if target is None:
                    target = out.add_stream_from_template(stream)
                    target.time_base = stream.time_base
                    clock = float(stream.time_base or 0)
                for packet in container.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = target
                    out.mux(packet)
                offset += int(stream.duration or 0)


def _resident() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def recall_of(detector: FaceDetector) -> dict[str, Any]:
    """Found faces of known places, one or three in a picture, 18 to 188 pixels high."""
    photo = np.asarray(skimage.data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    face, place = photo[0:250, 120:330], np.array([60, 62, 148, 174]) / np.array([210, 250] * 2)
    chance = np.random.default_rng(5)
    found = wrong = 0
    took, wanted_all = [], 0
    for scene in range(SCENES):
        canvas = chance.normal(110, 12, (540, 960, 3)).clip(0, 255).astype(np.uint8)
        wanted = []
        count = 1 if scene % 2 else 3
        for number in range(count):
            height = int(np.exp(chance.uniform(np.log(40), np.log(420 if count == 1 else 300))))
            width = height * 210 // 250
            left = number * 320 + int(chance.integers(0, max(1, 320 - width)))
            top = int(chance.integers(0, 540 - height))
            canvas[top : top + height, left : left + width] = cv2.resize(face, (width, height))
            wanted.append(np.array([left, top] * 2) + place * np.array([width, height] * 2))
        start = time.perf_counter()
        faces = detector.detect(canvas)
        took.append((time.perf_counter() - start) * 1000)
        hits = [max((overlap(one.box, box) for one in faces), default=0.0) > 0.4 for box in wanted]
        found += sum(hits)
        wanted_all += len(wanted)
        wrong += max(0, len(faces) - sum(hits))
    return {
        "found": found / wanted_all,
        "faces": wanted_all,
        "found where none is": wrong,
        "ms a picture of 960x540": statistics.median(took),
    }


def samples(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each clip and photo gave; faces are those of one picture a second, at most."""
    scorer, detector = FaceScorer(), open_detector()
    for path in sorted([*(folder / "video").iterdir(), *(folder / "images").iterdir(), SAMPLE]):
        opened = _photo(path) if path.parent.name == "images" else partial(_clip, path)
        if opened is None:
            continue
        start = time.perf_counter()
        answer = score(scorer, partial(opened, FACE_RATE))
        took = time.perf_counter() - start
        yield (
            path.name,
            {
                "faces": max((len(detector.detect(image)) for _, image in opened(1.0)), default=0),
                "answer": answer.label if answer.reliability else f"missing: {answer.reason}",
                "probability": float(answer.probabilities.max()),
                "reliability": answer.reliability,
                "seconds": took,
            },
        )


def _clip(path: Path, rate: float) -> Iterator[tuple[float, Image]]:
    return frames(path, 0.0, probe(path).seconds, rate=rate)


def _photo(path: Path) -> Callable[[float], Iterator[tuple[float, Image]]] | None:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        return None
    scale = min(1.0, 1280 / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rgb = np.ascontiguousarray(small[:, :, ::-1], dtype=np.uint8)
    return lambda _rate: iter([(0.0, rgb)])


if __name__ == "__main__":
    main()
