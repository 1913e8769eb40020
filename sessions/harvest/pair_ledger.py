"""What paired runs of skills came to: with and without, over prompts and over time.

One JSON object a line, appended, losses as readily as wins; a line that can't be read is passed
over. Of few pairs it is said that they are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypedDict

import msgspec

from sessions.paths import Places
from sessions.priming.win_rate import Decided
from sessions.record import json_lines
from sessions.record.closed_sets import PrimedOutcome

ENOUGH = 6
"""Under so many decided pairs not even six wins of six would stand out."""


PairOutcome = Literal["win", "tie", "loss", "void"]
"""For the skill; `void` counts for nothing: a run ended in an error."""


class PairRow(TypedDict):
    """A decided pair, a line of the ledger. `tokens` and `passed`: with the skill and without."""

    skill: str
    outcome: PairOutcome
    model: str
    profile: str
    prompt: str
    tokens: list[int]
    passed: list[bool]


class _Counted(msgspec.Struct):
    """What counts of a line; one that has no such is passed over."""

    skill: str
    outcome: PrimedOutcome
    tokens: tuple[int, int]


@dataclass(slots=True)
class SkillPairs(Decided):
    """The pairs of one skill, with it and without."""

    enough: ClassVar[int] = ENOUGH

    wins: int = 0
    ties: int = 0
    losses: int = 0
    tokens: list[tuple[int, int]] = field(default_factory=list)
    """With and without it, pair by pair."""

    @property
    def says(self) -> str:
        """In a sentence: preferred how often, with the interval, and what it costs."""
        low, high = self.interval
        alike = f", {self.ties} alike" if self.ties else ""
        text = (
            f"with it preferred in {self.wins} of {self.decided} "
            f"({100 * low:.0f} to {100 * high:.0f} %){alike}"
        )
        if not self.known:
            verdict = f"too few to tell ({self.decided} of {ENOUGH} decided pairs)"
        elif self.ahead:
            verdict = "it helps"
        elif self.behind:
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

    def add(self, rows: Sequence[PairRow]) -> None:
        """Append pairs that were decided. Raises AgentdeckError."""
        json_lines.add(self.path, rows, "pairs", "choose again")

    def skills(self) -> dict[str, SkillPairs]:
        """Every skill that was run in pairs."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return {}
        found: dict[str, SkillPairs] = {}
        for row in json_lines.objects(data):
            try:
                pair = msgspec.convert(row, _Counted)
            except msgspec.ValidationError:
                continue
            name, outcome, tokens = pair.skill, pair.outcome, pair.tokens
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
