"""Figures of parts that give plain rows: `measure()` of the modules that know no table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench.harness.figure import Figure


def of_measure(part: str, found: dict[str, Any]) -> Iterator[Figure]:
    """Each number of a (nested) dictionary as a figure without a promise."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield from of_measure(part, {f"{key}, {k}": v for k, v in value.items()})
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Figure(key.replace("_", " "), (float(value),), "")
