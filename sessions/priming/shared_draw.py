"""One draw over several sessions, or to each its own seed.

Sessions that are all primed alike end up alike; so a broadcast priming gives every session a
seed of its own, unless one draw is dealt out like cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

from sessions.errors import UsageError
from sessions.priming.rng import SEED_BITS, Stream

T = TypeVar("T")


def deal(items: Sequence[T], sessions: Sequence[str]) -> dict[str, list[T]]:
    """Deal items in turn, so that every session gets as many, and of each rank.

    Raises:
        UsageError: there are fewer items than sessions, or no session.
    """
    if not sessions:
        raise UsageError("No session to deal to.", "Choose the sessions first.")
    if len(items) < len(sessions):
        raise UsageError(
            f"{len(items)} items do not go round {len(sessions)} sessions.",
            "Tick more, choose fewer sessions, or give each its own seed.",
        )
    hands: dict[str, list[T]] = {session: [] for session in sessions}
    for index, item in enumerate(items):
        hands[sessions[index % len(sessions)]].append(item)
    return hands


def seeds(seed: int, count: int) -> list[int]:
    """Seeds for so many sessions, all fixed by one and none of them alike."""
    return list(islice(Stream("spread", seed, {}).numbers(2**SEED_BITS), count))
