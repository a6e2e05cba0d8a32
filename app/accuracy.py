"""How right the models were on conversations drawn at random, by queue and by their versions.

Only the random queue measures: its conversations were drawn without a look at what the models said
of them, and its reviewers had not seen that either. Turns of one conversation are alike, so the
interval counts them for what they are worth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.statistics import cohens_kappa, effective_size, sign_test, wilson
from app.store.measured import Answered, Rescored

SURE = 0.05
"""A change is no noise where chance alone does as much in fewer cases than this."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A measured share of right answers.

    Attributes:
        by: `all`, `queue` or `models`.
        name: Which queue, or which models; empty for all.
        n: Answers.
        conversations: Conversations that they are of.
        accuracy: Share that the person agreed with, in [0, 1].
        low: Lower end of its 95 % interval (Wilson, by effective size).
        high: Upper end.
    """

    by: str
    name: str
    n: int
    conversations: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two reviewers agreed, who did not see each other's answers.

    Attributes:
        n: Items that both answered.
        share: Of equal answers, in [0, 1]; None without items.
        kappa: Cohen's; None where it is not defined.
    """

    n: int
    share: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What other models say of turns that people have labelled.

    Attributes:
        before: The models of an earlier scoring.
        after: Those of the latest.
        n: Labelled turns that both answered.
        changed: Those with another label.
        mended: Those of them that are right now.
        broken: Those of them that were right before.
        noise: Whether chance alone would do as much.
    """

    before: str
    after: str
    n: int
    changed: int
    mended: int
    broken: int
    noise: bool


def accuracy(answers: Sequence[Answered]) -> list[Accuracy]:
    """Accuracy of all, by queue and by models, of what first reviewers said."""
    first = [one for one in answers if one.slot == 1]
    groups: list[tuple[str, Callable[[Answered], str]]] = [
        ("all", lambda _: ""),
        ("queue", lambda one: one.of_queue),
        ("models", lambda one: released(one.models)),
    ]
    found = []
    for by, key in groups:
        for name in sorted({key(one) for one in first}):
            found.append(_accuracy(by, name, [one for one in first if key(one) == name]))
    return found


def agreement(answers: Sequence[Answered]) -> Agreement:
    """Agreement on what both reviewers answered."""
    said: dict[tuple[int, int], dict[int, str]] = {}
    for one in answers:
        said.setdefault((one.conversation, one.item), {})[one.slot] = one.said
    both = [pair for pair in said.values() if len(pair) == 2]
    first, second = [pair[1] for pair in both], [pair[2] for pair in both]
    share = sum(a == b for a, b in zip(first, second, strict=True)) / len(both) if both else None
    return Agreement(len(both), share, cohens_kappa(first, second))


def changes(found: Sequence[Rescored]) -> list[Changed]:
    """What the latest models changed against each earlier set, most turns first."""
    pairs: dict[tuple[str, str], list[Rescored]] = {}
    for one in found:
        names = (released(one.models_before), released(one.models_after))
        pairs.setdefault(names, []).append(one)
    done = []
    for (before, after), turns in pairs.items():
        other = [one for one in turns if one.before != one.after]
        mended = sum(one.after == one.said for one in other)
        broken = sum(one.before == one.said for one in other)
        noise = sign_test(mended, broken) >= SURE
        done.append(Changed(before, after, len(turns), len(other), mended, broken, noise))
    return sorted(done, key=lambda one: -one.n)


def released(models: str) -> str:
    """Models by name and version, without digests: `late@1.2.0; text=bert@1.0.0`."""
    return "; ".join(part for part in re.sub(r"\+[0-9a-f]+", "", models).split(";") if part)


def _accuracy(by: str, name: str, answers: Iterable[Answered]) -> Accuracy:
    clusters = counted(answers)
    right, n = sum(k for k, _ in clusters), sum(m for _, m in clusters)
    size = effective_size(clusters)
    low, high = wilson(right / n * size, size)
    return Accuracy(by, name, n, len(clusters), right / n, low, high)


def counted(answers: Iterable[Answered]) -> list[tuple[int, int]]:
    """Right answers and answers of each conversation."""
    hits: dict[int, list[bool]] = {}
    for one in answers:
        hits.setdefault(one.conversation, []).append(one.said == one.model)
    return [(sum(found), len(found)) for found in hits.values()]
