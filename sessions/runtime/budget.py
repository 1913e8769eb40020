"""Limits in tokens, money, hours and turns, of one session and of the whole deck.

A limit that is reached pauses the session with its reason; raising it in the configuration
(or setting the session on again) lets it go on. Nothing is interrupted in the middle of a turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sessions.record.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits; 0 = none. Money in USD, tokens as input + output (cache reads count as input)."""

    usd: float = 0.0
    tokens: int = 0
    hours: float = 0.0
    turns: int = 0


def exceeded(summary: Summary, budget: Budget, *, now: datetime | None = None) -> str:
    """Why a session may not begin another turn, or ""."""
    if budget.turns and summary.turns > budget.turns:
        return f"limit of {budget.turns} turns reached"
    return _spent(_cost([summary]), _tokens([summary]), budget, "session") or _too_old(
        summary.created, budget, now
    )


def family_exceeded(summaries: Iterable[Summary], budget: Budget) -> str:
    """Why a session and those that it started may take no more together, or ""."""
    known = list(summaries)
    return _spent(_cost(known), _tokens(known), budget, "session")


def deck_exceeded(summaries: Iterable[Summary], budget: Budget) -> str:
    """Why no session of the deck may begin another turn, or ""."""
    known = list(summaries)
    return _spent(_cost(known), _tokens(known), budget, "deck")


def _spent(usd: float, tokens: int, budget: Budget, whose: str) -> str:
    if budget.usd and usd >= budget.usd:
        return f"the {whose}'s budget of ${budget.usd:.2f} is spent (${usd:.2f})"
    if budget.tokens and tokens >= budget.tokens:
        return f"the {whose}'s budget of {budget.tokens:,} tokens is spent"
    return ""


def _too_old(created: str, budget: Budget, now: datetime | None) -> str:
    if not budget.hours or not created:
        return ""
    age = (now or datetime.now(UTC)) - datetime.fromisoformat(created)
    hours = age.total_seconds() / 3600
    return f"limit of {budget.hours:g} hours reached" if hours >= budget.hours else ""


def _cost(summaries: Iterable[Summary]) -> float:
    return sum(s.cost_usd or 0.0 for s in summaries)


def _tokens(summaries: Iterable[Summary]) -> int:
    return sum(sum(s.tokens.values()) for s in summaries)
