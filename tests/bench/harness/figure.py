"""One figure of the benchmark: its runs, its anchor, what is promised, and whether it is met."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

Of = Literal["value", "ratio", "over"]


@dataclass(frozen=True, slots=True)
class Target:
    """A promise about a figure.

    `of`: the bound is on the figure itself (`value`), on the figure divided by its anchor
    (`ratio`), or on what it takes more than its anchor (`over`). `least`: not less, instead of
    not more.
    """

    bound: float
    of: Of = "value"
    least: bool = False

    def say(self, unit: str) -> str:
        """In words and signs."""
        sign = "≥" if self.least else "≤"
        if self.of == "ratio":
            return f"{sign} {number(self.bound)} × anchor"
        over = " over anchor" if self.of == "over" else ""
        return f"{sign} {number(self.bound)} {unit}{over}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: the value of each run, and of the anchor's runs beside it.

    The median stands for the runs. `failed`: why there are none.
    """

    name: str
    runs: Sequence[float]
    unit: str
    target: Target | None = None
    anchor: str = ""
    anchor_runs: Sequence[float] = ()
    failed: str = ""

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.runs) if self.runs else float("nan")

    @property
    def anchored(self) -> float:
        """The middle of the anchor's runs."""
        return statistics.median(self.anchor_runs) if self.anchor_runs else float("nan")

    @property
    def judged(self) -> float:
        """What the target's bound is compared with."""
        of = self.target.of if self.target else "value"
        if of == "ratio":
            return self.median / self.anchored
        return self.median - self.anchored if of == "over" else self.median

    @property
    def verdict(self) -> str:
        """`met`, the distance that is missing, or `` where nothing is promised."""
        if self.failed:
            return "failed"
        if self.target is None:
            return ""
        judged, bound = self.judged, self.target.bound
        if judged >= bound if self.target.least else judged <= bound:
            return "met"
        if judged != judged or judged <= 0:
            return "missed"
        return f"missed: {number(judged)} ({number(max(judged / bound, bound / judged))} ×)"

    def to_json(self) -> dict[str, object]:
        """For the results' file."""
        target = self.target
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median if self.runs else None,
            "runs": list(self.runs),
            "anchor": self.anchor,
            "anchor_median": self.anchored if self.anchor_runs else None,
            "anchor_runs": list(self.anchor_runs),
            "target": {"bound": target.bound, "of": target.of, "least": target.least}
            if target
            else None,
            "verdict": self.verdict,
            "failed": self.failed,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Figure:
        """From a results' file."""
        target = data.get("target")
        return cls(
            name=str(data["name"]),
            runs=tuple(data["runs"]),
            unit=str(data["unit"]),
            target=Target(**target) if isinstance(target, dict) else None,
            anchor=str(data["anchor"]),
            anchor_runs=tuple(data["anchor_runs"]),
            failed=str(data["failed"]),
        )


def number(value: float) -> str:
    """Three figures are enough."""
    if value != value:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def timed(work: Callable[[], object], runs: int = 7, scale: float = 1000.0) -> list[float]:
    """How long `work` takes, `runs` times after one to warm up: milliseconds."""
    work()
    taken = []
    for _ in range(runs):
        began = perf_counter()
        work()
        taken.append((perf_counter() - began) * scale)
    return taken


def beside(
    work: Callable[[], object], anchor: Callable[[], object], runs: int = 7
) -> tuple[list[float], list[float]]:
    """Both timed in turn, so that a machine that slows down slows both: milliseconds."""
    ours: list[float] = []
    theirs: list[float] = []
    work()
    anchor()
    for _ in range(runs):
        for what, into in ((work, ours), (anchor, theirs)):
            began = perf_counter()
            what()
            into.append((perf_counter() - began) * 1000)
    return ours, theirs
