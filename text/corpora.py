"""Labelled text corpora, read as they lie on disk, once for training and evaluation alike.

A corpus is a `.jsonl.gz` file of UTF-8 objects, one a line, or a folder of such files; it is
recognised by the fields in it, never by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Role, Turn
from multimodal.corpora import json_lines
from multimodal.emotions import EMOTIONS, Emotion, emotion_from_label
from multimodal.errors import InvalidInputError

EMOTION = "emotion"
POLARITY = "polarity"
TURN_SATISFACTION = "turn_satisfaction"
CONVERSATION_SATISFACTION = "conversation_satisfaction"
CLASSES: Mapping[str, tuple[str, ...]] = {
    EMOTION: tuple(EMOTIONS),
    POLARITY: ("negative", "neutral", "positive"),
    TURN_SATISFACTION: ("dissatisfied", "neutral", "satisfied"),
    CONVERSATION_SATISFACTION: ("dissatisfied", "neutral", "satisfied"),
}
"""The heads of a text model and the order of each head's classes."""

_WITHOUT_DISGUST = frozenset(EMOTIONS) - {Emotion.DISGUST}
_MSCTD_ORDER = (1, 0, 2)  # MSCTD says 0 neutral, 1 negative, 2 positive.
EMOTIONTALK_MARKS = re.compile(r"\[/?(?:over|interrupted)/?\]")


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One labelled turn.

    Attributes:
        text: What was said or written.
        target: float32 (classes,): the label as a distribution, in the order of `CLASSES[head]`.
        group: The dialogue (in EmotionTalk the group of speakers) that must not be split.
        id: The corpus' own id of the turn, dialogue or line.
        turn: Index of the turn among its dialogue's turns, from 0.
        previous: The turns before it in its dialogue, oldest first, where the corpus has roles.
        value: Mean annotated satisfaction in [-2, 2] (STC-3), else NaN.
    """

    text: str
    target: NDArray[np.float32]
    group: str
    id: str
    turn: int = 0
    previous: tuple[Turn, ...] = ()
    value: float = float("nan")

    @property
    def label(self) -> int:
        """Index of the true class (STC-3: of the mean satisfaction cut at -0.5 and 0.5)."""
        if np.isnan(self.value):
            return int(self.target.argmax())
        return 0 if self.value < -0.5 else 2 if self.value > 0.5 else 1


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """The labelled turns of one corpus.

    Attributes:
        name: Which corpus it is: one of `READERS`.
        head: The head that its labels teach or test.
        allowed: Indices of the classes that the corpus' scheme has, present here or not.
        items: Its turns, in the order of the files.
    """

    name: str
    head: str
    allowed: tuple[int, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one corpus is recognised and read.

    Attributes:
        fields: The fields that a record of the corpus has; the first reader whose fields are all
            there reads it.
        head: The head that its labels belong to.
        allowed: Indices of the classes that its scheme has.
        read: Record and its id to labelled turns.
    """

    fields: frozenset[str]
    head: str
    allowed: tuple[int, ...]
    read: Callable[[Mapping[str, Any], str], Iterator[Item]]


def read_corpus(path: Path) -> Corpus:
    """Reads a `.jsonl.gz` file, or all such files of a folder.

    Raises:
        InputFileError: If there is nothing to read at `path`.
        InvalidInputError: If a line is broken or of no known corpus, naming file and line.
    """
    name = ""
    items: list[Item] = []
    for file, number, record in json_lines(path):
        found = recognise(record)
        if not found or (name and found != name):
            raise InvalidInputError(
                f"the fields {sorted(record)} are those of {found or 'no corpus that I know'}"
                + (f", after records of {name}." if name else "."),
                where=f"{file}, line {number}",
                remedy=f"Give one corpus at a time; known are {', '.join(READERS)}.",
            )
        name = found
        try:
            items.extend(READERS[name].read(record, f"{file.name}:{number}"))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InvalidInputError(
                f"it is no {name} record: {type(error).__name__} {error}.",
                where=f"{file}, line {number}",
            ) from error
    if not items:
        raise InvalidInputError("there is no labelled turn in it.", where=str(path))
    return Corpus(name, READERS[name].head, READERS[name].allowed, tuple(items))


def recognise(record: Mapping[str, Any]) -> str:
    """The name of the corpus that a record's fields belong to, or an empty string."""
    for name, reader in READERS.items():
        if reader.fields <= record.keys():
            turns = record.get("turns")
            if name not in _TURN_FIELDS or (turns and _TURN_FIELDS[name] <= turns[0].keys()):
                return name
    return ""


def _one_hot(index: int, size: int) -> NDArray[np.float32]:
    return np.asarray(np.eye(size, dtype=np.float32)[index])


def _emotion_item(
    text: str, label: str, group: str, item_id: str, allowed: frozenset[Emotion] | None = None
) -> Iterator[Item]:
    emotion = emotion_from_label(label)
    if emotion is None and label != "negative-other":
        raise ValueError(f"unknown emotion {label!r}")
    if emotion is not None and (allowed is None or emotion in allowed):
        target = _one_hot(EMOTIONS.index(emotion), len(EMOTIONS))
        yield Item(text, target, group, item_id)


def _line(record: Mapping[str, Any], where: str) -> Iterator[Item]:
    yield from _emotion_item(record["text"], record["emotion"], where, where)


def _dialogue_line(record: Mapping[str, Any], where: str) -> Iterator[Item]:
    group = f"{where.partition(':')[0]}:{record['dialogue']}"
    item_id = f"{record['dialogue']}/{record['turn']}"
    yield from _emotion_item(record["text"], record["emotion"], group, item_id)


def _emotiontalk(record: Mapping[str, Any], _where: str) -> Iterator[Item]:
    text = EMOTIONTALK_MARKS.sub("", record["text"])
    group = record["dialogue"].partition("_")[0]
    yield from _emotion_item(text, record["text_label"], group, record["id"])


def _mer2023(record: Mapping[str, Any], _where: str) -> Iterator[Item]:
    if record["text"]:
        yield from _emotion_item(record["text"], record["emo"], record["id"], record["id"])


def _msctd(record: Mapping[str, Any], where: str) -> Iterator[Item]:
    for index, turn in enumerate(record["turns"]):
        target = _one_hot(_MSCTD_ORDER[turn["sentiment"]], 3)
        yield Item(turn["text"], target, where, f"{record['id']}/{index}", index)


def _review(record: Mapping[str, Any], where: str) -> Iterator[Item]:
    yield Item(record["text"], _one_hot(2 * record["positive"], 3), where, where)


def _jddc(record: Mapping[str, Any], _where: str) -> Iterator[Item]:
    dialogue = str(record["id"])
    previous: list[Turn] = []
    for index, turn in enumerate(record["turns"]):
        if turn["label"] is not None:
            target = _one_hot(turn["label"], 3)
            yield Item(turn["user"], target, dialogue, dialogue, index, tuple(previous))
        previous.append(Turn(Role.CUSTOMER, turn["user"]))
        if turn["system"]:
            previous.append(Turn(Role.AGENT, turn["system"]))


def _stc3(record: Mapping[str, Any], _where: str) -> Iterator[Item]:
    marks = [int(annotation["quality"]["S"]) for annotation in record["annotations"]]
    shares = np.array([sum(m < 0 for m in marks), marks.count(0), sum(m > 0 for m in marks)])
    turns = stc3_turns(record)
    last = max(i for i, turn in enumerate(turns) if turn.role is Role.CUSTOMER)
    yield Item(
        turns[last].text,
        (shares / len(marks)).astype(np.float32),
        str(record["id"]),
        str(record["id"]),
        last,
        turns[:last],
        float(np.mean(marks)),
    )


def stc3_turns(record: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of an STC-3 dialogue; a turn's utterances are joined by spaces."""
    return tuple(
        Turn(
            Role.CUSTOMER if turn["sender"] == "customer" else Role.AGENT,
            " ".join(turn["utterances"]),
        )
        for turn in record["turns"]
    )


_SEVEN = tuple(range(len(EMOTIONS)))
_THREE = (0, 1, 2)


def _indices(allowed: frozenset[Emotion]) -> tuple[int, ...]:
    return tuple(i for i, emotion in enumerate(EMOTIONS) if emotion in allowed)


def _fields(names: str) -> frozenset[str]:
    return frozenset(names.split())


READERS: Mapping[str, Reader] = {
    "stc3": Reader(_fields("id turns annotations"), CONVERSATION_SATISFACTION, _THREE, _stc3),
    "uss_jddc": Reader(_fields("id turns"), TURN_SATISFACTION, _THREE, _jddc),
    "msctd": Reader(_fields("id turns"), POLARITY, _THREE, _msctd),
    "reviews": Reader(_fields("text positive"), POLARITY, (0, 2), _review),
    "emotiontalk": Reader(_fields("id dialogue text text_label"), EMOTION, _SEVEN, _emotiontalk),
    "mer2023": Reader(_fields("id text emo val"), EMOTION, _indices(_WITHOUT_DISGUST), _mer2023),
    "cped": Reader(_fields("dialogue turn text emotion act"), EMOTION, _SEVEN, _dialogue_line),
    "bmeld": Reader(_fields("dialogue turn text emotion"), EMOTION, _SEVEN, _dialogue_line),
    "nlpcc2014": Reader(_fields("text emotion second"), EMOTION, _SEVEN, _line),
    "smp2020": Reader(_fields("text emotion"), EMOTION, _indices(_WITHOUT_DISGUST), _line),
}
"""Corpora by name; those with more fields stand before those with fewer."""

_TURN_FIELDS: Mapping[str, frozenset[str]] = {
    "stc3": _fields("sender utterances"),
    "uss_jddc": _fields("user system label"),
    "msctd": _fields("text sentiment"),
}
