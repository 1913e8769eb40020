"""What an actor is given when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.remote.cluster.shapes import SeedSent


@dataclass(frozen=True, slots=True)
class Seed:
    """One session's actor."""

    session: str
    config: str = ""
    """The configuration of here, without any key (`settings.sent`)."""
    env: Mapping[str, str] | None = None
    """Keys that the plan names, by their variables."""

    def plain(self) -> SeedSent:
        """As it is sent."""
        return {"session": self.session, "config": self.config, "env": dict(self.env or {})}
