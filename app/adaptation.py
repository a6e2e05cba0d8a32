"""`emotion-monitor adapt`: fuser and thresholds fitted to what people said here; taking it back."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from app.checkpoints import ADAPTED, BASE
from app.settings import Settings
from app.store import Filter, Scope, Store
from app.thresholds import drop_thresholds, keep_thresholds
from fusion.adaptation import FOLDS, LEAST, PRIOR_WIDTH, Example, adapt
from fusion.late import LateFuser
from fusion.loglinear import Weights
from fusion.site_thresholds import fit_thresholds
from multimodal.checkpoints import Checkpoint, load_checkpoint, model_card, save_checkpoint
from multimodal.conversation import Role, Turn
from multimodal.emotions import EMOTIONS, UNKNOWN
from multimodal.errors import (
    ConflictError,
    EmotionMonitorError,
    InvalidInputError,
    NotFoundError,
)
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import TEXT, Fuser, TurnInput


def adapt_site(
    settings: Settings, monitor: EmotionMonitor, queue: str, files: Sequence[Path]
) -> dict[str, Any]:
    """Fits fuser and thresholds for a queue, or for all that have no fit of their own.

    The fuser learns from the turns that people corrected, and the other turns of the same
    conversations, which whoever corrected them let stand; and from the labelled turns of the files.
    The thresholds learn from reviewers' verdicts on conversations, beside the risk that the fuser
    in use gives these. Each is put to use if it helps by itself, and else left as it was.

    Args:
        settings: Name the store, and where checkpoints are kept.
        monitor: Scores the words of the files, and answers today.
        queue: Skill group; empty for all.
        files: Labelled CSV or JSON lines with `text` and `emotion`, see `text.labelled`.

    Returns:
        `queue`; `fusion` and `thresholds`, each with `refused` (why it was not put to use) or with
        `written` (what was) and the metrics of `fusion.adaptation.Adapted`.

    Raises:
        InvalidInputError: If there are too few examples and too few verdicts, or a file is not as
            it should be.
        ConflictError: If neither helps on what was kept back: nothing is changed.
    """
    refusals: list[EmotionMonitorError] = []
    found: dict[str, Any] = {"queue": queue}
    with Store(settings) as store:
        examples = [*_corrected(store, queue), *_labelled(monitor, files)]
        fuser = monitor.fuser_by_queue.get(queue, monitor.fuser)
        try:
            found["fusion"] = _fit_fuser(settings, queue, examples)
            fuser = LateFuser(found["fusion"]["written"])
        except (InvalidInputError, ConflictError) as error:
            refusals.append(error)
            found["fusion"] = {"refused": str(error)}
        try:
            found["thresholds"] = _fit_thresholds(settings, queue, *_verdicts(store, fuser, queue))
        except (InvalidInputError, ConflictError) as error:
            refusals.append(error)
            found["thresholds"] = {"refused": str(error)}
    if len(refusals) == 2:
        first, second = refusals
        # Whichever had enough to be tried says more.
        told = second if isinstance(second, ConflictError) else first
        raise type(told)(
            f"fusion: {first.what} Thresholds: {second.what}", remedy=told.remedy
        ) from told
    return found


def _fit_fuser(settings: Settings, queue: str, examples: Sequence[Example]) -> dict[str, Any]:
    base = load_checkpoint("fusion", BASE)
    adapted = adapt(Weights.load(base.file("weights.npz")), examples)
    found = {**adapted.metrics, "queue": queue}
    _require_help(found)
    folder = _folder(settings, queue)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as unfinished:
        work = Path(unfinished) / folder.name
        work.mkdir()
        adapted.weights.save(work / "weights.npz")
        _complete(work, base, adapted.weights.names, found)
        if folder.exists():
            folder.rename(Path(unfinished) / "earlier")
        work.rename(folder)
    return {**adapted.metrics, "written": str(folder)}


def _fit_thresholds(
    settings: Settings, queue: str, risk: Sequence[float], dissatisfied: Sequence[bool]
) -> dict[str, Any]:
    fitted = fit_thresholds(risk, dissatisfied)
    _require_help(fitted.metrics)
    file = keep_thresholds(settings, queue, fitted.by, fitted.metrics)
    return {**fitted.metrics, **asdict(fitted.thresholds), "written": str(file)}


def _require_help(found: Mapping[str, Any]) -> None:
    if not found["helps"]:
        before, after = found["shipped"], found["adapted"]
        raise ConflictError(
            f"it does not help: of {found['n']} examples kept back in turn, "
            f"{after['accuracy']:.0%} are right instead of {before['accuracy']:.0%}, and the "
            "log-loss fell by "
            f"{found['gain']:.3f} with a standard error of {found['gain_se']:.3f}.",
            remedy="Nothing was changed. Correct or judge more and try again.",
        )


def undo(settings: Settings, queue: str) -> list[str]:
    """Takes fits back: the shipped fuser and the fixed thresholds answer again.

    Returns:
        What is gone: `fusion`, `thresholds` or both.

    Raises:
        NotFoundError: If there is neither.
    """
    folder = _folder(settings, queue)
    gone = ["thresholds"] if drop_thresholds(settings, queue) else []
    if folder.is_dir():
        shutil.rmtree(folder)
        gone.insert(0, "fusion")
    if not gone:
        name = f"for the queue {queue!r}" if queue else "for all queues"
        raise NotFoundError(f"there is no adaptation {name}.", where=str(folder))
    return gone


def _verdicts(store: Store, fuser: Fuser, queue: str) -> tuple[list[float], list[bool]]:
    """Of each judged conversation the risk at its end, and whether the customer was dissatisfied.

    The risk is that of the fuser that will answer, from the scores that are kept.
    """
    who = Scope("adapt")
    risks, dissatisfied = [], []
    for number, said in store.verdicts.outcomes(queue, who).items():
        scored = store.get(number, who).scored
        scores = [turn.scores for turn in scored.turns]
        if any(not one.is_missing for of_turn in scores for one in of_turn.values()):
            track = fuser.track(scored.conversation, scores, fuser.fuse(scores))
            risks.append(track.risk[-1])
            dissatisfied.append(said)
    return risks, dissatisfied


def _corrected(store: Store, queue: str) -> Iterator[Example]:
    wanted = Filter(queue=queue or None, status="scored")
    for stored in store.iterate(wanted, Scope("adapt")):
        said = {c.number: c.label for c in stored.corrections if c.revoked_at is None}
        if not said:
            continue
        for number, turn in enumerate(stored.scored.turns, start=1):
            if turn.turn.role is not Role.CUSTOMER or turn.answer.label == UNKNOWN:
                continue
            label = said.get(number, turn.answer.label)
            index = [emotion.value for emotion in EMOTIONS].index(label)
            yield Example(turn.scores, index, f"conversation {stored.row.id}")


def _labelled(monitor: EmotionMonitor, files: Sequence[Path]) -> list[Example]:
    if not files:
        return []
    from text.corpora import EMOTION
    from text.labelled import read_labelled

    items = read_labelled(files)[EMOTION].items
    scorer = next(scorer for scorer in monitor.scorers if scorer.modality == TEXT)
    inputs = [TurnInput(Turn(Role.CUSTOMER, item.text), item.previous) for item in items]
    return [
        Example({TEXT: scores}, int(np.argmax(item.target)), item.group)
        for scores, item in zip(scorer.score(inputs), items, strict=True)
    ]


def _folder(settings: Settings, queue: str) -> Path:
    digest = hashlib.sha256(queue.encode()).hexdigest()[:12]
    return settings.checkpoint_dir / "fusion" / (f"{ADAPTED}-{digest}" if queue else ADAPTED)


def _complete(
    folder: Path, base: Checkpoint, modalities: tuple[str, ...], found: dict[str, Any]
) -> None:
    """Configuration, metrics and card beside the weights."""
    info, before, after = base.info, found["shipped"], found["adapted"]
    where = f"the queue {found['queue']}" if found["queue"] else "all queues"
    config = {
        "name": folder.name,
        "version": "1.0.0",
        "terms": info.terms,
        "task": "fusion",
        "modalities": list(modalities),
        "queue": found["queue"],
        "adapted_from": info.sha256,
    }
    card = model_card(
        title=f"fusion/{folder.name}",
        summary=f"The fuser {info.release} fitted to what people corrected in {where}.",
        terms=info.terms,
        data=[
            (
                "this site's corrections and labelled turns",
                f"{found['n']} turns of {found['conversations']} conversations",
                "the site's own",
            )
        ],
        split=f"{FOLDS} folds by conversation; classes with fewer than {LEAST} examples left out.",
        measured=[
            (name, f"{after[key]:.3f}", f"{info.release} {before[key]:.3f}")
            for key, name in (("accuracy", "accuracy"), ("log_loss", "log-loss"))
        ],
        command="emotion-monitor adapt",
        cost="As the fuser that it was fitted from.",
        use="At this site only. `emotion-monitor adapt --undo` takes it back.",
        limits=[
            "Turns that a reviewer left as they were count as confirmed.",
            "Corrections are made where somebody looked: they are no random sample.",
        ],
        method="One bias per emotion and one factor per modality, maximum a posteriori with a "
        f"Gaussian prior of width {PRIOR_WIDTH} around the shipped weights.",
    )
    save_checkpoint(folder, config=config, metrics=found, files=["weights.npz"], card=card)
