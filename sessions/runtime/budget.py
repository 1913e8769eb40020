"""Limits in tokens, money, hours and turns, of one session and of the whole deck.

A limit that is reached pauses the session with its reason; raising it in the configuration
(or setting the session on again) lets it go on. Nothing is interrupted in the middle of a turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from sessions.errors import UsageError
from sessions.record.summary import Summary
from sessions.record.summary_parts import OwnBudget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.config.model import LimitsConfig

_PART = re.compile(
    r"\s*(?P<money>\$)?\s*(?P<count>\d[\d_]*(?:\.\d+)?)\s*(?P<thousands>[km](?![a-z]))?\s*"
    r"(?P<unit>usd|dollars?|tokens?|tok|hours?|h|turns?)?\s*(?:,|;|and\b|$|(?=[\d$]))",
    re.IGNORECASE,
)
_MOST = 1e15
EXAMPLE = "$2.50, 200k tokens, 3 h, 20 turns"
"""How a budget is written, for whoever asks for one."""
_UNITS = {"u": "usd", "d": "usd", "h": "hours"}


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits; 0 = none. Money in USD, tokens as input + output (cache reads count as input)."""

    usd: float = 0.0
    tokens: int = 0
    hours: float = 0.0
    turns: int = 0


def parse(text: str) -> OwnBudget:
    """`$2.50, 200k tokens, 3 hours, 20 turns` as usd, tokens, hours, turns; "" is none.

    A bare number is dollars. Raises UsageError.
    """
    found: dict[str, float] = {}
    at = 0
    while text[at:].strip():
        part = _PART.match(text, at)
        if part is None or (part["money"] and part["unit"] and part["unit"][0] not in "uUdD"):
            raise UsageError(
                f"{text[at:].strip()!r} is no budget.",
                f"Write it as: {EXAMPLE}.",
            )
        unit = (part["unit"] or "usd").lower()
        many = {"k": 1_000, "m": 1_000_000}.get((part["thousands"] or "").lower(), 1)
        count = float(part["count"].replace("_", "")) * many
        name = _UNITS.get(unit[0]) or ("tokens" if unit.startswith("tok") else "turns")
        if name in found or count > _MOST:
            raise UsageError(f"{text.strip()!r} is no budget: {name} twice, or too much of it.")
        found[name] = count
        at = part.end()
    return cast("OwnBudget", {name: count for name, count in found.items() if count})


def said(budget: OwnBudget) -> str:
    """A session's own budget as `parse` reads it."""
    own = dict(cast("Mapping[str, float]", budget))
    words = {"usd": "${:g}", "tokens": "{:g} tokens", "hours": "{:g} hours", "turns": "{:g} turns"}
    if own.get("tokens", 0) >= 1000:
        own = {**own, "tokens": own["tokens"] / 1000}
        words["tokens"] = "{:g}k tokens"
    return ", ".join(form.format(own[k]) for k, form in words.items() if k in own)


def of_session(limits: LimitsConfig, own: OwnBudget) -> Budget:
    """What holds for a session: its own limits, and the configuration's where it has none."""
    return Budget(
        float(own.get("usd") or limits.session_usd),
        int(own.get("tokens") or limits.session_tokens),
        float(own.get("hours") or limits.session_hours),
        int(own.get("turns") or limits.session_turns),
    )


def holds_back(reason: str) -> bool:
    """Whether a session is paused by a limit of its own."""
    return reason.startswith(("the session's budget", "limit of "))


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
