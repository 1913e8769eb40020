"""What a turn cost, by the table of prices; an unknown model costs tokens only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Priced(Protocol):
    """US dollars per million tokens."""

    @property
    def input(self) -> float:
        """Input."""

    @property
    def output(self) -> float:
        """Output."""

    @property
    def cache_read(self) -> float:
        """Input read from the cache."""

    @property
    def cache_write(self) -> float:
        """Input written to the cache."""


def price_of(model: str, prices: Mapping[str, Priced]) -> Priced | None:
    """The price of the longest name that the model's id begins with."""
    names = [name for name in prices if model.startswith(name)]
    return prices[max(names, key=len)] if names else None


def cost(model: str, usage: Mapping[str, int], prices: Mapping[str, Priced]) -> float | None:
    """US dollars for `usage` (`input`, `output`, `cache_read`, `cache_write` in tokens), by
    `price_of`; None if there is none.
    """
    price = price_of(model, prices)
    if price is None:
        return None
    return (
        usage.get("input", 0) * price.input
        + usage.get("output", 0) * price.output
        + usage.get("cache_read", 0) * price.cache_read
        + usage.get("cache_write", 0) * price.cache_write
    ) / 1_000_000
