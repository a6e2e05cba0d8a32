"""The training set of one head: items of several corpora, their folds, their duplicates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import EMOTIONS, Emotion
from text.corpora import CLASSES, EMOTION, Corpus, Item, read_corpus
from text.encode import WINDOW
from text.features import Normalised, Vocabulary, extract, normalise
from text.unlabelled import HELD_OUT, read_dialogues

FOLDS = 5
_SHORTEST_COPY = 8
"""Letters from which on the same words twice are one text that was copied, no coincidence."""
_SHINGLE = 5
_SHARED = 0.7
"""Share of a text's shingles that stand in one other text, from which on it is a near-duplicate."""
_QUESTIONS = 4000
_DEVELOPMENT = 20
"""One group in so many is kept for development: for blending and calibration."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything that is known about one head's items, row by row.

    Attributes:
        head: Which head it teaches.
        items: The items of all its corpora, n of them.
        corpora: str (n,), the folder that each item comes from.
        held_out: bool (n,), whether it lies in a file kept for evaluation.
        allowed: bool (n, classes), the classes that the item's corpus has.
        fold: int64 (n,), in [0, FOLDS): items of one group are in one fold.
        development: bool (n,), one group in twenty of each corpus.
        texts: The normalised texts.
    """

    head: str
    items: tuple[Item, ...]
    corpora: NDArray[np.str_]
    held_out: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    fold: NDArray[np.int64]
    development: NDArray[np.bool_]
    texts: tuple[Normalised, ...]

    @property
    def targets(self) -> NDArray[np.float32]:
        """float32 (n, classes), each row a distribution."""
        return np.stack([item.target for item in self.items])

    @property
    def labels(self) -> NDArray[np.int64]:
        """int64 (n,), the true classes."""
        return np.array([item.label for item in self.items])

    def without_copies_of(self, test: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows to train on when `test` (bool (n,)) is judged: the others, minus copies of it.

        A copy shares at least `_SHARED` of its shingles of `_SHINGLE` letters with one judged text
        (the resemblance of Broder 1997, one-sided); texts of few letters are never copies.
        """
        where: dict[str, list[int]] = {}
        for i in np.flatnonzero(test):
            for shingle in self._shingles[i]:
                where.setdefault(shingle, []).append(int(i))
        kept = ~test
        for i in np.flatnonzero(kept):
            shared = Counter(j for shingle in self._shingles[i] for j in where.get(shingle, ()))
            if shared and max(shared.values()) >= _SHARED * len(self._shingles[i]):
                kept[i] = False
        return kept

    @cached_property
    def _shingles(self) -> list[set[str]]:
        found = []
        for text in self.texts:
            letters = _letters(text)
            ends = range(_SHINGLE, len(letters) + 1) if len(letters) >= _SHORTEST_COPY else ()
            found.append({letters[end - _SHINGLE : end] for end in ends})
        return found


def load(head: str, folders: Sequence[Path]) -> Dataset:
    """Reads the corpora of one head.

    Args:
        head: Which head they teach: `emotion` or `polarity` where there are questions.
        folders: One folder a corpus; files named eval, dev or val are held out. A `.txt.xz` file
            is one of service questions, see `_questions`.
    """
    items: list[Item] = []
    corpora: list[str] = []
    groups: set[tuple[str, str]] = set()
    held_out: list[bool] = []
    allowed: list[NDArray[np.bool_]] = []
    for folder in folders:
        for file in [folder] if folder.is_file() else sorted(folder.glob("*.jsonl.gz")):
            corpus = _questions(file, head) if file.suffix == ".xz" else read_corpus(file)
            groups |= {(folder.name, item.group) for item in corpus.items}
            corpus = corpus if corpus.head == head else _borrowed(corpus, head)
            items += corpus.items
            corpora += [folder.name] * len(corpus.items)
            held_out += [file.name.startswith(HELD_OUT)] * len(corpus.items)
            allowed += [_mask(corpus)] * len(corpus.items)
    return Dataset(
        head,
        tuple(items),
        np.array(corpora),
        np.array(held_out),
        np.stack(allowed),
        *_parts(corpora, items, groups),
        tuple(normalise(item.text, WINDOW) for item in items),
    )


def dataset_of(head: str, items: Sequence[Item], corpus: str = "own") -> Dataset:
    """A user's own items as a training set with all of the head's classes, nothing held out."""
    n = len(items)
    return Dataset(
        head,
        tuple(items),
        np.array([corpus] * n),
        np.zeros(n, dtype=np.bool_),
        np.ones((n, len(CLASSES[head])), dtype=np.bool_),
        *_parts([corpus] * n, items, {(corpus, item.group) for item in items}),
        tuple(normalise(item.text, WINDOW) for item in items),
    )


def build_vocabulary(sets: Iterable[tuple[Dataset, int]]) -> Vocabulary:
    """The n-grams that occur in at least so many training texts of any one head.

    Args:
        sets: Each head's items, and in how many of them an n-gram must occur to be kept.
    """
    total: Counter[str] = Counter()
    kept: set[str] = set()
    texts = 0
    for dataset, least in sets:
        frequency: Counter[str] = Counter()
        for text, test in zip(dataset.texts, dataset.held_out, strict=True):
            if not test:
                frequency.update(extract(text))
                texts += 1
        kept |= {gram for gram, count in frequency.items() if count >= least}
        total.update(frequency)
    grams = sorted(kept)
    counts = np.array([total[gram] for gram in grams])
    # Rounded as stored, so that training and serving weigh alike.
    idf = (np.log((1 + texts) / (1 + counts)) + 1).astype(np.float16).astype(np.float32)
    return Vocabulary(grams, idf)


def vectorise(vocabulary: Vocabulary, texts: Sequence[Normalised]) -> Any:
    """TF-IDF rows of texts: scipy.sparse CSR float32 (len(texts), len(vocabulary))."""
    from scipy.sparse import csr_matrix

    rows = [vocabulary.weigh(vocabulary.find(text)) for text in texts]
    ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    columns = np.concatenate([ids for ids, _ in rows])
    values = np.concatenate([weights for _, weights in rows])
    return csr_matrix((values, columns, ends), shape=(len(texts), len(vocabulary)))


def _questions(path: Path, head: str) -> Corpus:
    """Unlabelled service questions, evenly taken from a file, each with the target `neutral`.

    That is an assumption and no label: most customers who ask how something works, or why it does
    not, want to know it. Without it a model that learnt anger from social media hears it in
    every question about something that is broken.
    """
    lines = [line for dialogue in read_dialogues(path) for line in dialogue]
    classes = CLASSES[head]
    target = np.eye(len(classes), dtype=np.float32)[classes.index("neutral")]
    items = [
        Item(lines[i], target, f"{path.name}:{i}", f"{path.name}:{i}")
        for i in np.linspace(0, len(lines) - 1, _QUESTIONS).astype(int)
    ]
    return Corpus("questions", head, tuple(range(len(classes))), tuple(items))


def _borrowed(corpus: Corpus, head: str) -> Corpus:
    """A corpus of three classes (bad, neutral, good) as one of another head.

    Among the emotions neutral is neutral and good is happy; bad may be any of four, so that those
    items are left out.
    """
    if head != EMOTION:
        return replace(corpus, head=head)
    classes = {1: EMOTIONS.index(Emotion.NEUTRAL), 2: EMOTIONS.index(Emotion.HAPPY)}
    eye = np.eye(len(EMOTIONS), dtype=np.float32)
    items = [
        replace(item, target=eye[classes[item.label]])
        for item in corpus.items
        if item.label in classes
    ]
    return Corpus(corpus.name, head, tuple(range(len(EMOTIONS))), tuple(items))


def _mask(corpus: Corpus) -> NDArray[np.bool_]:
    mask = np.zeros(len(CLASSES[corpus.head]), dtype=np.bool_)
    mask[list(corpus.allowed)] = True
    return mask


def _parts(
    corpora: Sequence[str], items: Sequence[Item], groups: Set[tuple[str, str]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Folds and development groups: each corpus' groups in an order that their names decide.

    `groups` are all that the corpora have, with items or without, so that two heads that learn from
    one corpus have each group in the same fold.
    """
    place: dict[tuple[str, str], int] = {}
    seen: Counter[str] = Counter()
    for group in sorted(groups, key=lambda group: (group[0], _hash(group))):
        place[group] = seen[group[0]]
        seen[group[0]] += 1
    order = np.array([place[(c, item.group)] for c, item in zip(corpora, items, strict=True)])
    return order % FOLDS, order % _DEVELOPMENT == 0


def _hash(group: tuple[str, str]) -> int:
    return int.from_bytes(hashlib.sha256(repr(group).encode()).digest()[:8])


def _letters(text: Normalised) -> str:
    return "".join(character for character in text.characters if character.isalnum())
