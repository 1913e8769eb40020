"""Claude Code, Codex, OpenCode, Gemini, Qwen and an `openai` session as tiles of one real deck.

Run by `make agents`; skipped where the agents are not installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sessions.engine.client import Client
from sessions.record import events as ev
from sessions.record.summary import Summary
from tests.agents import dialects
from tests.agents.engine import engine_of_agents
from tests.agents.setting import FOLDER, MADE, SIX, Model
from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal
from tests.support.messages_server import MessagesServer
from tests.support.rig import until

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(400),
]
START_S = 120.0
CTRL_F, CTRL_J, ENTER, ESC = "\x06", "\n", "\r", "\x1b"
FOUND = re.compile(r"│ (\S+ \d) +\d{4}-\d\d-\d\d +\S")
TITLES = [f"{kind} 1" for kind in SIX]
STEERED = [title for title in ("claude-code 1", "codex 1") if title in TITLES]
ASKING = [t for t in ("claude-code 1", "opencode 1", "gemini 1", "qwen 1") if t in TITLES]


class Stage:
    """An engine, a deck on a terminal, and a client that knows what state each session is in."""

    def __init__(self, house: House, server: MessagesServer, model: Model, client: Client) -> None:
        self.house = house
        self.server = server
        self.model = model
        self.ids: dict[str, str] = {}
        self.sent: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.watch(client)

    def watch(self, client: Client) -> None:
        """Count the turns that end, as this client is told."""

        def count(session: str, event: ev.Event) -> None:
            self.ended[session] += isinstance(event, ev.TurnEnded)

        self.client = client
        client.on_event = count

    async def make_six(self) -> None:
        """One session of each kind."""
        for title in TITLES:
            made = await self.client.call(
                "session.create",
                backend=title.split()[0],
                cwd=str(self.house.work),
                title=title,
            )
            self.ids[title] = made["id"]
            await self.client.call("session.watch", session=made["id"])

    async def deck(self) -> Terminal:
        """The real deck, with a tile for each."""
        deck = await asyncio.to_thread(self.house.deck, 200, 60)
        for number, title in enumerate(TITLES, 1):
            await self.shown(deck, f"{number} {title} ")
        return deck

    async def shown(self, deck: Terminal, words: str) -> None:
        """Wait until the words are on the screen."""
        await asyncio.to_thread(deck.wait_for, words, START_S)

    async def screen(self, deck: Terminal, condition: Callable[[str], bool]) -> None:
        """Wait until the screen is so."""
        await asyncio.to_thread(deck.wait, lambda: condition(deck.text), START_S)

    async def send(self, title: str, text: str) -> None:
        """Send to one session."""
        self.sent[self.ids[title]] += 1
        await self.client.call("session.send", session=self.ids[title], text=text)

    def summary(self, title: str) -> Summary:
        """What is known of one session."""
        return self.client.summaries[self.ids[title]]

    async def done(self, *titles: str, status: str = "done") -> None:
        """Wait until all turns that were asked for have ended, and so."""
        ids = [self.ids[title] for title in titles]
        busy = ("working", "needs-you")
        await until(lambda: all(self.ended[i] >= self.sent[i] for i in ids), START_S)
        await until(lambda: all(self.summary(t).status not in busy for t in titles))
        for title in titles:
            assert self.summary(title).status in (status, "idle"), self.summary(title).error

    def asked(self, words: str) -> bool:
        """Whether a model has been asked that."""
        return any(words in dialects.told(r) for r in self.server.asked)

    def told(self) -> str:
        """What the model was sent last by an agent that has tools."""
        return dialects.told(dialects.latest(self.server.asked))

    def agents(self) -> list[int]:
        """The agents' processes."""
        return [int(entry.name) for entry in (self.house.places.state / "agents").iterdir()]

    def process_of(self, program: str) -> int:
        """The process of the one agent that runs this program."""
        found = [p for p in self.agents() if program in Path(f"/proc/{p}/cmdline").read_text()]
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """All of it."""
    model = Model()
    async with (
        MessagesServer(model) as server,
        engine_of_agents(server.url, monkeypatch) as (house, client),
    ):
        try:
            yield Stage(house, server, model, client)
        finally:
            model.gate.set()


async def test_six_tiles_of_six_kinds(stage: Stage) -> None:
    await stage.make_six()
    deck = await stage.deck()

    # All stream at once: each has told half of its answer while none has ended.
    for title in TITLES:
        await stage.send(title, f"please hold the {title}")
    await stage.screen(deck, lambda screen: screen.count("half-told") == len(TITLES))
    assert [stage.summary(t).status for t in TITLES] == ["working"] * len(TITLES)
    await stage.shown(deck, f"{len(TITLES)} working")

    # Two are steered: what is said stands in the turn that runs.
    for title in STEERED:
        session = stage.ids[title]
        words = f"please answer the steered {title}"
        await stage.client.call("session.send", session=session, text=words, mode="steer")
    await until(lambda: not any(stage.summary(t).queue for t in STEERED), START_S)
    stage.model.gate.set()
    await stage.done(*TITLES)
    assert all(stage.summary(t).turns == 1 for t in TITLES)
    for title in STEERED:
        await stage.screen(deck, lambda screen, said=f"steered {title}": said in screen)  # type: ignore[misc]

    # Permissions of four are answered in the deck, by its keys.
    for title in ASKING:
        await stage.send(title, "please run it")
        await until(lambda title=title: bool(stage.summary(title).asks), START_S)  # type: ignore[misc]
        ask = stage.summary(title).asks[0]
        once = next(o["name"] for o in ask["options"] if o["kind"] == "allow_once")
        # What is done and unseen comes in its turn, too.
        await asyncio.to_thread(deck.insist, CTRL_J, lambda: "enter answer" in deck.text)
        await stage.shown(deck, f"o  {once}")
        assert f"touch {MADE}" in deck.text
        assert not (stage.house.work / MADE).exists()
        await asyncio.to_thread(deck.insist, "o", lambda once=once: f"o  {once}" not in deck.text)  # type: ignore[misc]
        await stage.done(title)
        (stage.house.work / MADE).unlink()

    # One agent is killed in the middle of a turn, and comes back with its conversation.
    stage.model.gate.clear()
    await stage.send("opencode 1", "please hold once more")
    await until(lambda: stage.summary("opencode 1").status == "working", START_S)
    await until(lambda: stage.asked("hold once more"), START_S)
    os.killpg(stage.process_of("opencode"), signal.SIGKILL)
    await stage.done("opencode 1", status="failed")
    await stage.shown(deck, "ended in the middle of the turn")
    stage.model.gate.set()
    await stage.send("opencode 1", "What was my first question? please answer")
    await stage.done("opencode 1")
    assert stage.told().index("please hold the opencode 1") < stage.told().index("my first")

    # One search finds all six, for a client and on the screen.
    hits = await stage.client.call("archive.search", query="half told")
    assert {h["id"] for h in hits} == set(stage.ids.values())
    deck.send(CTRL_F)
    await stage.shown(deck, "Search")
    deck.send("half-told")
    await stage.screen(deck, lambda screen: set(FOUND.findall(screen)) == set(TITLES))


async def test_no_agent_outlives_an_engine_that_is_killed(stage: Stage) -> None:
    await stage.make_six()
    for title in TITLES:
        await stage.send(title, "please hold it")
    half = '"half-told'
    journals = stage.house.places.sessions
    await until(
        lambda: all(
            (journals / i / "journal.jsonl").read_text().count(half) for i in stage.ids.values()
        ),
        START_S,
    )
    agents = stage.agents()
    assert len(agents) == len(TITLES) - 1
    lost = asyncio.Event()
    stage.client.on_lost = lambda _: lost.set()
    stage.house.kill_engine()
    await asyncio.wait_for(lost.wait(), 60)
    stage.model.gate.set()
    again = await Client.connect(stage.house.places)
    stage.watch(again)
    await again.attach()
    await until(lambda: not any(group_lives(pid) for pid in agents), 60)
    for title in TITLES:  # the next engine has ended the turns that were cut off
        await again.call("session.watch", session=stage.ids[title])
    await stage.done(*TITLES, status="cut-off")
    await stage.send("claude-code 1", "Second question, please answer")
    await stage.done("claude-code 1")
    assert "please hold it" in stage.told()


def group_lives(leader: int) -> bool:
    """Whether a process of the group still runs."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == leader and fields[0] != "Z":
                    return True
    return False
