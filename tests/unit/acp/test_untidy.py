"""Agents that deviate: what is lost is told, and what they say of a refusal is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.acp.conversation import AcpConversation
from sessions.errors import BackendError
from sessions.record import events as ev
from tests.support.host import FakeHost

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
Make = Callable[..., AcpBackend]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes backends on the scripted agent and ends them."""
    made: list[AcpBackend] = []

    def backend(*flags: str) -> AcpBackend:
        command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json"), *flags]
        made.append(AcpBackend(AgentConfig("scripted", command, state=tmp_path, sleep_s=0)))
        return made[-1]

    yield backend
    for each in made:
        await each.close()


async def opened(backend: AcpBackend, host: FakeHost) -> AcpConversation:
    return await backend.open(host.session_id, host.cwd, host.state())


async def run(backend: AcpBackend, host: FakeHost, text: str) -> ev.TurnEnded:
    """One turn in a new conversation."""
    host.say(text)
    return await (await opened(backend, host)).turn(host)


def faults(host: FakeHost) -> list[str]:
    return [e.message for e in host.events if isinstance(e, ev.Error)]


async def test_a_message_of_60_mb_is_shortened_and_told(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "heap")
    assert host.text().startswith("begin xxx")
    assert host.text().endswith(" error -32600"), "the agent's request was answered"
    assert len(host.text()) < 2_000_000
    told = faults(host)
    assert len(told) == 2
    assert told[0].startswith("The agent scripted sent a message of 60,000,")
    assert "(agent_message_chunk); 16,777,216 are taken at most, of which the beginning" in told[0]
    assert "(fs/write_text_file)" in told[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"odd": 1}', "the reason {'odd': 1}, which is none of the protocol's"),
        ("[1]", "the reason [1], which"),
        ("7", "the reason 7, which"),
        ('"finished"', "the reason 'finished', which"),
        ('"\\u001b[31m"', "the reason '"),
    ],
)
async def test_a_reason_that_is_none_is_told_in_a_sentence(
    make: Make, tmp_path: Path, given: str, words: str
) -> None:
    host = FakeHost(tmp_path)
    ended = await run(make(), host, f"ending {given}")
    assert ended.reason == "error"
    assert ended.detail.startswith(f"The agent scripted ended its turn with {words}")
    assert "\x1b" not in ended.detail


REFUSALS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"code": -32603, "message": "Internal error",
         "data": {"startupFailureReason": "bypass_root", "details": "not as root"}},
        ["Internal error", "startupFailureReason: bypass_root; not as root"],
    ),
    ({"code": -32603, "message": "No", "data": "because of the weather"}, ["of the weather"]),
    ({"code": -1, "message": "No", "data": {"errors": [{"message": "x\x1b[1m"}]}}, ["errors: x"]),
]  # fmt: skip


@pytest.mark.parametrize(("error", "words"), REFUSALS)
async def test_a_refusal_is_shown_with_what_its_data_and_the_agents_prose_say(
    make: Make, tmp_path: Path, error: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(BackendError) as caught:
        await run(make(), FakeHost(tmp_path), f"refuse {json.dumps(error)}")
    for word in [*words, "It printed: Sorry, this agent is closed today."]:
        assert word in caught.value.message
    assert "\x1b" not in caught.value.message


async def test_an_agent_that_only_prints_a_sentence_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('Please run: kimi login')"]
    backend = AcpBackend(AgentConfig("kimi", command, state=tmp_path))
    with pytest.raises(BackendError, match="Please run: kimi login"):
        await run(backend, FakeHost(tmp_path), "say")
    await backend.close()


async def test_a_killed_agents_message_quotes_nothing_of_an_earlier_turn(
    make: Make, tmp_path: Path
) -> None:
    backend = make()
    await run(backend, FakeHost(tmp_path, session_id="other"), "mutter a secret of the other")
    process = backend._process
    assert process is not None
    while process.mark().stderr == 0:  # a thread copies it
        pass
    with pytest.raises(BackendError) as caught:
        await run(backend, FakeHost(tmp_path), "die")
    assert "out of cheese" in caught.value.message
    assert "secret of the other" not in caught.value.message
