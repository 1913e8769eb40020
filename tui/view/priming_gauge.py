"""The gauge of a priming in one line, wherever it is shown."""

from __future__ import annotations

from typing import Any

from sessions.safety.sanitise import clean_line


def gauge_words(gauge: object) -> str:
    """Gravity before and after, uptake, and what it is; of any journal, so of any shape."""
    if not isinstance(gauge, dict) or not gauge:
        return "not measured yet"
    uptake = _table(gauge.get("uptake"))
    taken = f"{_number(uptake.get('taken'), '0')} of {_number(uptake.get('of'), '0')} taken up"
    enough = "" if gauge.get("enough") else " (too few turns to tell)"
    label = f" · {clean_line(str(gauge['label']))[:80]}" if gauge.get("label") else ""
    before, after = (_table(gauge.get(side)).get("gravity") for side in ("before", "after"))
    told = f"old words before → after: {_number(before)} → {_number(after)} %"
    return f"{told} · {taken}{enough}{label}"


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object, missing: str = "–") -> str:
    return f"{value:.0f}" if isinstance(value, int | float) else missing
