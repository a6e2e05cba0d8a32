"""What our own models say, joined to dialogues that were only ever judged by people.

EmotionTalk has four human labels per turn but no media here. Its words are scored for real, by
text models that had not seen the speakers. A voice and a face score are *drawn*: among the
out-of-fold scores that our audio and vision models gave clips of other corpora with the same label
as the human label of this turn's voice or face. That assumes that a model's error depends on
nothing but the label (not on the words, the speaker, or the other channel).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import Case, Judgements
from fusion.loglinear import Array, K, Weights, posterior
from fusion.trajectory import TURN_SATISFACTION, sentiment_of
from multimodal.conversation import Role
from multimodal.emotions import EMOTIONS, Emotion
from multimodal.errors import InputFileError, InvalidInputError
from multimodal.scoring import FACE, TEXT, VOICE

_FILES = {VOICE: "audio_oof.npz", FACE: "vision_oof.npz"}
SEED = 20


def realistic(turns: Judgements, runs: Path, *, half: int) -> Judgements:
    """Human one-hot labels replaced by our models' scores.

    Args:
        turns: EmotionTalk.
        runs: Folder with `text_oof.npz`, `audio_oof.npz`, `vision_oof.npz`.
        half: 0 or 1: which half of the voice and face scores to draw from, so that a score that
            was trained on is never tested on.

    Returns:
        The turns whose words were scored (the judged folds of the text model); where a model's
        corpora lack the label, that channel is uniform.
    """
    rng = np.random.default_rng(SEED + half)
    words = out_of_fold(runs / "text_oof.npz", "id", "probabilities")
    row = {str(name): i for i, name in enumerate(words["id"])}
    known = np.array([turn in row for turn in turns.ids])
    if not known.any():
        raise InvalidInputError(
            f"none of {len(known)} turns has an out-of-fold text score.",
            where=str(runs / "text_oof.npz"),
        )
    turns = turns.rows(known)
    inputs = np.empty_like(turns.probabilities)
    inputs[:, turns.modalities.index(TEXT)] = words["probabilities"][[row[i] for i in turns.ids]]
    for name, file in _FILES.items():
        column = turns.modalities.index(name)
        labels = turns.probabilities[:, column].argmax(axis=1)
        bank = out_of_fold(runs / file, "probabilities", "label")
        mine = np.random.default_rng(SEED).permutation(len(bank["label"])) % 2 == half
        for label in range(K):
            wanted = np.flatnonzero(labels == label)
            scores = bank["probabilities"][mine & (bank["label"] == label)]
            inputs[wanted, column] = (
                scores[rng.integers(len(scores), size=len(wanted))] if len(scores) else 1 / K
            )
    return replace(turns, probabilities=inputs / inputs.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, slots=True, eq=False)
class WordsRead:
    """What the text model read in service dialogues that it had not seen.

    Attributes:
        cases: The dialogues.
        emotional: Of each dialogue float64 (turns, 3): sentiment from the fused emotions; zeros
            for agents' turns.
        head: Likewise, from the head `turn_satisfaction`; the same as `emotional` without it.
        angry: Likewise bool (turns,): whether `angry` was the fused label.
    """

    cases: tuple[Case, ...]
    emotional: tuple[Array, ...]
    head: tuple[Array, ...]
    angry: tuple[NDArray[np.bool_], ...]

    def sentiments(self, head_share: float) -> list[Array]:
        """The blended sentiment of every turn, see `fusion.trajectory.blend`."""
        return [
            (1 - head_share) * a + head_share * b
            for a, b in zip(self.emotional, self.head, strict=True)
        ]

    def by_label(self, head_share: float) -> dict[int, Array]:
        """The sentiments (n, 3) that were read in turns of each human satisfaction label."""
        found: dict[int, list[Array]] = {0: [], 1: [], 2: []}
        for case, rows in zip(self.cases, self.sentiments(head_share), strict=True):
            own = rows[[turn.role is Role.CUSTOMER for turn in case.conversation.turns]]
            for label, sentiment in zip(case.labels, own, strict=True):
                if label is not None and sentiment.any():
                    found[label].append(sentiment)
        return {label: np.array(rows) for label, rows in found.items()}


def words_read(cases: list[Case], path: Path, fuser: Weights) -> WordsRead:
    """Joins the text model's out-of-fold answers to the turns of JDDC or STC-3.

    Dialogues of folds that the text model did not judge are left out.

    Args:
        cases: The dialogues.
        path: An `.npz` with `id` (dialogue), `turn` (the customer's turns from 0), `emotion`
            (n, 7) and, on JDDC, `turn_satisfaction` (n, 3).
        fuser: The weights that turn words alone into the fused answer.
    """
    labelled = bool(cases and cases[0].labels)
    names = ("id", "turn", "emotion", *((TURN_SATISFACTION,) if labelled else ()))
    read = out_of_fold(path, *names)
    inputs = np.full((len(read["id"]), len(fuser.names), K), 1 / K)
    reliability = np.zeros(inputs.shape[:2])
    column = fuser.names.index(TEXT)
    inputs[:, column] = read["emotion"]
    reliability[:, column] = 1.0
    fused = posterior(fuser, inputs, reliability)
    row = {
        (str(name), int(turn)): i
        for i, (name, turn) in enumerate(zip(read["id"], read["turn"], strict=True))
    }
    judged = {name for name, _ in row}
    cases = [case for case in cases if case.conversation.external_id in judged]
    emotional, head, angry = [], [], []
    for case in cases:
        turns = case.conversation.turns
        a, b = np.zeros((len(turns), 3)), np.zeros((len(turns), 3))
        c = np.zeros(len(turns), dtype=bool)
        own = [i for i, turn in enumerate(turns) if turn.role is Role.CUSTOMER]
        for number, i in enumerate(own):
            found = row.get((case.conversation.external_id, number))
            if found is not None:
                a[i] = sentiment_of(fused[found], 0.0)
                b[i] = read[TURN_SATISFACTION][found] if labelled else a[i]
                c[i] = fused[found].argmax() == EMOTIONS.index(Emotion.ANGRY)
        emotional.append(a)
        head.append(b)
        angry.append(c)
    return WordsRead(tuple(cases), tuple(emotional), tuple(head), tuple(angry))


def turn_report(read: WordsRead) -> dict[str, float]:
    """What was read in customers' turns against what people said of each (JDDC).

    Returns:
        `angry_of_contented`: the share labelled angry of the turns that people called neutral or
        satisfied; `angry_of_dissatisfied`; `auroc_negative`: of P(negative) for the dissatisfied.
    """
    from sklearn.metrics import roc_auc_score

    bad, angry, negative = [], [], []
    for case, marks, sentiment in zip(read.cases, read.angry, read.emotional, strict=True):
        own = [t.role is Role.CUSTOMER for t in case.conversation.turns]
        for label, mark, p in zip(case.labels, marks[own], sentiment[own], strict=True):
            if label is not None and p.any():
                bad.append(label == 0)
                angry.append(mark)
                negative.append(p[0])
    dissatisfied, marked = np.array(bad), np.array(angry)
    return {
        "angry_of_contented": float(marked[~dissatisfied].mean()),
        "angry_of_dissatisfied": float(marked[dissatisfied].mean()),
        "auroc_negative": float(roc_auc_score(dissatisfied, negative)),
    }


def out_of_fold(path: Path, *names: str) -> dict[str, Any]:
    """Arrays of an `.npz` of out-of-fold answers.

    Raises:
        InputFileError: If there is no such file.
        InvalidInputError: If it lacks one of the arrays.
    """
    if not path.is_file():
        raise InputFileError(
            "there is no such file of out-of-fold scores.",
            where=str(path),
            remedy="Train the text, audio and vision models with their out-of-fold option first.",
        )
    with np.load(path, allow_pickle=False) as data:
        if set(names) - set(data.files):
            raise InvalidInputError(
                f"it holds {data.files}, expected {list(names)}.", where=str(path)
            )
        return {name: data[name] for name in names}
