"""How well agents are told from customers by their phrases, with the roles hidden.

    python -m benchmarks.roles --stc3 FILE --jddc FILE          measured on the test half
    python -m benchmarks.roles --stc3 FILE --jddc FILE --fit    log odds and calibration, from the
                                                                training half, as they stand in
                                                                multimodal/roles.py
    python -m benchmarks.roles --samples FOLDER ...             exports of platforms

A dialogue is in the test half where the SHA-256 of its id is even. Each dialogue is read twice:
with its two parties told apart but not named (diarised mono), and without any parties.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from multimodal import roles
from multimodal.conversation import INFERRED, Conversation, Role, Turn

Dialogue = tuple[str, list[Turn]]


def stc3(path: Path) -> Iterator[Dialogue]:
    """The dialogues of STC-3: customers and helpdesks on Weibo."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)
            yield (
                data["id"],
                [
                    Turn(
                        Role.CUSTOMER if turn["sender"] == "customer" else Role.AGENT,
                        " ".join(turn["utterances"]),
                    )
                    for turn in data["turns"]
                ],
            )


def jddc(path: Path) -> Iterator[Dialogue]:
    """The dialogues of JDDC: customers and agents of a shop."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)
            turns = []
            for pair in data["turns"]:
                if pair["user"] and pair["user"] != "OVERALL":
                    turns.append(Turn(Role.CUSTOMER, pair["user"]))
                if pair["system"]:
                    turns.append(Turn(Role.AGENT, pair["system"]))
            yield data["id"], turns


def is_test(key: str) -> bool:
    """Whether a dialogue is in the test half."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 0


def fit(dialogues: Sequence[Dialogue]) -> dict[str, object]:
    """Log odds of each phrase, and the calibration of parties and of single turns."""
    patterns = {name: re.compile(pattern) for name, (pattern, _) in roles.PHRASES.items()}
    counts = {name: Counter[Role]() for name in patterns}
    turns: Counter[Role] = Counter()
    for _, spoken in dialogues:
        for turn in spoken:
            turns[turn.role] += 1
            for name, pattern in patterns.items():
                counts[name][turn.role] += bool(pattern.search(turn.text))
    odds = {
        name: round(
            math.log(
                ((one[Role.AGENT] + 1) / (turns[Role.AGENT] + 2))
                / ((one[Role.CUSTOMER] + 1) / (turns[Role.CUSTOMER] + 2))
            ),
            2,
        )
        for name, one in counts.items()
    }
    sums, truth, differences, sides = [], [], [], []
    for _, spoken in dialogues:
        party = {Role.AGENT: Counter[str](), Role.CUSTOMER: Counter[str]()}
        for turn in spoken:
            names = [n for n, p in patterns.items() if p.search(turn.text)]
            sums.append(sum(odds[n] for n in names))
            truth.append(turn.role is Role.AGENT)
            party[turn.role].update(names)
        total = {
            role: sum(_clipped(odds[n] * k) for n, k in said.items())
            for role, said in party.items()
        }
        gap = total[Role.AGENT] - total[Role.CUSTOMER]
        differences += [gap, -gap]
        sides += [True, False]
    return {
        "odds": odds,
        "turn": _platt(sums, truth),
        "party": _platt(differences, sides),
        "dialogues": len(dialogues),
        "turns": turns.total(),
    }


def _clipped(value: float) -> float:
    return max(-roles.MOST, min(roles.MOST, value))


def _platt(values: Sequence[float], truth: Sequence[bool]) -> list[float]:
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(np.array(values)[:, None], np.array(truth))
    return [round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4)]


def measure(dialogues: Sequence[Dialogue]) -> dict[str, object]:
    """Right, wrong and unknown turns, with parties and without, and the calibration."""
    report: dict[str, object] = {"dialogues": len(dialogues)}
    for name, diarised in (("two_parties", True), ("no_parties", False)):
        right = wrong = unknown = agents_as_customers = 0
        bins: dict[int, list[float]] = {}
        for key, turns in dialogues:
            order = sorted(
                {turn.role for turn in turns},
                key=lambda r: hashlib.sha256(f"{key}{r}".encode()).digest(),
            )
            hidden = tuple(
                replace(
                    turn,
                    role=Role.UNKNOWN,
                    speaker=f"spk_{order.index(turn.role)}" if diarised else "",
                )
                for turn in turns
            )
            guessed = roles.with_inferred_roles(Conversation(external_id=key, turns=hidden))
            for true, found in zip(turns, guessed.turns, strict=True):
                if found.role is Role.UNKNOWN:
                    unknown += 1
                    continue
                hit = found.role is true.role
                right += hit
                wrong += not hit
                agents_as_customers += true.role is Role.AGENT and not hit
                bins.setdefault(int(found.attributes[INFERRED] * 20), []).append(hit)
        decided = right + wrong
        report[name] = {
            "turns": decided + unknown,
            "decided": round(decided / (decided + unknown), 4),
            "right_of_decided": round(right / max(decided, 1), 4),
            "agent_turns_taken_for_the_customer": agents_as_customers,
            "reliability": {
                f"{low / 20:.2f}-{min(low + 1, 20) / 20:.2f}": [
                    len(hits),
                    round(sum(hits) / len(hits), 4),
                ]
                for low, hits in sorted(bins.items())
            },
        }
    given = [Conversation(external_id=key, turns=tuple(turns)) for key, turns in dialogues]
    straight = [roles.probability_swapped(one) for one in given]
    swapped = [roles.probability_swapped(roles.swapped(one)) for one in given]
    report["swapped_channels"] = {
        "found": round(sum(p >= roles.CONFIDENCE for p in swapped) / len(swapped), 4),
        "false_alarms": round(sum(p >= roles.CONFIDENCE for p in straight) / len(straight), 4),
    }
    return report


def samples(paths: Sequence[Path]) -> list[dict[str, object]]:
    """The same for transcripts as platforms export them: each conversation that names its roles."""
    from app.ingest import IngestOptions, read_files

    report: list[dict[str, object]] = []
    for item in read_files(paths, IngestOptions()):
        conversation = item.conversation
        if conversation is None:
            continue
        inferred = any(INFERRED in turn.attributes for turn in conversation.turns)
        given = [turn.role for turn in conversation.turns]
        if inferred or not {Role.AGENT, Role.CUSTOMER} <= set(given):
            continue
        hidden = tuple(
            replace(turn, role=Role.UNKNOWN, speaker=turn.role.value[:1])
            if turn.role in (Role.AGENT, Role.CUSTOMER)
            else turn
            for turn in conversation.turns
        )
        found = roles.with_inferred_roles(replace(conversation, turns=hidden)).turns
        report.append(
            {
                "file": item.path.name,
                "turns": len(given),
                "right": sum(a is b.role for a, b in zip(given, found, strict=True)),
                "unknown": sum(turn.role is Role.UNKNOWN for turn in found),
            }
        )
    return report


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stc3", type=Path)
    parser.add_argument("--jddc", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--samples", type=Path, nargs="+")
    given = parser.parse_args()
    if given.samples:
        print(json.dumps(samples(given.samples), ensure_ascii=False, indent=1))
        return
    sets = {"stc3": list(stc3(given.stc3)), "jddc": list(jddc(given.jddc))}
    if given.fit:
        training = [one for found in sets.values() for one in found if not is_test(one[0])]
        print(json.dumps(fit(training), ensure_ascii=False, indent=1))
        return
    print(
        json.dumps(
            {name: measure([d for d in found if is_test(d[0])]) for name, found in sets.items()},
            ensure_ascii=False,
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
