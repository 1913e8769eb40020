"""Turns with an agent through the deck, one step at a time: with a real one or with its log."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from sessions.backends.acp.backend import AcpBackend
from sessions.backends.acp.process import AgentProcess
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.record.summary_parts import PendingAsk
from sessions.runtime.session import Session
from tests.support.rig import until

START_S = 120.0


async def ended(session: Session, status: str = "done") -> None:
    """Wait for the turn's end."""
    await until(lambda: not session.working, START_S)
    assert session.summary.status == status, session.summary.error


async def asked(session: Session) -> PendingAsk:
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
    await until(lambda: "half-told" in latest(session) or not session.working, START_S)
    assert session.working, session.summary.error


def latest(session: Session) -> str:
    """The text of the last turn."""
    text = ""
    for event in session.journal.events():
        if isinstance(event, ev.UserMessage):
            text = ""
        elif isinstance(event, ev.Text):
            text += event.text
    return text


def process_of(deck: WholeDeck, agent: str, work: Path) -> AgentProcess:
    """The agent's process; that of a directory where it has one for each."""
    backend = deck.backend(agent)
    assert isinstance(backend, AcpBackend)
    process = backend._folders.get(work, backend)._process
    assert isinstance(process, AgentProcess)
    return process


async def kill(process: AgentProcess) -> None:
    """As `kill -9` does, with all that it started."""
    assert process._process is not None
    os.killpg(process._process.pid, signal.SIGKILL)
    await process.wait_ended()


async def drive(
    deck: WholeDeck,
    agent: str,
    work: Path,
    later: Callable[[], Awaitable[None]],
    go_on: Callable[[], None],
) -> tuple[Session, Session]:
    """A conversation with all that an agent does, and a fork of it.

    Two questions, a command allowed, one refused, a file, an interrupt, a kill, and back again; at
    last a message into the running turn. `later`: the next minute begins, before which some lose
    what is loaded. `go_on`: what the model holds back is said.
    """
    session = await deck.create(backend=agent, cwd=str(work), title="driven")

    async def turn(text: str, *kinds: str) -> None:
        await session.send(text)
        for kind in kinds:
            await answer(session, kind)
        await ended(session)

    await turn("First question")
    await turn("please run it", "allow_once")
    await turn("please run it", "reject_once")
    if agent != "codex":  # it writes by commands alone
        await turn("please write it", "allow_once")
    await session.send("please hold it")
    await half_told(session)
    await session.interrupt()
    await later()
    await kill(process_of(deck, agent, work))
    await turn("Second question, please answer")
    fork = await deck.fork(session.id)
    await fork.send("Question of the fork, please answer")
    await ended(fork)
    await session.send("please hold it")
    await until(lambda: "half-told" in latest(session), START_S)
    await session.send("A steered question, please answer", mode="steer")
    if session.summary.agent["can"]["steer"]:
        await until(lambda: not session.queue, START_S)
    go_on()
    await until(lambda: not session.queue and not session.working, START_S)
    await ended(session)
    return session, fork
