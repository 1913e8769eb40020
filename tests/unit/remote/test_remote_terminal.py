"""Terminals of another machine, seen and used from here."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest

from sessions.api.terminals import TerminalOutput
from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.errors import AgentdeckError, EngineError
from sessions.record import events as ev
from sessions.remote import untrusted_input
from sessions.remote.remote_terminal import FarTerminal, HearsPrinted
from sessions.remote.site_interface import Offline
from sessions.safety.sanitise import clean
from sessions.terminals.terminal import Watches
from tests.support.rig import until
from tests.unit.remote.test_host import Two, two
from tests.unit.terminals.looking import Looking, whole

__all__ = ["two"]
ASKS = "while True: print('got', input(), flush=True)"


@pytest.fixture
async def looking(two: Two) -> AsyncIterator[Looking]:
    """A client of the engine here that looks at terminals."""
    server = Server(two.here.deck, find, lambda: None)
    await server.listen(str(two.here.root / "here.sock"))
    found = await Looking.at(str(two.here.root / "here.sock"))
    yield found
    await found.client.close()
    await server.close()


async def begun(looking: Looking, two: Two, code: str) -> str:
    """A terminal over there that runs some Python."""
    made = await looking.client.on_host("far").call(
        "terminal.new", argv=["python3", "-c", code], cwd=str(two.far.root)
    )
    assert made["host"] == "far"
    return str(made["id"])


async def test_one_is_seen_and_typed_into_from_here(two: Two, looking: Looking) -> None:
    session = await begun(looking, two, ASKS)
    live = two.far.deck.features.terminals.of(two.far.deck.sessions[session])
    told = await looking.watch(session, columns=70, rows=20)
    assert (told["start"], told["whole"], told["running"]) == (0, True, True)
    await looking.type(session, b"one\r")
    await looking.shows(session, b"got one")
    await until(lambda: live.terminal.kept.size == (70, 20))
    more = await Looking.at(str(two.here.root / "here.sock"))
    await more.watch(session, columns=60, rows=15)
    await more.type(session, b"two\r")  # who types decides the size, over there too
    for each in (more, looking):
        await each.shows(session, b"got two")
        await until(lambda each=each: (60, 15) in each.sizes(session))
    assert len(live.terminal.watchers) == 1
    assert whole(more.seen[session], 0) == whole(looking.seen[session], 0)
    await more.client.close()
    await looking.client.call("terminal.unwatch", session=session)
    await until(lambda: not live.terminal.watchers)
    await looking.watch(session)
    await looking.client.call("terminal.kill", session=session)
    await until(lambda: any(piece.end for piece in looking.seen[session]))
    assert b"got two" in looking.text(session)


async def test_a_flood_over_there_waits_for_who_draws_it_here(two: Two, looking: Looking) -> None:
    session = await begun(looking, two, "for n in range(60_000): print('line', n, '.' * 20)")
    live = two.far.deck.features.terminals.of(two.far.deck.sessions[session])
    await looking.watch(session)
    await until(lambda: len(looking.text(session)) >= 2**18)
    assert live.terminal.kept.end < 2**20
    while not (looking.seen[session] and looking.seen[session][-1].end):
        taken = looking.seen[session][-1]
        await looking.client.call("terminal.took", session=session, at=taken.at + len(taken.data))
    assert b"line 59999" in whole(looking.seen[session], 0)[-200:]


async def test_one_is_lost_with_its_host_and_seen_again_when_that_is_back(
    two: Two, looking: Looking
) -> None:
    session = await begun(looking, two, ASKS)
    await looking.watch(session)
    await looking.type(session, b"one\r")
    await looking.shows(session, b"got one")
    await two.server.close()
    two.lines[-1].cut()
    await until(lambda: looking.seen[session][-1].lost)
    with pytest.raises(AgentdeckError, match="far can't be reached"):
        await looking.watch(session)
    await two.serve()
    await until(lambda: not two.host.offline)
    await looking.watch(session)
    await looking.shows(session, b"got one")


def test_of_a_recording_only_what_an_emulator_is_fed_stays_as_it_was() -> None:
    events = [[0.1, "o", "\x1b[31mred"], [1, "m", "a\x1bb"], ["x"], [1, "o"], None]
    told = untrusted_input.recorded({"events": events, "header": {"title": "\x1b[2J"}, "next": 3})
    assert told["events"] == [[0.1, "o", "\x1b[31mred"], [1, "m", clean("a\x1bb")]]
    assert "\x1b" not in told["header"]["title"] and told["next"] == 3
    assert untrusted_input.recorded({"events": "\x1b"}) == {"events": clean("\x1b")}


class Odd:
    """A site that answers something else, and says what it likes."""

    def __init__(self, answer: ev.JSON) -> None:
        self.hears: dict[str, HearsPrinted] = {}
        self.answer = answer
        self.asked: list[tuple[str, ev.JSON]] = []

    async def call(self, command: str, args: ev.JSON) -> ev.JSON:
        """Remember what was asked."""
        self.asked.append((command, args))
        return self.answer


class Watching:
    """Who looks on."""

    taken = 0
    took_at = 0.0
    size: tuple[int, int] | None = None
    lost = False

    def pump(self) -> None:
        """There is more."""

    def lose(self) -> None:
        """Begin anew."""
        self.lost = True


@pytest.mark.parametrize("answer", [{}, [], None, {"columns": "x", "rows": 1, "start": 0}])
async def test_an_answer_that_is_no_terminal_is_refused(answer: ev.JSON) -> None:
    site = Odd(answer)
    found = FarTerminal(site, "s1")
    for _ in range(2):
        with pytest.raises(EngineError, match="no terminal"):
            await found.begin()
    assert found.over and not site.hears


async def test_what_a_host_says_of_a_terminal_is_bound(two: Two) -> None:
    before = base64.b64encode(b"\x1b[?1049h").decode()
    site = Odd({"columns": 10**9, "rows": -4, "start": 7, "preamble": before})
    found, watching = FarTerminal(site, "s1"), Watching()
    await found.begin()
    assert found.kept.size == (1000, 2) and found.kept.preamble() == b"\x1b[?1049h"
    watcher: Watches = watching
    found.watchers.add(watcher)
    site.hears["s1"].came(TerminalOutput(7, b"abc", (2**40, 9)))
    assert found.kept.size == (1000, 9) and not watching.lost
    site.hears["s1"].came(TerminalOutput(99, b"a piece is missing before it"))
    assert watching.lost and found.over and not site.hears


async def test_no_terminal_of_a_host_that_is_away(two: Two) -> None:
    await two.host.close()
    two.host.offline = "far is away."
    with pytest.raises(Offline, match="away"):
        await two.here.deck.elsewhere.terminal("far", "s1")
