"""Text without labels for masked language modelling: every corpus as dialogues of utterances.

`corpus/*.txt.xz` has one utterance a line and a blank line between dialogues. Of the labelled
corpora the texts alone are read, of training files only: what is kept for evaluation is never read.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from multimodal.corpora import json_lines
from multimodal.errors import InputFileError
from text.corpora import EMOTIONTALK_MARKS

Dialogue = list[str]
HELD_OUT = ("eval", "dev", "val")
"""Beginnings of the names of files that are kept for evaluation."""


def read_dialogues(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a `.txt.xz` file, or of the training files of a labelled corpus' folder.

    Raises:
        InputFileError: If there is nothing to read at `path`.
    """
    if path.suffix == ".xz":
        yield from _plain(path)
        return
    files = [f for f in sorted(path.glob("*.jsonl.gz")) if not f.name.startswith(HELD_OUT)]
    if not files:
        raise InputFileError("there is neither a .txt.xz nor a .jsonl.gz file.", where=str(path))
    for file in files:
        records = (record for _, _, record in json_lines(file))
        for _, turns in groupby(enumerate(records), key=_dialogue_of):
            dialogue = [text for _, record in turns for text in _texts(record)]
            if any(dialogue):
                yield [text for text in dialogue if text]


def _plain(path: Path) -> Iterator[Dialogue]:
    try:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for blank, group in groupby(lines, key=lambda line: not line.strip()):
                if not blank:
                    yield [line.strip() for line in group]
    except OSError as error:
        raise InputFileError(f"it cannot be read: {error.strerror}.", where=str(path)) from error


def _dialogue_of(numbered: tuple[int, Mapping[str, Any]]) -> object:
    """Lines with the same key belong together; those of a corpus without dialogues stand alone."""
    number, record = numbered
    return record.get("dialogue", number)


_TURNS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "user": lambda turn: [turn["user"], turn["system"]],
    "utterances": lambda turn: [" ".join(turn["utterances"])],
    "text": lambda turn: [turn["text"]],
}
_FIELDS = ("留言主题", "text", "content", "response", "答复意见")


def _texts(record: Mapping[str, Any]) -> list[str]:
    if "turns" in record:
        return [
            text
            for turn in record["turns"]
            for field, read in _TURNS.items()
            if field in turn
            for text in read(turn)
        ]
    texts = [str(record[field] or "") for field in _FIELDS if field in record]
    return [EMOTIONTALK_MARKS.sub("", text).strip() for text in texts]
