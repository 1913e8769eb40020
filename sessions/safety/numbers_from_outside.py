"""Numbers that came from outside: taken as what they should be, or not at all.

Servers, agents and clients send what they like; a record, a sum and an index take no text where
a count belongs, nothing infinite, and nothing beyond what readers of JSON agree on.
"""

from __future__ import annotations

from typing import Any

LARGEST = 2**53
"""Beyond it, readers of JSON do not agree on a number."""
MOST_USD = 1e12
"""No cost and no sum of costs is beyond it."""


def count(value: Any) -> int | None:
    """A whole number from 0 to 2**53, or None. A float that is whole counts."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= LARGEST else None


def amount(value: Any) -> float | None:
    """A finite amount of money that can have been spent, or None."""
    fits = type(value) in (int, float) and 0 <= value <= MOST_USD  # false for NaN
    return float(value) if fits else None
