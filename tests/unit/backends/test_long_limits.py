"""A limit that lasts for hours: the session pauses, and goes on by itself when it is over, once."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from sessions.backends import faults, throttle
from sessions.record import events as ev
from sessions.runtime import limit_waits
from sessions.runtime.session import Session
from tests.support.messages_server import MessagesServer, Request, Status, Step, call, say
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until

HOURS = 3 * 3600


class Clocks:
    """The two clocks that are asked: one that can be set, and one that can't."""

    def __init__(self) -> None:
        self.set_by = 0.0
        self.passed = 0.0

    def wall(self) -> float:
        return time.time() + self.set_by + self.passed

    def steady(self) -> float:
        return time.monotonic() + self.passed


class Now(datetime):
    """The time by those clocks."""

    clocks: Clocks

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime.fromtimestamp(cls.clocks.wall(), UTC)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that a test moves."""
    made = Clocks()
    monkeypatch.setattr(Now, "clocks", made, raising=False)
    monkeypatch.setattr(limit_waits, "CHECK_S", 0.01)
    monkeypatch.setattr(limit_waits, "_APART_S", 0.0)
    monkeypatch.setattr(limit_waits, "time", SimpleNamespace(time=made.wall))
    for module in (limit_waits, throttle):
        monkeypatch.setattr(module, "steady", made.steady)
    monkeypatch.setattr(throttle, "datetime", Now)
    return made


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer, clocks: Clocks) -> AsyncIterator[NativeRig]:
    """A deck whose server is limited until it is told otherwise."""
    server.script = lambda r: [Status(429, b"{}", {"retry_after": str(HOURS)})]
    made = await NativeRig.make(tmp_path, server, "retries = 2")
    yield made
    await made.close()


async def paused(rig: NativeRig, text: str = "Go") -> Session:
    """A session that waits."""
    session = await rig.session()
    ended = await rig.turn(session, text)
    assert ended.reason == "limit" and session.summary.status == "paused"
    return session


async def over(session: Session) -> None:
    """Wait until it has gone on and ended."""
    await until(lambda: of_type(session, ev.TurnEnded)[-1].reason != "limit", 60)
    await until(lambda: not session.working, 60)


async def a_while() -> None:
    """Enough for what should not happen to happen."""
    for _ in range(20):
        await asyncio.sleep(0.01)


async def again(rig: NativeRig, tmp_path: Path) -> NativeRig:
    """The engine started anew."""
    await rig.deck.close()
    throttle._GATES.clear()
    return await NativeRig.make(tmp_path, rig.server, "retries = 2")


async def test_it_pauses_with_the_time_and_goes_on_then(rig: NativeRig, clocks: Clocks) -> None:
    session = await paused(rig)
    assert len(rig.server.asked) == 1 and not of_type(session, ev.Retry)
    then = datetime.fromisoformat(session.summary.resume_at)
    wait = (then - datetime.now(UTC)).total_seconds()
    assert HOURS - 60 < wait < HOURS + 60
    assert f"{then.astimezone():%H:%M}" in session.summary.paused
    assert rig.deck.busy and not session.working
    rig.server.script = lambda r: say("Well.")
    await a_while()
    assert len(rig.server.asked) == 1
    clocks.passed += HOURS + 2
    await over(session)
    assert text_of(session) == "Well." and session.summary.status == "done"
    assert len(rig.server.asked) == 2 and not rig.deck.busy
    assert [m["role"] for m in rig.server.asked[1].body["messages"]] == ["user"]
    assert len(of_type(session, ev.UserMessage)) == 1


async def test_it_goes_on_in_the_middle_of_a_turn(rig: NativeRig, clocks: Clocks) -> None:
    limited = rig.server.script

    def script(request: Request) -> Sequence[Step]:
        return limited(request) if request.results else call("LS", {"path": "."})

    rig.server.script = script
    session = await paused(rig)
    rig.server.script = lambda r: say("Listed.")
    clocks.passed += HOURS + 2
    await over(session)
    assert len(of_type(session, ev.ToolCall)) == 1 and rig.server.asked[-1].results
    assert text_of(session) == "Listed."


@pytest.mark.parametrize("late", [True, False], ids=["when it is over", "while it lasts"])
async def test_an_engine_that_was_started_anew_waits_on(
    rig: NativeRig, clocks: Clocks, tmp_path: Path, late: bool
) -> None:
    first = await paused(rig)
    rig.server.script = lambda r: say("Well.")
    clocks.passed += HOURS + 2 if late else 60
    new = await again(rig, tmp_path)
    if not late:
        await a_while()
        assert len(rig.server.asked) == 1 and new.deck.busy
        clocks.passed += HOURS
    await until(lambda: len(rig.server.asked) == 2, 60)
    session = await new.deck.get(first.id)
    await over(session)
    assert text_of(session) == "Well." and len(of_type(session, ev.UserMessage)) == 1
    await new.close()
    newer = await again(new, tmp_path)
    await a_while()
    assert len(rig.server.asked) == 2
    await newer.close()


@pytest.mark.parametrize("jump", [-3 * 86400.0, -1800.0, 1800.0])
@pytest.mark.parametrize("anew", [False, True], ids=["the same engine", "another"])
async def test_a_clock_that_is_set_makes_it_neither_miss_nor_repeat(
    rig: NativeRig, clocks: Clocks, tmp_path: Path, jump: float, anew: bool
) -> None:
    first = await paused(rig)
    rig.server.script = lambda r: say("Well.")
    clocks.set_by += jump
    new = await again(rig, tmp_path) if anew else rig
    clocks.passed += HOURS + 2
    await until(lambda: len(rig.server.asked) == 2, 60)
    session = await new.deck.get(first.id)
    await over(session)
    clocks.set_by -= jump
    clocks.passed += HOURS
    await a_while()
    assert len(rig.server.asked) == 2 and text_of(session) == "Well."
    if anew:
        await new.close()


async def test_a_machine_that_slept_goes_on_when_it_wakes(rig: NativeRig, clocks: Clocks) -> None:
    session = await paused(rig)
    rig.server.script = lambda r: say("Well.")
    clocks.set_by += 2 * HOURS  # by the wall's clock alone
    await over(session)
    assert text_of(session) == "Well."


async def test_other_sessions_of_the_key_pause_without_asking(
    rig: NativeRig, clocks: Clocks
) -> None:
    first, second = await paused(rig), await paused(rig, "Me too")
    assert len(rig.server.asked) == 1
    rig.server.script = lambda r: say("Well.")
    clocks.passed += HOURS + 2
    await over(first)
    await over(second)
    assert len(rig.server.asked) == 3


async def test_a_limit_that_lasts_on_is_waited_for_again(rig: NativeRig, clocks: Clocks) -> None:
    session = await paused(rig)
    clocks.passed += HOURS + 2
    await until(lambda: len(of_type(session, ev.TurnEnded)) == 2, 60)
    assert session.summary.status == "paused" and len(rig.server.asked) == 2
    rig.server.script = lambda r: say("Well.")
    clocks.passed += HOURS + 2
    await over(session)
    assert text_of(session) == "Well."


async def test_a_limit_that_is_over_before_its_turn_is_recorded_is_not_missed(
    rig: NativeRig,
    clocks: Clocks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = await rig.session()
    waits, sync = rig.deck.waits, session.recorder.sync

    async def slow() -> None:
        if session.summary.status == "paused" and not slept:
            slept.append(True)
            rig.server.script = lambda r: say("Well.")
            clocks.passed += HOURS + 2
            await a_while()
        await sync()

    slept: list[bool] = []
    monkeypatch.setattr(session.recorder, "sync", slow)
    await rig.turn(session, "Go")
    await over(session)
    assert [e.reason for e in of_type(session, ev.TurnEnded)] == ["limit", "end_turn"]
    await until(lambda: not waits.any, 60)
    gc.collect()  # a task's fault is told when the task is gone
    assert "exception" not in caplog.text


async def test_whoever_lifts_the_pause_tries_at_once(rig: NativeRig, clocks: Clocks) -> None:
    session = await paused(rig)
    rig.server.script = lambda r: say("Well.")
    await session.set({"paused": ""})
    await over(session)
    clocks.passed += HOURS + 2
    await a_while()
    assert len(rig.server.asked) == 2 and text_of(session) == "Well."


@pytest.mark.parametrize("how", ["interrupt", "undo", "a message", "delete"])
async def test_what_ends_the_wait_ends_it(rig: NativeRig, clocks: Clocks, how: str) -> None:
    session = await paused(rig)
    rig.server.script = lambda r: say("Well.")
    if how == "interrupt":
        await session.interrupt()
    elif how == "undo":
        await session.undo()
    elif how == "a message":
        await rig.turn(session, "And?")
    else:
        await rig.deck.delete(session.id)
    asked = len(rig.server.asked)
    assert not rig.deck.busy
    clocks.passed += 2 * HOURS
    await a_while()
    assert len(rig.server.asked) == asked == (2 if how == "a message" else 1)
    if how == "interrupt":
        assert session.summary.status == "idle"


async def test_a_fork_does_not_go_on_as_well(rig: NativeRig, clocks: Clocks) -> None:
    session = await paused(rig)
    copy = await rig.deck.fork(session.id)
    assert not copy.summary.resume_at
    rig.server.script = lambda r: say("Well.")
    clocks.passed += HOURS + 2
    await over(session)
    await a_while()
    assert len(rig.server.asked) == 2 and not text_of(copy)


def test_a_date_is_told_by_the_servers_clock() -> None:
    server = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
    then = server + timedelta(hours=2)
    headers = {
        "retry-after": format_datetime(then, usegmt=True),
        "date": format_datetime(server, usegmt=True),
    }
    fault = faults.of_status(429, b"{}", headers)
    assert (fault.asked_s, fault.lasts) == (7200, True)


@pytest.mark.parametrize("seconds", ["300", "99999999999"])
def test_a_short_wait_and_one_that_is_not_believed_pause_nothing(seconds: str) -> None:
    fault = faults.of_status(429, json.dumps({}).encode(), {"retry-after": seconds})
    assert not fault.lasts and fault.wait_s == 300
