"""A whole deck in the test's own process, on the rig's backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sessions import config
from sessions.api.notices import EngineNotice
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.record.summary import SessionSummary
from sessions.runtime.session import Session
from tests.support.rig import RigBackend, rig_places, until


@dataclass
class Listening:
    """Collects what the deck tells."""

    events: list[tuple[str, ev.Event]] = field(default_factory=list)
    summaries: list[SessionSummary] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    notices: list[EngineNotice] = field(default_factory=list)
    hooks: list[Callable[[str, ev.Event, bytes], None]] = field(default_factory=list)

    def on_event(self, session_id: str, event: ev.Event, line: bytes) -> None:
        """An event."""
        self.events.append((session_id, event))
        for hook in self.hooks:
            hook(session_id, event, line)

    def on_summary(self, summary: SessionSummary) -> None:
        """A summary."""
        self.summaries.append(summary)

    def on_gone(self, session_id: str) -> None:
        """A session is gone."""
        self.gone.append(session_id)

    def on_notice(self, notice: EngineNotice) -> None:
        """A notice."""
        self.notices.append(notice)


@dataclass
class Rig:
    """A deck, its backend, and who listens."""

    deck: WholeDeck
    backend: RigBackend
    listener: Listening
    root: Path
    others: list[Rig] = field(default_factory=list)

    @classmethod
    async def make(cls, root: Path, turns_at_once: int = 12) -> Rig:
        """A deck with one backend called `rig`, which is the default."""
        places = rig_places(root)
        places.config_file.parent.mkdir(parents=True, exist_ok=True)
        places.config_file.write_text(
            '[defaults]\nprofile = "rig"\n'
            '[backends.rig]\ntype = "local"\n'
            '[profiles.rig]\nbackend = "rig"\n'
            f"[limits]\nturns_at_once = {turns_at_once}\n"
        )
        deck = WholeDeck(places, config.load(places.config_file))
        rig = cls(deck, RigBackend(), Listening(), root)
        deck._backends["rig"] = rig.backend
        deck.listener = rig.listener
        await deck.open()
        return rig

    async def another(self) -> Rig:
        """Another deck beside this one, in a place of its own."""
        rig = await Rig.make(self.root / f"other{len(self.others)}")
        self.others.append(rig)
        return rig

    async def session(self) -> Session:
        """A new session."""
        return await self.deck.create(cwd=str(self.root))

    async def idle(self, session: Session) -> None:
        """Wait until no turn of the session runs."""
        await until(lambda: not session.working)

    async def close(self) -> None:
        """End the decks."""
        for rig in [self, *self.others]:
            await rig.deck.close()


def types_of(session: Session) -> list[str]:
    """The types of the events on disk."""
    return [e.type for e in session.journal.events()]
