"""Results → means of each arm, and what differs from plain and sham, with intervals.

The bootstrap is paired: questions are drawn with replacement, and each brings all arms with it.
With as few questions as these, plain percentiles come out too narrow: they are widened as for a
t interval. An interval that has 0 in it says that no difference shows. Nothing is left out because
it is unwelcome: every arm and every measure is there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TypedDict

from sessions.priming.evidence.arms import ARMS
from sessions.priming.evidence.measures import MEASURES, measure
from sessions.priming.evidence.questions import questions
from sessions.priming.evidence.results import Results
from sessions.priming.rng import Stream

BOOTSTRAPS = 4_000
_TAIL = 0.025
AGAINST = ("plain", "sham")
Cells = Mapping[str, Sequence[float]]
"""Per arm one value for each question, in the same order."""


Figures = dict[str, dict[str, list[float]]]
"""By arm or by measure: `mean`, and the difference from each of `AGAINST`, with its interval."""


class EvidenceRun(TypedDict):
    """A run's figures: per arm, per measure. `design`: the hash of what was asked, and how."""

    model: str
    seed: int
    design: str
    at: str
    questions: int
    samples: int
    arms: dict[str, Figures]


class Repeated(TypedDict):
    """A difference in a run and in one that repeats it."""

    arm: str
    measure: str
    other: str
    first: list[float]
    second: list[float]
    inside: bool
    overlap: bool


def summarise(results: Results) -> EvidenceRun | None:
    """All figures of a run; None where some arm has not two answers to one question.

    Each arm counts with as many answers to a question as all have: a run that stopped half-way
    is cut to its last whole round.
    """
    arms = [arm for arm in ARMS if any(cell.arm == arm for cell in results.cells.values())]
    counts = {
        question.id: min((len(results.answers(arm, question.id)) for arm in arms), default=0)
        for question in questions()
    }
    samples = max(counts.values(), default=0)
    while samples > 1 and 2 * sum(count >= samples for count in counts.values()) < sum(
        count > 1 for count in counts.values()
    ):
        samples -= 1
    asked = [question for question in questions() if counts[question.id] >= samples]
    if samples < 2 or not arms:
        return None
    measured = {
        arm: [measure(q, results.answers(arm, q.id)[:samples]) for q in asked] for arm in arms
    }
    seed = int(results.head.get("seed", 0))
    figures: dict[str, Figures] = {}
    for name in MEASURES:
        cells = {arm: [one[name] for one in found] for arm, found in measured.items()}
        figures[name] = _figures(cells, seed)
    return {
        "model": str(results.head.get("model", "")),
        "seed": seed,
        "design": str(results.head.get("design", "")),
        "at": str(results.head.get("at", "")),
        "questions": len(asked),
        "samples": samples,
        "arms": {arm: {name: figures[name][arm] for name in MEASURES} for arm in arms},
    }


def _figures(cells: Cells, seed: int) -> Figures:
    """Of one measure: per arm its mean with interval, and against plain and sham."""
    count = len(next(iter(cells.values())))
    draws = _draws(seed, count)
    found: Figures = {}
    for arm, values in cells.items():
        found[arm] = {"mean": interval(values, draws)}
        for other in AGAINST:
            if other in cells and other != arm:
                less = [a - b for a, b in zip(values, cells[other], strict=True)]
                found[arm][other] = interval(less, draws)
    return found


@lru_cache(maxsize=4)
def _draws(seed: int, count: int) -> list[list[int]]:
    """The bootstrap's, the same for every measure."""
    stream = Stream("bootstrap", seed, {})
    return [[stream.below(count) for _ in range(count)] for _ in range(BOOTSTRAPS)]


def interval(values: Sequence[float], draws: Sequence[Sequence[int]]) -> list[float]:
    """Mean, and its 95 % interval by expanded percentiles."""
    value_of = values.__getitem__
    sums = sorted([sum(map(value_of, draw)) for draw in draws])
    below = round(tail(len(values)) * len(sums))
    ends = (sum(values), sums[below], sums[-1 - below])
    return [round(value / len(values), 4) for value in ends]


def tail(count: int) -> float:
    """The part of a bootstrap's means that lies beyond each end of a 95 % interval.

    Of `count` values the plain 2.5 % covers too little: the spread is taken with n instead of
    n - 1, and as of a normal distribution instead of t (T. Hesterberg, What Teachers Should Know
    About the Bootstrap, 2015, section 5.3, the expanded percentile interval).
    """
    if count < 2:
        return 0.0
    normal = NormalDist()
    return normal.cdf(-math.sqrt(count / (count - 1)) * _student(normal.inv_cdf(1 - _TAIL), count))


def _student(z: float, count: int) -> float:
    """The quantile of Student's t that belongs to a normal one (Abramowitz and Stegun 26.7.5)."""
    free = count - 1
    return (
        z
        + (z**3 + z) / (4 * free)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    )


def within(first: EvidenceRun, second: EvidenceRun) -> list[Repeated]:
    """Each difference of a first run: whether a second one's lies in its interval."""
    found: list[Repeated] = []
    for arm, figures in first["arms"].items():
        for name in MEASURES:
            for other in AGAINST:
                before = figures[name].get(other)
                after = second["arms"].get(arm, {}).get(name, {}).get(other)
                if before and after:
                    inside = before[1] <= after[0] <= before[2]
                    overlap = before[1] <= after[2] and after[1] <= before[2]
                    found.append(
                        {
                            "arm": arm, "measure": name, "other": other, "first": before,
                            "second": after, "inside": inside, "overlap": overlap,
                        }
                    )  # fmt: skip
    return found


def sign(interval: Sequence[float]) -> int:
    """1 or -1 where an interval lies on one side of 0, else 0: no difference shows."""
    return 1 if interval[1] > 0 else -1 if interval[2] < 0 else 0


def table(summary: EvidenceRun) -> list[str]:
    """A run's figures for a terminal: one line for each arm."""
    lines = [
        f"{summary['model']} · seed {summary['seed']} · {summary['questions']} questions · "
        f"{summary['samples']} answers of each arm to each",
        f"{'arm':<12}{'distinct':>10}{'spread':>9}{'own':>7}{'overlap':>9}{'fitness':>9}"
        f"{'tokens':>8}  own spread against sham",
    ]
    for arm, figures in summary["arms"].items():
        means = {name: figures[name]["mean"][0] for name in MEASURES}
        lines.append(
            f"{arm:<12}{means['distinct']:>10.2f}{means['spread']:>9.2f}{means['own']:>7.2f}"
            f"{means['overlap']:>9.2f}{means['fitness']:>9.2f}{means['tokens']:>8.0f}  "
            f"{difference(figures['own'].get('sham'))}"
        )
    return lines


def difference(interval: Sequence[float] | None) -> str:
    """`+0.04 (0.01 to 0.07)`, or `-` where there is none."""
    if not interval:
        return "-"
    return f"{interval[0]:+.2f} ({interval[1]:+.2f} to {interval[2]:+.2f})"
