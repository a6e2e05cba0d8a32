"""Precision and recall of the event tags on turns that were labelled by hand.

    python -m benchmarks.tags --stc3 FILE

`benchmarks/tags_stc3.json` has the labels and no text. They were made after the words were written
and before these had been tried on them; whoever changes the words for one of these turns labels
others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from fusion.corpora import read_stc3
from multimodal.tags import TAG_NAMES, Tag, TagWords

LABELS = Path(__file__).with_name("tags_stc3.json")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tags", description=__doc__)
    parser.add_argument("--stc3", type=Path, required=True, help="STC-3's train.jsonl.gz")
    parser.add_argument("--misses", action="store_true", help="print what was wrong, by place")
    options = parser.parse_args()
    texts = {
        (case.conversation.external_id, number): turn.text
        for case in read_stc3(options.stc3)
        for number, turn in enumerate(case.conversation.turns)
    }
    words = TagWords.load()
    counts: dict[Tag, list[int]] = {tag: [0, 0, 0] for tag in Tag}
    turns = json.loads(LABELS.read_text("utf-8"))["turns"]
    for turn in turns:
        text = texts[turn["dialogue"], turn["turn"]]
        if not hashlib.sha256(text.encode()).hexdigest().startswith(turn["sha256"]):
            raise SystemExit(f"{turn['dialogue']} turn {turn['turn']} has other words.")
        found = {tagged.tag for tagged in words.of_text(text)}
        said = {Tag(name) for name in turn["tags"]}
        for tag in Tag:
            both = tag in found and tag in said
            for i, is_it in enumerate((both, tag in found, tag in said)):
                counts[tag][i] += is_it
            if options.misses and (tag in found) != (tag in said):
                kind = "too much" if tag in found else "missed"
                print(f"{kind}: {tag} in {turn['dialogue']} turn {turn['turn']}")
    print(f"{len(turns)} turns")
    for tag, (right, found_n, said_n) in counts.items():
        precision = f"{right / found_n:.2f}" if found_n else "-"
        recall = f"{right / said_n:.2f}" if said_n else "-"
        print(
            f"{tag:<11}{TAG_NAMES[tag]}\tprecision {precision} ({found_n})\t"
            f"recall {recall} ({said_n})"
        )


if __name__ == "__main__":
    main()
