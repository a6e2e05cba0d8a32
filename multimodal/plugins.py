"""Finds scorers and fusers through entry points, so that a fourth modality is a new package.

A plug-in registers a class that can be built without arguments:

    [project.entry-points."multimodal.scorers"]
    heart_rate = "my_package.scorer:HeartRateScorer"
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from multimodal.errors import ModelMissingError
from multimodal.scoring import MODALITIES, Fuser, Scorer
from multimodal.transcription.protocol import Transcriber

SCORERS = "multimodal.scorers"
FUSERS = "multimodal.fusers"
TRANSCRIBERS = "multimodal.transcribers"


def load_scorers(options: Mapping[str, Mapping[str, str]] | None = None) -> list[Scorer]:
    """One scorer per installed modality: text, voice, face, then plug-ins by name.

    Args:
        options: Modality to what its scorer is built with, such as another `checkpoint`; an empty
            value leaves the scorer its own.

    Raises:
        ModelMissingError: If an installed package's scorer cannot be built.
    """
    found = {point.name: point for point in entry_points(group=SCORERS)}
    order = [*(name for name in MODALITIES if name in found), *sorted(set(found) - set(MODALITIES))]
    scorers = []
    for name in order:
        given = (options or {}).get(name, {})
        scorer = found[name].load()(**{key: value for key, value in given.items() if value})
        if not isinstance(scorer, Scorer):
            raise _misfit(found[name], "Scorer")
        scorers.append(scorer)
    return scorers


def load_fuser(name: str = "late") -> Fuser:
    """The installed fuser of that name.

    Raises:
        ModelMissingError: If there is none, or it cannot be built.
    """
    found = {point.name: point for point in entry_points(group=FUSERS)}
    if name not in found:
        raise ModelMissingError(
            f"there is no fuser {name!r}; installed are {', '.join(sorted(found)) or 'none'}.",
            remedy="Install the package that provides it.",
        )
    fuser = found[name].load()()
    if not isinstance(fuser, Fuser):
        raise _misfit(found[name], "Fuser")
    return fuser


def load_transcriber(name: str, model: Path) -> Transcriber:
    """The installed transcriber of that name, with a model of the user's.

    Args:
        name: For instance `sherpa-onnx`.
        model: The folder of its model.

    Raises:
        ModelMissingError: If there is no such transcriber, its library is not installed, or the
            folder holds no model for it.
    """
    found = {point.name: point for point in entry_points(group=TRANSCRIBERS)}
    if name not in found:
        raise ModelMissingError(
            f"there is no transcriber {name!r}; there are {', '.join(sorted(found)) or 'none'}.",
            remedy="Name one of these, or install the package that provides it.",
        )
    transcriber = found[name].load()(model)
    if not isinstance(transcriber, Transcriber):
        raise _misfit(found[name], "Transcriber")
    return transcriber


def _misfit(point: EntryPoint, protocol: str) -> ModelMissingError:
    return ModelMissingError(
        f"{point.value} is no {protocol}: it lacks some of its attributes.",
        where=f"entry point {point.name!r}",
        remedy="See multimodal/scoring.py for what it must have.",
    )
