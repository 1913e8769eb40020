"""Chance that anybody can repeat: the same seed gives the same draw, everywhere and always.

Python promises only two things of `random.Random` from version to version: seeding from a
string, and the sequence of `random()`. Everything here is made of these two; `shuffle`,
`sample` and `choices` are not used, since their streams have changed before.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

SEED_BITS = 32


def new_seed() -> int:
    """A seed for who named none."""
    return secrets.randbits(SEED_BITS)


def canonical(params: Mapping[str, Any]) -> str:
    """The parameters as one fixed text: keys sorted, no spaces, ASCII."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


class Stream:
    """A sequence of choices fixed by kind, seed and the parameters that shape the draw."""

    def __init__(self, kind: str, seed: int, params: Mapping[str, Any]) -> None:
        self._random = random.Random(f"agentdeck/1/{kind}/{seed}/{canonical(params)}").random

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1.

        Scaling a 53-bit fraction favours no number by more than `limit` / 2**53.
        """
        return int(self._random() * limit)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items, each as likely as its weight says."""
        mark = self._random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            mark -= weight
            if mark < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a random order (Fisher and Yates, as Durstenfeld wrote it)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def numbers(self, limit: int) -> Iterator[int]:
        """Distinct numbers from 0 to `limit` - 1, without end until all were given."""
        seen: set[int] = set()
        while len(seen) < limit:
            number = self.below(limit)
            if number not in seen:
                seen.add(number)
                yield number
