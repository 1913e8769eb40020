"""Two Ray nodes for all tests, a model's server, and decks that use them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.remote.cluster.node_resources import Needs
from sessions.remote.cluster.site import RaySite
from sessions.remote.mirrored_session import Mirrored
from tests.support.messages_server import MessagesServer
from tests.support.raycluster import RayCluster
from tests.support.rig import rig_places, until

_CONFIG = """
[defaults]
profile = "fake"
[backends.fake]
type = "anthropic"
base_url = "{url}"
api_key_env = "FAKE_KEY"
model = "m"
[profiles.fake]
backend = "fake"
permission = "full"
[tools]
sandbox = false
[cluster]
address = "{address}"
"""
LONG_S = 120.0


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """Two nodes, left and right; AGENTDECK_TLS=1: all that they say is encrypted."""
    tls = bool(os.environ.get("AGENTDECK_TLS"))
    made = RayCluster.start(tmp_path_factory.mktemp("ray"), tls=tls)
    os.environ.update(made.env)
    os.environ["FAKE_KEY"] = "k"
    yield made
    made.close()


@dataclass
class Far:
    """A deck whose sessions are made on the cluster."""

    deck: WholeDeck
    cluster: RayCluster

    @property
    def site(self) -> RaySite:
        """The cluster as the deck has it."""
        return self.deck.features.cluster.site

    async def begin(self, node: str = "right") -> Mirrored:
        """A session on a node."""
        session = new_id()
        needs = Needs({"cpus": 0.1}, {"site": node})
        await self.site.begin(session, needs, {"FAKE_KEY": "k"})
        wishes = {"id": session, "title": "far", "confirmed_full": True}
        await self.deck.elsewhere.ask("ray", "work.begin", wishes)
        await until(lambda: session in self.deck.sessions, LONG_S)
        found = self.deck.sessions[session]
        assert isinstance(found, Mirrored)
        return found

    async def pid(self, session: str) -> int:
        """The process of a session's actor."""
        driver = await self.site.reached()
        return int((await driver.ask("greet", actor=session))["pid"])


@dataclass
class Decks:
    """Decks of one place, one after the other."""

    root: Path
    cluster: RayCluster
    server: MessagesServer
    made: list[WholeDeck] = field(default_factory=list)
    more: str = ""
    """What else is configured."""

    async def open(self) -> Far:
        """The next engine's deck."""
        places = rig_places(self.root)
        places.config_file.parent.mkdir(parents=True, exist_ok=True)
        told = _CONFIG.format(url=self.server.url, address=self.cluster.address)
        places.config_file.write_text(told + self.more)
        deck = WholeDeck(places, config.load(places.config_file))
        self.made.append(deck)
        await deck.open()
        return Far(deck, self.cluster)


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    """A model's server."""
    async with MessagesServer() as made:
        yield made


@pytest.fixture
async def decks(
    tmp_path: Path, cluster: RayCluster, server: MessagesServer
) -> AsyncIterator[Decks]:
    """Decks on the cluster; what is left there at the end is ended."""
    made = Decks(tmp_path / "deck", cluster, server)
    yield made
    deck = made.made[-1]  # those before it are closed by the test that has more than one
    for begun in deck.features.cluster.site.ledger.all():
        await deck.features.cluster.site.end(begun.session)
    await deck.close()


def said(session: Mirrored) -> str:
    """All that its model said."""
    return "".join(e.text for e in session.journal.events() if isinstance(e, ev.Text))


def whole(session: Mirrored) -> bool:
    """Whether every number stands in its mirror once, in order."""
    return [e.seq for e in session.journal.events()] == [*range(1, session.last_seq + 1)]
