"""A deck whose backend is a real one that asks a server, against a scripted one on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from sessions import config
from sessions.backends import throttle
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Listening
from tests.support.messages_server import MessagesServer, Script
from tests.support.rig import rig_places, until

E = TypeVar("E", bound=ev.Event)


class NativeRig:
    """A deck, the server behind it, and who listens."""

    def __init__(self, deck: WholeDeck, server: MessagesServer, root: Path) -> None:
        self.deck = deck
        self.server = server
        self.root = root
        self.listener = Listening()
        deck.listener = self.listener

    @classmethod
    async def make(
        cls,
        root: Path,
        server: MessagesServer,
        extra: str = "",
        permission: str = "ask",
        kind: str = "anthropic",
    ) -> NativeRig:
        """A deck on the server; `kind` is the backend's type, `extra` goes into its table."""
        places = rig_places(root / "home")
        places.config_file.parent.mkdir(parents=True, exist_ok=True)
        places.config_file.write_text(
            '[defaults]\nprofile = "test"\n'
            f'[backends.test]\ntype = "{kind}"\nbase_url = "{server.url}"\n'
            f'model = "scripted"\nstall_s = 5.0\n{extra}\n'
            f'[profiles.test]\nbackend = "test"\npermission = "{permission}"\n'
        )
        places.config_file.chmod(0o600)
        work = root / "work"
        work.mkdir(exist_ok=True)
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        return cls(deck, server, root)

    @classmethod
    @asynccontextmanager
    async def answering(
        cls, root: Path, script: Script, permission: str = "ask"
    ) -> AsyncIterator[NativeRig]:
        """A deck on a server of its own that answers by `script`; nothing is throttled from before.

        Both end with the block.
        """
        throttle._GATES.clear()
        async with MessagesServer(script) as server:
            rig = await cls.make(root, server, permission=permission)
            yield rig
            await rig.close()

    def configure(self, more: str) -> None:
        """Lines at the end of the configuration, which is read again."""
        file = self.deck.places.config_file
        file.write_text(file.read_text() + more)
        self.deck.config = config.load(file)

    async def session(self) -> Session:
        """A new session in the work folder."""
        return await self.deck.create(cwd=str(self.root / "work"))

    async def turn(self, session: Session, text: str) -> ev.TurnEnded:
        """Send and wait for the turn's end."""
        await session.send(text)
        await until(lambda: not session.working, 60)
        return next(
            e for e in reversed(list(session.journal.events())) if isinstance(e, ev.TurnEnded)
        )

    async def close(self) -> None:
        """End the deck."""
        await self.deck.close()


def text_of(session: Session) -> str:
    """All text of a session on disk."""
    return "".join(e.text for e in session.journal.events() if isinstance(e, ev.Text))


def of_type(session: Session, cls: type[E]) -> list[E]:
    """The events of one type on disk."""
    return [e for e in session.journal.events() if isinstance(e, cls)]
