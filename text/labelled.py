"""A user's own labelled turns, from CSV or JSON lines, as training sets.

Columns: `text`; one or more of `emotion` (the seven, in English or Chinese, or the usual aliases),
`polarity`, `turn_satisfaction`, `conversation_satisfaction`; and, if the turns belong to
conversations, `conversation` and `role` (customer, agent, bot; by default customer). The lines of a
conversation stand in its order; a line without labels is context.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.conversation import Role, Turn
from multimodal.emotions import EMOTIONS, emotion_from_label
from multimodal.errors import InputFileError, InvalidInputError
from text.corpora import CLASSES, EMOTION, Item
from text.dataset import Dataset, dataset_of

_CHINESE: Mapping[str, str] = {
    "负面": "negative",
    "消极": "negative",
    "中性": "neutral",
    "正面": "positive",
    "积极": "positive",
    "不满意": "dissatisfied",
    "不满": "dissatisfied",
    "一般": "neutral",
    "满意": "satisfied",
}
_ENCODINGS = ("utf-8-sig", "gb18030")


def read_labelled(files: Sequence[Path]) -> dict[str, Dataset]:
    """Head to its items; heads without a label are left out.

    Raises:
        InputFileError: If a file cannot be read.
        InvalidInputError: If a line has no text or an unknown label, naming file and line; or if
            no line has an emotion.
    """
    items: dict[str, list[Item]] = {head: [] for head in CLASSES}
    for file in files:
        before: dict[str, list[Turn]] = {}
        for number, record in _records(file):
            where = f"{file}, line {number}"
            conversation = str(record.get("conversation") or "")
            turn = _turn(record, where)
            previous = before.setdefault(conversation, []) if conversation else []
            group = f"{file}:{conversation or number}"
            for head in CLASSES:
                label = str(record.get(head) or "").strip()
                if label and turn.role is Role.CUSTOMER:
                    classes = len(CLASSES[head])
                    target = np.eye(classes, dtype=np.float32)[_class(head, label, where)]
                    identity = f"{file.name}:{number}"
                    items[head].append(
                        Item(turn.text, target, group, identity, len(previous), tuple(previous))
                    )
            previous.append(turn)
    if not items[EMOTION]:
        raise InvalidInputError(
            "no customer's line has an emotion.",
            where=", ".join(map(str, files)),
            remedy=f"Give columns text and emotion; emotions are {', '.join(EMOTIONS)}.",
        )
    return {head: dataset_of(head, found) for head, found in items.items() if found}


def _records(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Lines with their numbers; a file whose first character is a brace holds JSON lines."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputFileError(f"it cannot be read: {error.strerror}.", where=str(file)) from error
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InvalidInputError("it is neither UTF-8 nor GB18030.", where=str(file))
    lines = text.splitlines()
    if text.lstrip().startswith("{"):
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise InvalidInputError(
                        f"it is no JSON object: {error}.", where=f"{file}, line {number}"
                    ) from error
                if not isinstance(record, dict):
                    raise InvalidInputError("it is no JSON object.", where=f"{file}, line {number}")
                yield number, record
        return
    reader = csv.DictReader(lines)
    if "text" not in (reader.fieldnames or ()):
        raise InvalidInputError(
            f"its columns are {', '.join(reader.fieldnames or ()) or 'none'}; expected text among "
            "them.",
            where=str(file),
        )
    for row in reader:
        yield reader.line_num, {key: value for key, value in row.items() if key}


def _turn(record: Mapping[str, Any], where: str) -> Turn:
    text, role = record.get("text"), str(record.get("role") or Role.CUSTOMER).strip().lower()
    if not isinstance(text, str) or not text.strip():
        raise InvalidInputError("it has no text.", where=where)
    if role not in set(Role):
        raise InvalidInputError(
            f"its role is {role!r}, expected one of {', '.join(Role)}.", where=where
        )
    return Turn(Role(role), text)


def _class(head: str, label: str, where: str) -> int:
    if head == EMOTION:
        emotion = emotion_from_label(label)
        if emotion is not None:
            return EMOTIONS.index(emotion)
    else:
        name = _CHINESE.get(label, label.lower())
        if name in CLASSES[head]:
            return CLASSES[head].index(name)
    raise InvalidInputError(
        f"its {head} is {label!r}, expected one of {', '.join(CLASSES[head])}.", where=where
    )
