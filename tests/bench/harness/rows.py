"""Figures of parts that give plain rows: `measure()` of the modules that know no table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench.harness.figure import Figure


def of_measure(part: str, found: Any) -> Iterator[Figure]:
    """Figures as they are, and each number of (nested) dictionaries as one without a promise."""
    if isinstance(found, Figure):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            named = f"{part}, {key}" if part else str(key)
            yield from of_measure(named.replace("_", " "), value)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from of_measure(part, each)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield Figure(part, (float(found),), "")
