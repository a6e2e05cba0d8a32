"""What is installed: cards, measured figures by class, and calibration on the site's own calls."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accuracy import counted
from app.checkpoints import installed
from app.settings import Settings
from app.statistics import effective_size, wilson
from app.store.measured import Answered

BINS = 10
"""Of the reliability diagram, equally wide."""


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """What a training measured on one set of people or texts that it never saw.

    Attributes:
        name: As the metrics name it.
        figures: Numbers over all of it (`accuracy`, `macro_f1`, `ece`, ...), by name.
        per_class: `precision`, `recall`, `f1` and `n` of each class.
    """

    name: str
    figures: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A checkpoint.

    Attributes:
        package: `text`, `audio`, `vision` or `fusion`.
        name: Its name.
        version: Its version.
        terms: `open` or `research`.
        sha256: Digest of weights and configuration.
        in_use: Whether it answers now.
        megabytes: Of all its files.
        sets: What was measured.
        card: The model card, Markdown.
    """

    package: str
    name: str
    version: str
    terms: str
    sha256: str
    in_use: bool
    megabytes: float
    sets: Sequence[MeasuredSet]
    card: str


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about one confidence, and how many were right.

    Attributes:
        confidence: Their mean confidence, in [0, 1].
        n: How many.
        accuracy: Share that the reviewer agreed with.
        low: Lower end of its 95 % interval (Wilson, by effective size).
        high: Upper end.
    """

    confidence: float
    n: int
    accuracy: float
    low: float
    high: float


def cards(settings: Settings, in_use: Collection[str]) -> list[InstalledModel]:
    """Every checkpoint, those in use first.

    Args:
        settings: Say where those trained here lie.
        in_use: Digests of the models that answer now.

    Raises:
        CheckpointError: If one is damaged.
    """
    found = []
    for package, one in installed(settings):
        files = [file for file in one.path.iterdir() if file.is_file()]
        card = one.path / "README.md"
        info = one.info
        found.append(
            InstalledModel(
                package,
                info.name,
                info.version,
                info.terms,
                info.sha256,
                info.sha256 in in_use,
                round(sum(file.stat().st_size for file in files) / 1e6, 2),
                list(_sets(one.metrics)),
                card.read_text("utf-8") if card.is_file() else "",
            )
        )
    return sorted(found, key=lambda one: not one.in_use)


def calibration(answers: Sequence[Answered]) -> list[Bin]:
    """The reliability diagram of fused answers on the random queue (Guo et al. 2017), by bins.

    Args:
        answers: Of turns; those of second reviewers do not count.
    """
    bins: dict[int, list[Answered]] = {}
    for one in answers:
        if one.slot == 1 and one.confidence is not None:
            bins.setdefault(min(int(one.confidence * BINS), BINS - 1), []).append(one)
    found = []
    for _, inside in sorted(bins.items()):
        clusters = counted(inside)
        n, size = len(inside), effective_size(clusters)
        share = sum(k for k, _ in clusters) / n
        mean = sum(one.confidence or 0.0 for one in inside) / n
        found.append(Bin(mean, n, share, *wilson(share * size, size)))
    return found


def _sets(metrics: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[MeasuredSet]:
    """Every part of the metrics that has results by class, however deep it lies."""
    per_class = metrics.get("per_class")
    if isinstance(per_class, dict):
        figures = {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        yield MeasuredSet(" · ".join(path), figures, per_class)
    for name, value in metrics.items():
        if isinstance(value, dict) and name != "per_class":
            yield from _sets(value, (*path, name))
