"""Turns with a scripted agent over real stdio."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sessions.backends import read_pacing
from sessions.backends.acp import orphans
from sessions.backends.acp import process as acp_process
from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.base import Question
from sessions.errors import BackendError
from sessions.record import events as ev
from sessions.record.summary_parts import AgentState
from tests.support.host import FakeHost, saying
from tests.support.rig import until

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")

Make = Callable[..., AcpBackend]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes backends on the scripted agent and ends them."""
    made: list[AcpBackend] = []

    def backend(*flags: str, sleep_s: float = 0.0) -> AcpBackend:
        command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json"), *flags]
        made.append(AcpBackend(AgentConfig("scripted", command, state=tmp_path, sleep_s=sleep_s)))
        return made[-1]

    yield backend
    for each in made:
        await each.close()


async def run(
    backend: AcpBackend, host: FakeHost, text: str = "", state: AgentState | None = None
) -> ev.TurnEnded:
    """One turn in a new conversation."""
    if text:
        host.say(text)
    conversation = await backend.open(host.session_id, host.cwd, state or host.state())
    return await conversation.turn(host)


async def test_a_turn_streams_text_in_the_asking_mode(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    ended = await run(make(), host, "say hello")
    assert host.text() == "message 1 in mode default"
    assert ended.reason == "end_turn"
    assert ended.usage == {"input": 7, "output": 5}


async def test_every_kind_of_update_becomes_an_event(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    ended = await run(make(), host, "everything")
    assert [e.text for e in host.events if isinstance(e, ev.Thinking)] == ["Hm. "]
    calls = [e for e in host.events if isinstance(e, ev.ToolCall)]
    assert [(c.call, c.kind, c.input) for c in calls] == [("t1", "edit", {"path": "a.txt"})]
    result = next(e for e in host.events if isinstance(e, ev.ToolResult))
    assert result.status == "ok" and "-a" in result.content and "+b" in result.content
    assert result.data["diffs"][0]["new"] == "b\n"
    state = host.state()
    assert state["plan"][0]["content"] == "look"
    assert state["commands"][0]["name"] == "init"
    assert state["context"]["used"] == 1000
    raw = [e for e in host.events if isinstance(e, ev.Unknown)]
    assert [(e.name, e.data["raw"]["payload"]) for e in raw] == [("acp.novelty_update", {"x": 1})]
    assert ended.cost_usd == 0.25
    assert "echoed" not in host.text()


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [("full", "selected yes"), ("read-only", "selected no")],
)
async def test_modes_answer_what_they_plainly_mean(
    make: Make, tmp_path: Path, mode: str, outcome: str
) -> None:
    host = FakeHost(tmp_path, permission=mode)
    await run(make(), host, "permit")
    assert host.text() == f"outcome {outcome}"
    answered = next(e for e in host.events if isinstance(e, ev.PermissionAnswered))
    assert answered.by == "mode"


@pytest.mark.parametrize("mode", ["ask", "edit"])
async def test_a_command_is_asked_with_the_agents_own_options(
    make: Make, tmp_path: Path, mode: str
) -> None:
    host = FakeHost(tmp_path, permission=mode)
    host.answer = saying("always")
    await run(make(), host, "permit")
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    assert asked.detail == "make test" and asked.detail_kind == "command"
    assert [o["kind"] for o in asked.options] == ["allow_once", "allow_always", "reject_once"]
    assert host.text() == "outcome selected always"
    order = [type(e) for e in host.events]
    assert order.index(ev.ToolCall) < order.index(ev.PermissionAsked)


async def test_what_a_tool_is_given_is_shown_though_it_is_told_after_the_request(
    make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path)
    host.answer = saying("no")
    await run(make(), host, "hasty")
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    assert (asked.summary, asked.detail) == ("sums_add", "a: 2")


async def test_an_unknown_request_gets_an_error(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "unknown")
    assert host.text() == "error -32601"


async def test_noise_on_stdout_costs_nothing(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    await run(make("--noise"), host, "garble")
    assert host.text() == "before after"


async def test_a_flood_comes_through_whole_and_in_order(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "flood")
    assert host.text() == "".join(f"{n} " for n in range(5000))


async def test_an_interrupt_keeps_what_was_said(make: Make, tmp_path: Path) -> None:
    backend, host = make(), FakeHost(tmp_path)
    turn = asyncio.ensure_future(run(backend, host, "forever"))
    await until(lambda: len(host.text()) > 20)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert host.text().startswith("0 1 2 ")
    again = FakeHost(tmp_path)
    await run(backend, again, "say")
    assert again.text().startswith("message 1")


async def test_an_interrupt_cancels_a_waiting_permission(make: Make, tmp_path: Path) -> None:
    backend, host = make(), FakeHost(tmp_path)
    turn = asyncio.ensure_future(run(backend, host, "permit"))
    await until(lambda: any(isinstance(e, ev.PermissionAsked) for e in host.events))
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert "outcome cancelled" in host.text()


async def test_an_agent_that_dies_fails_the_turn_with_its_stderr(
    make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path)
    with pytest.raises(BackendError) as caught:
        await run(make(), host, "die")
    assert "out of cheese" in str(caught.value)
    assert host.text() == "last words"


async def test_all_of_a_stream_is_taken_in_when_the_agent_dies_within_it(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_pacing, "EVERY_S", 1e6)  # the next reading would come too late
    host = FakeHost(tmp_path)
    with pytest.raises(BackendError):
        async with asyncio.timeout(30):
            await run(make(), host, "dribble")
    assert host.text().split() == [str(number) for number in range(60)]


async def test_a_killed_agent_comes_back_with_its_conversation(make: Make, tmp_path: Path) -> None:
    backend, host = make(), FakeHost(tmp_path)
    conversation = await backend.open(host.session_id, host.cwd, {})
    host.say("say one")
    await conversation.turn(host)
    process = backend._process
    assert process is not None and process._process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    await process.wait_ended()
    host.next("say two")
    await conversation.turn(host)
    assert host.text() == "message 1 in mode defaultmessage 2 in mode default"


async def test_an_agent_that_forgets_is_told_the_past(make: Make, tmp_path: Path) -> None:
    first = FakeHost(tmp_path)
    await run(make("--forgetful"), first, "say one")
    host = FakeHost(tmp_path)
    host.past = [
        {"role": "user", "content": "say one"},
        {"role": "assistant", "content": "the very first answer"},
        {"role": "user", "content": "echo"},
    ]
    await run(make("--forgetful"), host, "echo", state=first.state())
    assert "echo" in host.text()
    assert host.state()["session_id"] != first.state()["session_id"]


async def test_a_fork_does_not_go_on_in_its_parents_session(make: Make, tmp_path: Path) -> None:
    backend = make()
    parent = FakeHost(tmp_path)
    await run(backend, parent, "say one")
    fork = FakeHost(tmp_path, session_id="fork")
    await run(backend, fork, "say two", state=parent.state())
    assert fork.state()["session_id"] != parent.state()["session_id"]
    assert fork.state()["owner"] == "fork"


async def test_two_sessions_share_one_process(make: Make, tmp_path: Path) -> None:
    backend = make()
    a, b = FakeHost(tmp_path, session_id="a"), FakeHost(tmp_path, session_id="b")
    await asyncio.gather(run(backend, a, "say"), run(backend, b, "say"))
    assert a.state()["session_id"] != b.state()["session_id"]
    assert a.state()["session_id"].split("-")[0] == b.state()["session_id"].split("-")[0]


async def test_an_agent_that_hangs_at_its_start_is_given_up(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acp_process, "START_S", 0.5)
    with pytest.raises(BackendError, match="did not answer"):
        await run(make("--hang"), FakeHost(tmp_path), "say")


async def test_a_missing_agent_is_said_plainly(tmp_path: Path) -> None:
    backend = AcpBackend(AgentConfig("nobody", ["/no/such/agent"], state=tmp_path))
    with pytest.raises(BackendError, match="can't be started"):
        await run(backend, FakeHost(tmp_path), "say")


async def test_an_agent_that_wants_a_sign_in_says_so(make: Make, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="sign in") as caught:
        await run(make("--signed-out"), FakeHost(tmp_path), "say")
    assert caught.value.kind == "auth"


async def test_a_question_is_asked_in_a_session_of_its_own(make: Make, tmp_path: Path) -> None:
    reply = await make().ask(Question(messages=[{"role": "user", "content": "echo this"}]))
    assert "echo this" in reply.text


async def test_what_a_killed_engine_left_is_swept(make: Make, tmp_path: Path) -> None:
    backend, host = make(), FakeHost(tmp_path)
    await run(backend, host, "say")
    process = backend._process
    assert process is not None
    assert orphans.sweep(tmp_path / "agents") == 1
    await process.wait_ended()
    assert not list((tmp_path / "agents").iterdir())


async def test_an_idle_agent_sleeps_and_wakes_with_its_conversation(
    make: Make, tmp_path: Path
) -> None:
    backend, host = make(sleep_s=0.05), FakeHost(tmp_path)
    conversation = await backend.open(host.session_id, host.cwd, {})
    host.say("say one")
    await conversation.turn(host)
    first = backend._process
    assert first is not None
    await asyncio.wait_for(first.wait_ended(), 60)
    host.next("say two")
    await conversation.turn(host)
    assert "message 2" in host.text()
    assert json.dumps(host.state())
