"""The configuration as it stands in its file, also while the engine runs.

The file is looked at before each command; where it changed it is read again, and what can be in
force at once is. So deck, `run` and `doctor` know the same profiles and servers. What can't is
said.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sessions import config as configuration
from sessions.config.model import Config
from sessions.errors import UsageError

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck

log = logging.getLogger("agentdeck.config")

Stamp = tuple[int, ...]


class Rereading:
    """Keeps a deck's configuration what the file says."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._stamp = self._now()
        self._stale: set[str] = set()
        """Backends whose settings changed while a session of theirs worked."""

    def _now(self) -> Stamp:
        try:
            found = self._deck.places.config_file.stat()
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)

    async def look(self) -> None:
        """Read the file again if it changed; one that is wrong changes nothing, and is told."""
        if (stamp := self._now()) != self._stamp:
            self._stamp = stamp
            try:
                fresh = configuration.load(self._deck.places.config_file)
            except UsageError as error:
                said = f"{error} What was read before stays in force."
                self._deck.notice("config", said)
            else:
                self._take(fresh)
        if self._stale:
            await self._retire()

    def _take(self, fresh: Config) -> None:
        old, self._deck.config = self._deck.config, fresh
        names = old.backends.keys() | fresh.backends.keys()
        self._stale |= {n for n in names if old.backends.get(n) != fresh.backends.get(n)}
        self._deck.features.configured()
        changed = _changed(old, fresh)
        if changed:
            log.info("the configuration was read again: %s", ", ".join(sorted(changed)))
            self._deck.notice(
                "config", " ".join(["The configuration was read again.", *_later(old, fresh)])
            )

    async def _retire(self) -> None:
        """Let go of backends whose settings changed, once no turn of theirs runs."""
        sessions = list(self._deck.sessions.values())
        for name in sorted(self._stale):
            theirs = [s for s in sessions if s.summary.backend == name]
            if any(session.working for session in theirs):
                continue
            self._stale.discard(name)
            for session in theirs:
                await session.let_go()
            await self._deck.retire(name)


def _changed(old: Config, fresh: Config) -> set[str]:
    """The tables that differ; rules that an answer wrote are no news."""
    tables = (name for name in Config.__slots__ if name != "permissions")
    return {name for name in tables if getattr(old, name) != getattr(fresh, name)}


def _later(old: Config, fresh: Config) -> list[str]:
    """What is not in force at once, and from when on it is."""
    engine = [
        name
        for name, was, now in (
            ("[limits] turns_at_once", old.limits.turns_at_once, fresh.limits.turns_at_once),
            ("[skills] paths", old.skills.paths, fresh.skills.paths),
            ("[engine]", old.engine, fresh.engine),
        )
        if was != now
    ]
    told = []
    if engine:
        told.append(f"{', '.join(engine)}: when the engine starts anew (agentdeck engine stop).")
    if old.tools != fresh.tools:
        told.append("[tools]: in new sessions; in the others when the engine starts anew.")
    return told
