"""Real agents as backends, one behaviour at a time, against the scripted server.

Run by `make agents`; skipped where they are not installed. No network but loopback is needed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessions import config
from sessions.backends.acp.process import AgentProcess
from sessions.engine.whole import WholeDeck
from sessions.record import events as ev
from sessions.runtime import throttle
from sessions.runtime.session import Session
from tests.agents.setting import AGENTS, FOLDER, MADE, WRITTEN, Model, configuration, tool_named
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places, until

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize("agent", AGENTS),
]
START_S = 120.0
ANSWER = "These are the answers."


@dataclass
class Rig:
    """A deck in this process, the server behind it and what its model does."""

    deck: WholeDeck
    server: MessagesServer
    model: Model
    work: Path

    async def session(self, backend: str) -> Session:
        """A session in the work folder."""
        return await self.deck.create(backend=backend, cwd=str(self.work), title=backend)

    def process(self, agent: str) -> AgentProcess:
        """The agent's process."""
        process = self.deck.backend(agent)._process  # type: ignore[attr-defined]
        assert isinstance(process, AgentProcess)
        return process

    async def kill(self, agent: str) -> None:
        """As `kill -9` does, with all that it started."""
        process = self.process(agent)
        assert process._process is not None
        os.killpg(process._process.pid, signal.SIGKILL)
        await process.wait_ended()

    def told(self) -> str:
        """What the model was sent last by an agent that has tools."""
        asked = [r for r in self.server.asked if tool_named(r, "bash")]
        return json.dumps(asked[-1].body["messages"])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck with OpenCode, Claude Code and a native backend, all on one scripted server."""
    throttle._GATES.clear()
    model = Model()
    async with MessagesServer(model) as server:
        work = tmp_path / "work"
        work.mkdir()
        model.work = work
        places = rig_places(tmp_path / "home")
        places.config_file.parent.mkdir(parents=True)
        places.config_file.write_text(configuration(server.url, tmp_path / "agents"))
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        try:
            yield Rig(deck, server, model, work)
        finally:
            await deck.close()


async def ended(session: Session, status: str = "done") -> None:
    """Wait for the turn's end."""
    await until(lambda: not session.working, START_S)
    assert session.summary.status == status, session.summary.error


async def asked(session: Session) -> ev.JSON:
    """Wait until it asks for a permission; the request."""
    await until(lambda: bool(session.summary.asks) or not session.working, START_S)
    assert session.summary.asks, session.summary.error or "it acted without asking"
    return session.summary.asks[0]


async def answer(session: Session, kind: str) -> None:
    """Answer what it asks with its own option of a kind."""
    ask = await asked(session)
    option = next(o["id"] for o in ask["options"] if o["kind"] == kind)
    await session.answer(ask["ask"], option, "", kind.startswith("allow"))


async def half_told(session: Session) -> None:
    """Wait until the first half of a held answer is in the journal."""
    await until(lambda: "half-told" in text_of(session) or not session.working, START_S)
    assert session.working, session.summary.error


async def test_a_command_is_asked_for_in_the_deck_and_runs_once_allowed(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("please run it")
    ask = await asked(session)
    assert f"touch {MADE}" in ask["detail"]
    assert not (rig.work / MADE).exists()
    await answer(session, "allow_once")
    await ended(session)
    assert (rig.work / MADE).exists()
    assert [r.status for r in of_type(session, ev.ToolResult)] == ["ok"]
    assert "The tool has run." in text_of(session)


async def test_a_file_is_shown_as_a_diff_before_it_is_written(rig: Rig, agent: str) -> None:
    session = await rig.session(agent)
    await session.send("please write it")
    ask = await asked(session)
    assert ask["detail_kind"] == "diff"
    assert ask["detail"].endswith("+one\n+two")
    assert ask["summary"].split() in (["Edit", WRITTEN], ["Write", WRITTEN])
    assert not (rig.work / WRITTEN).exists()
    await answer(session, "allow_once")
    await ended(session)
    assert (rig.work / WRITTEN).read_text() == "one\ntwo\n"
    # OpenCode also sends fs/write_text_file once an edit is allowed, whatever the client can do.
    assert len(of_type(session, ev.PermissionAsked)) == 1
    assert len({json.dumps(c.input) for c in of_type(session, ev.ToolCall)}) == len(
        of_type(session, ev.ToolCall)
    )
    assert of_type(session, ev.ToolResult)[-1].data["diffs"][0]["new"] == "one\ntwo\n"


async def test_in_mode_edit_a_file_inside_is_written_unasked_and_a_command_is_not_run(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await rig.deck.change(session, {"permission": "edit"})
    await session.send("please write it")
    await ended(session)
    assert (rig.work / WRITTEN).exists()
    assert [e.by for e in of_type(session, ev.PermissionAnswered)] == ["mode"]
    await session.send("please run it")
    await asked(session)
    await session.interrupt()
    assert not (rig.work / MADE).exists()


async def test_a_command_that_is_refused_does_not_run(rig: Rig, agent: str) -> None:
    session = await rig.session(agent)
    await session.send("please run it")
    await answer(session, "reject_once")
    await ended(session)
    assert not (rig.work / MADE).exists()
    assert "ok" not in [r.status for r in of_type(session, ev.ToolResult)]


async def test_an_interrupted_turn_keeps_its_text_and_the_next_one_goes_on(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("please hold it")
    await half_told(session)
    await session.interrupt()
    assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"
    await session.send("Second question")
    await ended(session)
    assert text_of(session) == "half-told " + ANSWER
    assert "please hold it" in rig.told()


async def test_two_sessions_share_one_process(rig: Rig, agent: str) -> None:
    sessions = [await rig.session(agent) for _ in range(2)]
    await asyncio.gather(*(s.send(f"Question {n}") for n, s in enumerate(sessions)))
    await asyncio.gather(*(ended(s) for s in sessions))
    assert [text_of(s) for s in sessions] == [ANSWER, ANSWER]
    assert len(list((rig.deck.places.state / "agents").iterdir())) == 1


async def test_killed_between_turns_it_comes_back_with_its_conversation(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("First question")
    await ended(session)
    await rig.kill(agent)
    await session.send("Second question")
    await ended(session)
    told = rig.told()
    assert told.index("First question") < told.index(ANSWER) < told.index("Second question")
    assert text_of(session) == ANSWER + ANSWER


async def test_killed_in_the_middle_of_a_turn_it_says_so_and_comes_back(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("First question")
    await ended(session)
    await session.send("please hold it")
    await half_told(session)
    await rig.kill(agent)
    await ended(session, "failed")
    assert "ended in the middle of the turn" in session.summary.error
    rig.model.gate.set()
    await session.send("Third question")
    await ended(session)
    told = rig.told()
    assert told.index("First question") < told.index("Third question")
    before = ANSWER + "half-told "
    assert text_of(session).startswith(before)
    assert text_of(session).removeprefix(before) in (ANSWER, "half-told wholly-told")


async def test_a_fork_knows_the_conversation_and_leaves_the_first_alone(
    rig: Rig, agent: str
) -> None:
    first = await rig.session(agent)
    await first.send("First question")
    await ended(first)
    fork = await rig.deck.fork(first.id)
    await fork.send("Question of the fork")
    await ended(fork)
    assert "First question" in rig.told()
    await first.send("Question of the first")
    await ended(first)
    assert "First question" in rig.told()
    assert "Question of the fork" not in rig.told()


async def test_one_question_is_answered_without_tools(rig: Rig, agent: str) -> None:
    from sessions.backends.base import Question

    reply = await rig.deck.backend(agent).ask(
        Question([{"role": "user", "content": "What is it?"}], system="Be brief.")
    )
    assert reply.text == ANSWER
