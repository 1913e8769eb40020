"""The deck with all its parts: put together here, and nowhere else."""

from __future__ import annotations

from sessions.config import Config
from sessions.features.assembly import Features
from sessions.places import Places
from sessions.plans.service import Runs
from sessions.runtime.deck import Deck


class WholeDeck(Deck):
    """The deck as the engine has it, whose commands know its parts by name."""

    features: Features
    plans: Runs

    def __init__(self, places: Places, config: Config) -> None:
        super().__init__(places, config, Features, Runs)
