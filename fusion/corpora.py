"""The corpora that teach fusion and the trajectory, read exactly as they lie on disk.

A path is a `.jsonl.gz` file, or a folder with such files (read in the order of their names).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Conversation, Role, Turn
from multimodal.corpora import json_lines
from multimodal.emotions import EMOTIONS, NEGATIVE, POSITIVE, emotion_from_label
from multimodal.errors import InvalidInputError
from multimodal.scoring import FACE, TEXT, VOICE

EMOTIONTALK = "emotiontalk"
CREMA_D = "crema_d_votes"
TAOBAO = "taobao_satisfaction"
JDDC = "uss_jddc"
STC3 = "stc3_helpdesk"
OVERALL = "OVERALL"

_LABEL_FIELDS = {TEXT: "text_label", VOICE: "audio_label", FACE: "face_label"}
_VOTES = {"N": "neutral", "H": "happy", "S": "sad", "A": "anger", "D": "disgust", "F": "fear"}
_KEYS: Mapping[str, frozenset[str]] = {
    EMOTIONTALK: frozenset({"id", "dialogue", "fused", *_LABEL_FIELDS.values()}),
    CREMA_D: frozenset({"clip", "actor", "voice", "face", "both"}),
    TAOBAO: frozenset({"satisfaction", "turns"}),
    STC3: frozenset({"id", "turns", "annotations"}),
    JDDC: frozenset({"id", "turns"}),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Judgements:
    """Turns of which each modality was judged on its own, and all together.

    Attributes:
        name: `EMOTIONTALK` or `CREMA_D`.
        modalities: Names of the modalities, the second axis below.
        probabilities: float64 (n, M, 7), each row summing to 1.
        truth: int64 (n,): index of the emotion that was judged from everything.
        groups: str (n,): the people of the turn (dialogue group or actor); never split these.
        ids: str (n,).
        allowed: Indices of the emotions that the corpus can name.
        contradicts: bool (n,): whether people found one modality positive and another negative.
    """

    name: str
    modalities: tuple[str, ...]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]
    groups: NDArray[np.str_]
    ids: NDArray[np.str_]
    allowed: tuple[int, ...]
    contradicts: NDArray[np.bool_]

    def rows(self, chosen: NDArray[Any]) -> Judgements:
        """Some of the turns: a mask or indices, (k,)."""
        per_turn = ("probabilities", "truth", "groups", "ids", "contradicts")
        return replace(self, **{name: getattr(self, name)[chosen] for name in per_turn})


@dataclass(frozen=True, slots=True, eq=False)
class Dialogue:
    """A service dialogue with the sentiment of every turn and the customer's final satisfaction.

    Attributes:
        customer: bool (n,): whether the customer speaks.
        sentiment: float64 (n, 3): negative, neutral, positive; rows of zeros for agents' turns,
            whose sentiment the product never has.
        words: int64 (n,): number of words of each turn.
        outcome: 0 dissatisfied, 1 neutral, 2 satisfied.
        digest: Of everything that is said; dialogues of several files can be the same.
    """

    customer: NDArray[np.bool_]
    sentiment: NDArray[np.float64]
    words: NDArray[np.int64]
    outcome: int
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A service conversation in words, and how it ended.

    Attributes:
        conversation: The conversation.
        outcome: 0 dissatisfied, 1 neutral, 2 satisfied.
        labels: Of each customer's turn the satisfaction that was labelled, or None; empty where
            the corpus labels whole conversations only.
    """

    conversation: Conversation
    outcome: int
    labels: tuple[int | None, ...] = ()


def corpus_of(path: Path) -> str:
    """Which corpus lies there, by the keys of its first record.

    Raises:
        InputFileError: If there is no `.jsonl.gz` there, or it cannot be read.
        InvalidInputError: If it is none of the corpora known here.
    """
    file, number, record = next(json_lines(path), (path, 0, {}))
    for name, keys in _KEYS.items():
        if keys <= record.keys():
            return name
    raise InvalidInputError(
        f"the fields {sorted(record)} are those of no fusion corpus.",
        where=f"{file}, line {number}",
        remedy=f"Known are {', '.join(_KEYS)}.",
    )


def read_emotiontalk(path: Path) -> Judgements:
    """EmotionTalk: one-hot human labels from words, voice and face alone; truth = `fused`."""

    def read(record: Mapping[str, Any]) -> tuple[Any, ...]:
        inputs = [np.eye(len(EMOTIONS))[_index(record[f])] for f in _LABEL_FIELDS.values()]
        group = record["dialogue"].partition("_")[0]
        return inputs, _index(record["fused"]), group, record["id"]

    everything = tuple(range(len(EMOTIONS)))
    return _judgements(EMOTIONTALK, tuple(_LABEL_FIELDS), map_records(path, read), everything)


def read_crema_d(path: Path) -> Judgements:
    """CREMA-D: shares of the votes of who only heard or only saw; truth = majority of `both`.

    Clips whose majority is tied are left out.
    """

    def read(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
        both = _votes(record["both"])
        if (both == both.max()).sum() > 1:
            return None
        voice, face = _votes(record["voice"]), _votes(record["face"])
        inputs = [voice / voice.sum(), face / face.sum()]
        return inputs, int(both.argmax()), record["actor"], record["clip"]

    allowed = tuple(sorted(_index(name) for name in _VOTES.values()))
    rows = (row for row in map_records(path, read) if row is not None)
    return _judgements(CREMA_D, (VOICE, FACE), rows, allowed)


def read_taobao(path: Path, *, agents: bool = False) -> list[Dialogue]:
    """Taobao service dialogues: human sentiment per turn, satisfaction per dialogue.

    Args:
        path: Of the corpus.
        agents: Keep what people said of agents' turns too: for the baseline that needs it alone.
    """

    def read(record: Mapping[str, Any]) -> Dialogue:
        turns = record["turns"]
        customer = np.array([turn["role"] == "customer" for turn in turns])
        one_hot = np.eye(3)[[turn["sentiment"] - 1 for turn in turns]]
        return Dialogue(
            customer,
            one_hot if agents else one_hot * customer[:, None],
            np.array([len(turn["words"]) for turn in turns]),
            _outcome(record["satisfaction"] - 1),
            sha256(repr([(turn["role"], turn["words"]) for turn in turns]).encode()).hexdigest(),
        )

    return list(map_records(path, read))


def read_jddc(path: Path) -> list[Case]:
    """JD.com dialogues; the outcome is the satisfaction that was labelled last.

    That is the label of the whole dialogue, at a turn with the word OVERALL that nobody said: it
    is no turn of the conversation.
    """

    def read(record: Mapping[str, Any]) -> Case:
        turns: list[Turn] = []
        pairs = [pair for pair in record["turns"] if pair["user"] != OVERALL]
        for pair in pairs:
            turns.append(Turn(Role.CUSTOMER, pair["user"]))
            if pair["system"]:
                turns.append(Turn(Role.AGENT, pair["system"]))
        labels = tuple(pair["label"] for pair in pairs)
        outcome = [pair["label"] for pair in record["turns"] if pair["label"] is not None][-1]
        conversation = Conversation(str(record["id"]), tuple(turns), source=JDDC)
        return Case(conversation, _outcome(outcome), labels)

    return list(map_records(path, read))


def read_stc3(path: Path) -> list[Case]:
    """STC-3 helpdesk dialogues; the outcome is the annotators' mean satisfaction cut at +-0.5."""

    def read(record: Mapping[str, Any]) -> Case:
        turns = tuple(
            Turn(
                Role.CUSTOMER if turn["sender"] == "customer" else Role.AGENT,
                " ".join(turn["utterances"]),
            )
            for turn in record["turns"]
        )
        mean = np.mean([mark["quality"]["S"] for mark in record["annotations"]])
        outcome = 0 if mean < -0.5 else 2 if mean > 0.5 else 1
        return Case(Conversation(str(record["id"]), turns, source=STC3), outcome)

    return list(map_records(path, read))


def map_records(path: Path, read: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """What `read` makes of every record.

    Raises:
        InputFileError: If there is nothing to read.
        InvalidInputError: If a record is not what `read` expects; the message names file and line.
    """
    for file, number, record in json_lines(path):
        try:
            yield read(record)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise InvalidInputError(
                f"the record does not fit: {type(error).__name__} {error}.",
                where=f"{file}, line {number}",
            ) from error


def _judgements(
    name: str, modalities: tuple[str, ...], rows: Iterator[Any], allowed: tuple[int, ...]
) -> Judgements:
    columns = list(zip(*rows, strict=True))
    if not columns:
        raise InvalidInputError(f"there is no usable record of {name}.")
    inputs, truth, groups, ids = columns
    probabilities = np.array(inputs, dtype=np.float64)
    top = probabilities.argmax(axis=2)
    positive, negative = (
        np.isin(top, [EMOTIONS.index(emotion) for emotion in side]) for side in (POSITIVE, NEGATIVE)
    )
    return Judgements(
        name,
        modalities,
        probabilities,
        np.array(truth, dtype=np.int64),
        np.array(groups, dtype=np.str_),
        np.array(ids, dtype=np.str_),
        allowed,
        np.asarray(positive.any(axis=1) & negative.any(axis=1), dtype=bool),
    )


def _index(label: str) -> int:
    emotion = emotion_from_label(label)
    if emotion is None:
        raise ValueError(f"{label!r} is no emotion")
    return EMOTIONS.index(emotion)


def _votes(votes: Mapping[str, int]) -> NDArray[np.float64]:
    counts = np.zeros(len(EMOTIONS))
    for letter, name in _VOTES.items():
        counts[_index(name)] = votes[letter]
    if counts.sum() == 0:
        raise ValueError("nobody voted")
    return counts


def _outcome(value: int) -> int:
    if value not in (0, 1, 2):
        raise ValueError(f"satisfaction is {value}, expected one of three levels")
    return int(value)
