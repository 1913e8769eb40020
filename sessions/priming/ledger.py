"""Wins, ties and losses of all comparisons, of all sessions: negative ones as readily.

One JSON object a line, appended; a line that can't be read is passed over and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sessions.errors import AgentdeckError
from sessions.priming.comparison import PAIRS, Comparison
from sessions.priming.model import JSON
from sessions.priming.win_rate import Decided
from sessions.record import json_lines

ENOUGH = 20
"""Under so many decided pairs nothing is told."""


@dataclass(frozen=True, slots=True)
class Tally(Decided):
    """Primed against one other arm."""

    enough: ClassVar[int] = ENOUGH

    other: str
    wins: int = 0
    ties: int = 0
    losses: int = 0

    @property
    def says(self) -> str:
        """The tally in a sentence, as plainly when priming loses as when it wins."""
        counts = (
            f"{_counted(self.wins, 'win', 'wins')}, {_counted(self.ties, 'tie', 'ties')}, "
            f"{_counted(self.losses, 'loss', 'losses')} against {self.other}"
        )
        if not self.known:
            return f"{counts}: not enough to tell ({self.decided} of {ENOUGH} decided pairs)."
        low, high = self.interval
        span = f"{100 * low:.0f} to {100 * high:.0f} % wins"
        if self.ahead:
            return f"{counts}: priming is ahead ({span})."
        if self.behind:
            return f"{counts}: priming is behind ({span})."
        return f"{counts}: no difference that shows ({span})."


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


@dataclass(frozen=True, slots=True)
class LedgerSummary:
    """What the ledger says. Priming counts as useful only where it beats the sham."""

    tallies: tuple[Tally, ...]
    comparisons: int
    unreadable: int = 0


class Ledger:
    """The file `data/priming/comparisons.jsonl`."""

    def __init__(self, data: Path) -> None:
        self.path = data / "priming" / "comparisons.jsonl"

    def add(self, comparison: Comparison, session: str) -> None:
        """Append a comparison that is over.

        Raises:
            UsageError: it is not over.
            AgentdeckError: the ledger can't be written.
        """
        record: JSON = {"session": session, **comparison.to_json()}
        json_lines.add(self.path, [record], "comparison", "judge it again")

    def records(self, judge: str = "user") -> list[JSON]:
        """All comparisons judged by the user, or by the model of that name, oldest first."""
        return [record for record in self._lines() if record.get("judge") == judge]

    def summary(self, judge: str = "user") -> LedgerSummary:
        """All comparisons judged by the user, or by the model of that name."""
        counts = {other: {"win": 0, "tie": 0, "loss": 0} for _, other in PAIRS}
        comparisons = unreadable = 0
        for record in self._lines():
            try:
                if record["judge"] != judge:
                    continue
                for other, outcome in record["outcomes"].items():
                    counts[other][outcome] += 1
                comparisons += 1
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                unreadable += 1
        tallies = tuple(
            Tally(other, found["win"], found["tie"], found["loss"])
            for other, found in counts.items()
        )
        return LedgerSummary(tallies, comparisons, unreadable)

    def _lines(self) -> Iterator[JSON]:
        try:
            return json_lines.objects(self.path.read_bytes())
        except FileNotFoundError:
            return iter(())
        except OSError as error:
            raise AgentdeckError(f"{self.path} can't be read: {error.strerror}.") from error
