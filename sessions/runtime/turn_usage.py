"""What a turn takes, counted as it is told: tokens by kind, and dollars where a price is known."""

from __future__ import annotations

from collections.abc import Mapping

from sessions.record import events as ev
from sessions.safety.numbers_from_outside import MOST_USD, amount, count


class TurnSpent:
    """The tokens and dollars of the turn that runs, or else of the next one."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}
        self._usd: float | None = None

    def add(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Count what was told."""
        for kind, told in usage.items():
            if (tokens := count(told)) is not None:
                self._tokens[kind] = min(self._tokens.get(kind, 0) + tokens, ev.LARGEST)
        if (spent := amount(cost_usd)) is not None:
            self._usd = min((self._usd or 0.0) + spent, MOST_USD)

    def told_with(self, ended: ev.TurnEnded) -> ev.TurnEnded:
        """A turn's end with all that was spent, whichever way it ended; the next begins at 0."""
        if ended.usage or ended.cost_usd is not None:
            self.add(ended.usage, ended.cost_usd)
        usage, self._tokens = self._tokens, {}
        cost_usd, self._usd = self._usd, None
        return ev.replace(ended, usage=usage, cost_usd=cost_usd)
