"""What paired runs of skills came to: with and without, over prompts and over time.

One JSON object a line, appended, losses as readily as wins; a line that can't be read is passed
over. Of few pairs it is said that they are few.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sessions.errors import AgentdeckError
from sessions.places import Places, private_folder
from sessions.priming.ledger import wilson
from sessions.record import codec
from sessions.record import events as ev
from skills import private_files

ENOUGH = 6
"""Under so many decided pairs not even six wins of six would stand out."""


@dataclass(slots=True)
class SkillPairs:
    """The pairs of one skill."""

    wins: int = 0
    ties: int = 0
    losses: int = 0
    tokens: list[tuple[int, int]] = field(default_factory=list)
    """With and without it, pair by pair."""

    @property
    def decided(self) -> int:
        """Pairs in which one was preferred."""
        return self.wins + self.losses

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share in which the run with it was preferred."""
        return wilson(self.wins, self.decided)

    @property
    def says(self) -> str:
        """In a sentence: preferred how often, with the interval, and what it costs."""
        low, high = self.interval
        alike = f", {self.ties} alike" if self.ties else ""
        text = (
            f"with it preferred in {self.wins} of {self.decided} "
            f"({100 * low:.0f} to {100 * high:.0f} %){alike}"
        )
        if self.decided < ENOUGH:
            verdict = f"too few to tell ({self.decided} of {ENOUGH} decided pairs)"
        elif low > 0.5:
            verdict = "it helps"
        elif high < 0.5:
            verdict = "it HARMS"
        else:
            verdict = "no difference that shows"
        return f"{text}: {verdict}{self._cost()}"

    def _cost(self) -> str:
        with_, without = (sum(pair[i] for pair in self.tokens) for i in (0, 1))
        return f"; {100 * (with_ - without) / without:+.0f} % tokens" if without else ""


class PairLedger:
    """The file `data/pairs/ledger.jsonl`."""

    def __init__(self, places: Places) -> None:
        self.path = places.data / "pairs" / "ledger.jsonl"

    def add(self, rows: Sequence[ev.JSON]) -> None:
        """Append pairs that were decided. Raises AgentdeckError."""
        private_folder(self.path.parent)
        data = b"".join(codec.encode({"at": ev.now(), **row}) for row in rows)
        try:
            private_files.add(self.path, data)
        except OSError as error:
            raise AgentdeckError(
                f"The pairs could not be recorded in {self.path}: {error.strerror}.",
                "Make room or make the file writable, then choose again.",
            ) from error

    def skills(self) -> dict[str, SkillPairs]:
        """Every skill that was run in pairs."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return {}
        found: dict[str, SkillPairs] = {}
        for line in lines:
            try:
                row = json.loads(line)
                name, outcome = str(row["skill"]), str(row["outcome"])
                tokens = (int(row["tokens"][0]), int(row["tokens"][1]))
            except (ValueError, KeyError, TypeError, IndexError, RecursionError):
                continue
            if outcome not in ("win", "tie", "loss"):
                continue
            each = found.setdefault(name, SkillPairs())
            each.wins += outcome == "win"
            each.ties += outcome == "tie"
            each.losses += outcome == "loss"
            each.tokens.append(tokens)
        return found

    def says(self, name: str) -> str:
        """Of one skill; "" where it was never run in pairs."""
        found = self.skills().get(name)
        return found.says if found else ""
