"""Wins, ties and losses of all comparisons, of all sessions: negative ones as readily.

One JSON object a line, appended; a line that can't be read is passed over and counted.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import AgentdeckError
from sessions.places import private_folder
from sessions.priming.comparison import PAIRS, Comparison
from sessions.priming.model import JSON
from sessions.record import codec
from sessions.record import events as ev
from skills import private_files

ENOUGH = 20
"""Under so many decided pairs nothing is told."""
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Tally:
    """Primed against one other arm."""

    other: str
    wins: int = 0
    ties: int = 0
    losses: int = 0

    @property
    def decided(self) -> int:
        """Pairs that were no tie."""
        return self.wins + self.losses

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of wins among the decided pairs."""
        return wilson(self.wins, self.decided)

    @property
    def says(self) -> str:
        """The tally in a sentence, as plainly when priming loses as when it wins."""
        counts = (
            f"{_counted(self.wins, 'win', 'wins')}, {_counted(self.ties, 'tie', 'ties')}, "
            f"{_counted(self.losses, 'loss', 'losses')} against {self.other}"
        )
        if self.decided < ENOUGH:
            return f"{counts}: not enough to tell ({self.decided} of {ENOUGH} decided pairs)."
        low, high = self.interval
        span = f"{100 * low:.0f} to {100 * high:.0f} % wins"
        if low > 0.5:
            return f"{counts}: priming is ahead ({span})."
        if high < 0.5:
            return f"{counts}: priming is behind ({span})."
        return f"{counts}: no difference that shows ({span})."


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def wilson(wins: int, count: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927, JASA 22, 209); (0, 1) of nothing."""
    if count == 0:
        return 0.0, 1.0
    share = wins / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half /= 1 + z * z / count
    return max(0.0, middle - half), min(1.0, middle + half)


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
        record: JSON = {"at": ev.now(), "session": session, **comparison.to_json()}
        private_folder(self.path.parent)
        try:
            private_files.add(self.path, codec.encode(record))
        except OSError as error:
            raise AgentdeckError(
                f"The comparison could not be recorded in {self.path}: {error.strerror}.",
                "Make room or make the file writable, then judge it again.",
            ) from error

    def records(self, judge: str = "user") -> list[JSON]:
        """All comparisons judged by the user, or by the model of that name, oldest first."""
        found: list[JSON] = []
        for line in self._lines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and record.get("judge") == judge:
                found.append(record)
        return found

    def summary(self, judge: str = "user") -> LedgerSummary:
        """All comparisons judged by the user, or by the model of that name."""
        counts = {other: {"win": 0, "tie": 0, "loss": 0} for _, other in PAIRS}
        comparisons = unreadable = 0
        for line in self._lines():
            try:
                record = json.loads(line)
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

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AgentdeckError(f"{self.path} can't be read: {error.strerror}.") from error
