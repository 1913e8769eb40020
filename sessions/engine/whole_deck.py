"""The deck with its features: put together here, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.archive.usage_totals import SpentSoFar
from sessions.config import Config
from sessions.features.assembly import Features, More
from sessions.paths import Places
from sessions.runtime.deck import Deck

if TYPE_CHECKING:
    from sessions.plans.service import Runs


class WholeDeck(Deck):
    """The deck as the engine has it, whose commands know its features by name."""

    features: Features

    def __init__(self, places: Places, config: Config, more: More = ()) -> None:
        super().__init__(places, config, lambda deck: Features(deck, more))
        self.spent = SpentSoFar(places.sessions)

    @property
    def plans(self) -> Runs:
        """Runs of plans."""
        return self.features.plans
