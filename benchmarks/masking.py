"""How much personal data masking finds, and how much else it hides.

    python -m benchmarks.masking                          the planted set
    python -m benchmarks.masking --stc3 FILE.jsonl.gz     what it masks in STC-3, by type
    python -m benchmarks.masking --stc3 FILE --sample 100 --seed 1   hits to be judged by hand

On the planted set, an item is found where none of its secrets stands in the masked dialogue, and a
mask is right where it covers a planted item, whatever the type it was given. STC-3 has no labels:
what is masked is counted, and two samples judged by hand stand in `benchmarks/masking_stc3.json` as
hashes of the texts, so that no text of the corpus is in the project.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.planted import SETS, TYPES, dialogues
from multimodal.conversation import Conversation, Role, Turn
from multimodal.masking import Masker

LABELS = Path(__file__).with_name("masking_stc3.json")
CONTEXT = 18


def planted_report() -> dict[str, object]:
    """Recall and precision per type and set, and how many numbers that are nobody's survive."""
    masker = Masker()
    report: dict[str, object] = {}
    for part in SETS:
        found: Counter[str] = Counter()
        total: Counter[str] = Counter()
        right: Counter[str] = Counter()
        masked_all: Counter[str] = Counter()
        kept = decoys = 0
        missed = []
        for one in (d for d in dialogues() if d.part == part):
            text = "\n".join(turn.text for turn in masker.conversation(one.conversation).turns)
            for item in one.planted:
                total[item.kind] += 1
                gone = not any(secret in text for secret in item.secrets)
                found[item.kind] += gone
                if not gone:
                    missed.append(item.kind)
            kept += sum(decoy in text for decoy in one.decoys)
            decoys += len(one.decoys)
            for kind, true in _hits(one.conversation, [p for i in one.planted for p in i.said]):
                masked_all[kind] += 1
                right[kind] += true
        report[part] = {
            "recall": {kind: f"{found[kind]}/{total[kind]}" for kind in TYPES},
            "precision": {kind: f"{right[kind]}/{n}" for kind, n in sorted(masked_all.items())},
            "recall_all": round(found.total() / total.total(), 4),
            "precision_all": round(right.total() / masked_all.total(), 4),
            "survivors": f"{kept}/{decoys}",
        }
    return report


def _hits(conversation: Conversation, said: list[str]) -> Iterator[tuple[str, bool]]:
    """Each mask within one turn: its type, and whether a planted item stands under it."""
    for turn in conversation.turns:
        spans = [(at, at + len(one)) for one in said for at in [turn.text.find(one)] if at >= 0]
        for kind, start, end in Masker().find(turn.text).found:
            yield kind, any(start < right and end > left for left, right in spans)


def stc3_dialogues(path: Path) -> Iterator[list[tuple[Role, list[tuple[str, str]]]]]:
    """The dialogues of the corpus: each turn's role, and its utterances with their keys."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            dialogue = json.loads(line)
            yield [
                (
                    Role.CUSTOMER if turn["sender"] == "customer" else Role.AGENT,
                    [
                        (f"{dialogue['id']}-{number}-{part}", text)
                        for part, text in enumerate(turn["utterances"])
                    ],
                )
                for number, turn in enumerate(dialogue["turns"])
            ]


def stc3_turns(path: Path) -> Iterator[tuple[str, str]]:
    """Key and text of every utterance of the corpus."""
    for dialogue in stc3_dialogues(path):
        for _, utterances in dialogue:
            yield from utterances


def stc3_report(path: Path) -> dict[str, object]:
    """Masks by type, speed, and what the hand-judged samples say."""
    masker = Masker()
    verdicts = json.loads(LABELS.read_text("utf-8"))
    counts: Counter[str] = Counter()
    judged: Counter[tuple[str, bool]] = Counter()
    covered: Counter[tuple[str, bool]] = Counter()
    number = across = 0
    seconds = 0.0
    for dialogue in stc3_dialogues(path):
        turns = [Turn(role, " ".join(text for _, text in said)) for role, said in dialogue]
        began = time.perf_counter()
        masked = [turn.text for turn in masker.turns(turns)]
        seconds += time.perf_counter() - began
        number += len(turns)
        across += sum(
            masker.text(turn.text) != text for turn, text in zip(turns, masked, strict=True)
        )
        for (_, said), shown in zip(dialogue, masked, strict=True):
            for key, text in said:
                for kind, start, end in masker.find(text).found:
                    counts[kind] += 1
                    verdict = verdicts["hits"].get(_hash(key, text[start:end]))
                    if verdict is not None:
                        judged[kind, verdict] += 1
                for kind, start, end in verdicts["spans"].get(_hash(key, text), []):
                    with_context = text[max(0, start - 2) : end + 2]
                    covered[kind, with_context not in shown] += 1
    return {
        "turns": number,
        "microseconds_per_turn": round(seconds / number * 1e6, 1),
        "masks_within_utterances": dict(counts.most_common()),
        "turns_masked_by_the_turns_around_them": across,
        "judged_precision": _shares(judged),
        "labelled_recall": _shares(covered),
    }


def _shares(counted: Counter[tuple[str, bool]]) -> dict[str, str]:
    kinds = sorted({kind for kind, _ in counted})
    shares = {k: f"{counted[k, True]}/{counted[k, True] + counted[k, False]}" for k in kinds}
    good = sum(count for (_, right), count in counted.items() if right)
    return shares | {"all": f"{good}/{counted.total()}"}


def sample(path: Path, size: int, seed: int) -> list[dict[str, str]]:
    """Hits drawn at random, with what stands around them, for a person to judge."""
    hits = [
        {
            "key": _hash(key, text[start:end]),
            "type": kind,
            "text": text[max(0, start - CONTEXT) : start]
            + f"【{text[start:end]}】{text[end : end + CONTEXT]}",
        }
        for key, text in stc3_turns(path)
        for kind, start, end in Masker().find(text).found
    ]
    return random.Random(seed).sample(hits, min(size, len(hits)))


def _hash(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()[:16]


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stc3", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result: object
    if given.sample:
        result = sample(given.stc3, given.sample, given.seed)
    elif given.stc3:
        result = stc3_report(given.stc3)
    else:
        result = planted_report()
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
