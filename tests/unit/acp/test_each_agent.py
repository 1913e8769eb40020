"""Bad input under the name of each agent that is known, so that its own ways meet every fault.

The scripted agent is called by the agent's program and has its mode; what the real ones say when
all is well is in test_captured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessions.backends.acp import conversation
from sessions.backends.acp.backend import AcpBackend
from sessions.config.known_agents import AGENTS, KnownAgent
from sessions.errors import BackendError
from sessions.record import events as ev
from tests.support.host import FakeHost
from tests.support.known_agent import called

UNASKED = "auto"
"""The mode in which it starts, and acts unasked."""
YES = {"optionId": "yes", "name": "Yes", "kind": "allow_once"}

pytestmark = pytest.mark.parametrize("name", list(AGENTS))


@pytest.fixture(autouse=True)
def minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute between any two looks at the clock, or a load would come too soon for some."""
    clock: Iterator[float] = iter(range(6000, 600_000, 60))
    monkeypatch.setattr(conversation, "_now", lambda: float(next(clock)))


def under(name: str, tmp_path: Path, *flags: str) -> AcpBackend:
    """The scripted agent as a known one: by its command, in its modes, with its quirks."""
    known = AGENTS[name]
    modes = f"--modes {UNASKED},{known.ask_mode or 'asks'}"
    backend = called(tmp_path, known.command[0], modes, *flags)
    assert backend.known is known
    backend.known = _quicker(known)
    return backend


def _quicker(known: KnownAgent) -> KnownAgent:
    """Its retelling of the past is over sooner than a real one's."""
    return replace(known, late_replay_s=min(known.late_replay_s, 0.3))


async def test_noise_a_flood_what_is_unknown_and_options_without_a_refusal_are_borne(
    name: str, tmp_path: Path
) -> None:
    backend, host = under(name, tmp_path, "--noise"), FakeHost(tmp_path, permission="read-only")
    talk = await backend.open(host.session_id, host.cwd, {})
    said: list[str] = []
    novelty = {"sessionUpdate": "novelty_update", "payload": {"x": 1}}
    for text in (
        f"permit {json.dumps([YES])}",
        "garble",
        "unknown",
        f"client {json.dumps([['update', novelty]])}",
        "flood 1000",
    ):
        host.next(text)
        before = len(host.text())
        assert (await talk.turn(host)).reason == "end_turn"
        said.append(host.text()[before:])
    *others, flood = said
    assert others == ["outcome cancelled None", "before after", "error -32601", "[]"]
    assert flood.split() == [str(number) for number in range(1000)]
    assert [e.name for e in host.events if isinstance(e, ev.Unknown)] == ["acp.novelty_update"]
    await backend.close()


@pytest.mark.parametrize("options", ["", "--options"])
async def test_one_that_does_not_stay_in_the_mode_that_asks_is_not_prompted(
    name: str, options: str, tmp_path: Path
) -> None:
    backend, host = under(name, tmp_path, "--bounces", options), FakeHost(tmp_path)
    talk = await backend.open(host.session_id, host.cwd, {})
    host.say("say it")
    if AGENTS[name].ask_mode:
        with pytest.raises(BackendError, match=f"stays with (mode|Mode) {UNASKED}"):
            await talk.turn(host)
        assert host.text() == ""
    else:  # its environment holds it, whatever its mode is
        assert AGENTS[name].env()
        assert (await talk.turn(host)).reason == "end_turn"
    await backend.close()


async def test_dead_at_a_permission_it_comes_back_with_its_past_told_once(
    name: str, tmp_path: Path
) -> None:
    """Its mode goes back within a turn, it dies, and then it tells the past twice."""
    backend, host = under(name, tmp_path), FakeHost(tmp_path)
    talk = await backend.open(host.session_id, host.cwd, {})
    went = {"sessionUpdate": "current_mode_update", "currentModeId": UNASKED}
    host.say(f"client {json.dumps([['update', went]])}")
    await talk.turn(host)
    told = [e.message for e in host.events if isinstance(e, ev.Notice) and "went into" in e.message]
    assert len(told) == (1 if AGENTS[name].ask_mode else 0)  # of one that is never put there: none
    host.next("doomed")  # nobody answers
    with pytest.raises(BackendError, match="ended in the middle of the turn") as caught:
        await talk.turn(host)
    assert caught.value.kind == "agent_ended"
    assert [type(e) for e in host.events].count(ev.PermissionAsked) == 1
    await backend.close()

    again = FakeHost(tmp_path)
    again.events = [ev.BackendState(data=host.state())]
    backend = under(name, tmp_path, "--twice")
    talk = await backend.open(again.session_id, again.cwd, again.state())
    again.next("say it")
    await talk.turn(again)
    assert again.text() == f"message 2 in mode {AGENTS[name].ask_mode or UNASKED}"
    assert not [e for e in again.events if isinstance(e, ev.Error)]
    await backend.close()
