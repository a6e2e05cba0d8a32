"""Intervals, so that noise is not reported as news; agreement of two people.

Pure functions of numbers. All intervals are at 95 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Of 95 %."""
RESAMPLES = 1000
_AT_ONCE = 1_000_000


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The interval of a share (Wilson 1927): in [0, 1], also near 0 and 1 and with few trials.

    Args:
        successes: From 0 to `trials`.
        trials: May be an effective size; with 0 nothing is known and the interval is all.
    """
    if trials <= 0:
        return 0.0, 1.0
    share, square = successes / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z * sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def effective_size(clusters: Sequence[tuple[int, int]]) -> float:
    """How many independent trials those of some clusters are worth (Korn and Graubard 1998).

    Turns of one conversation are alike, so that a hundred of ten conversations tell less than a
    hundred of a hundred. The variance of the share is that of a ratio of cluster totals (Cochran
    1977, section 6.3).

    Args:
        clusters: Successes and trials of each, trials at least 1.

    Returns:
        Between the number of clusters and that of trials, where those vary at all; else the former.
    """
    trials = sum(n for _, n in clusters)
    if not trials:
        return 0.0
    share, count = sum(k for k, _ in clusters) / trials, len(clusters)
    if count < 2 or share in (0.0, 1.0):
        return float(count)
    spread = sum((k - share * n) ** 2 for k, n in clusters) * count / (count - 1) / trials**2
    if spread == 0.0:
        return float(trials)
    return min(max(share * (1 - share) / spread, 1.0), float(trials))


def cohens_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement of two people beyond chance (Cohen 1960), at most 1.

    Args:
        first: What one said of each item.
        second: What the other said of the same items, in the same order.

    Returns:
        None where there are no items, or where both always say one and the same.
    """
    if not first:
        return None
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    mine, theirs = Counter(first), Counter(second)
    expected = sum(mine[label] * theirs[label] for label in mine) / n**2
    return None if expected == 1.0 else (observed - expected) / (1 - expected)


def sign_test(better: int, worse: int) -> float:
    """How probable at least so uneven a split is by chance (exact McNemar test, two-sided)."""
    n = better + worse
    if not n:
        return 1.0
    tail: int = sum(comb(n, k) for k in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / (1 << n))


def bootstrap_mean(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """The interval of a mean, by resampling (Efron 1979), with a fixed seed.

    Args:
        values: One a conversation; with fewer than two, the interval is the value itself, twice.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.size < 2:
        one = float(found[0]) if found.size else 0.0
        return one, one
    random = np.random.default_rng(0)
    rows = max(1, _AT_ONCE // found.size)  # As many resamples at a time as memory is given to.
    means = np.concatenate(
        [
            found[random.integers(0, found.size, (min(rows, RESAMPLES - done), found.size))].mean(1)
            for done in range(0, RESAMPLES, rows)
        ]
    )
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def fisher(successes: int, trials: int, others: int, of_others: int) -> float:
    """How probable two shares so far apart are by chance (Fisher's exact test, two-sided)."""
    from scipy.stats import fisher_exact

    table = [[successes, trials - successes], [others, of_others - others]]
    return float(fisher_exact(table).pvalue)


def beyond_chance(chances: Sequence[float], error: float = 0.05) -> list[bool]:
    """Which of many differences are news (Holm 1979).

    Args:
        chances: The p-value of each.
        error: How probable it is that any of those called news is noise, at most.
    """
    found = [False] * len(chances)
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    for left, index in zip(range(len(chances), 0, -1), order, strict=True):
        if chances[index] > error / left:
            break
        found[index] = True
    return found
