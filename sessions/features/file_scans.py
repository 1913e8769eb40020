"""Who looks for what commands made: one for each session, whoever runs them.

So a file that is changed while two of them run (the model's and one of the user's) is told of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessions.features.feature import Feature
from sessions.tools.deferred_file_scan import DeferredFileScan
from sessions.tools.ignored_but_scanned import IgnoredButScanned

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


class FileScans(Feature):
    """A `DeferredFileScan` by session, made when the first of its commands is followed."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._made: dict[str, DeferredFileScan] = {}

    def of(self, session: Session) -> DeferredFileScan:
        """The one of a session, which looks in its directory."""
        if session.id not in self._made:
            named = IgnoredButScanned.of(self._deck.config.harvest.look_in)
            self._made[session.id] = DeferredFileScan(Path(session.summary.cwd).resolve(), named)
        return self._made[session.id]

    async def leaving(self, session: Session) -> None:
        """Find what a session's commands have made, while that can still be written down."""
        if behind := self._made.get(session.id):
            await behind.looked()

    async def parted(self, session: Session) -> None:
        """A session leaves: what is looked for there is found before."""
        if behind := self._made.pop(session.id, None):
            await behind.looked()

    async def close(self) -> None:
        """Wait for what is looked for: a few seconds at most."""
        for behind in list(self._made.values()):
            await behind.looked()
