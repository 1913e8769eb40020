"""Every fault on the wire at every point of a stream: what is seen, what is on disk, what next.

The rows are in `fault_rows`, for each API that a backend speaks. After every row the session
answers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from sessions.backends import faults, retries, streamed_response, throttle
from sessions.record import events as ev
from tests.support.messages_server import MessagesServer, Request, Status, Step, error, say
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until
from tests.unit.backends.fault_rows import APIS, MESSAGES, Api, Row, rows

_TRIES = "retries = 2\n"
CASES = [(api, row) for api in APIS for row in rows(api)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short here; how long they are is tested beside."""
    monkeypatch.setattr(retries, "backoff_s", lambda attempt: 0.01)
    monkeypatch.setattr(faults, "MIN_WAIT_S", 0.01)
    monkeypatch.setattr(faults, "MAX_WAIT_S", 0.02)
    monkeypatch.setattr(streamed_response, "_WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(throttle, "_REFUSED_S", 0.0)
    monkeypatch.setattr(throttle, "_APART_S", 0.0)


@pytest.fixture
def api() -> Api:
    """The API that is spoken."""
    return MESSAGES


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer, api: Api) -> AsyncIterator[NativeRig]:
    """A deck that tries twice more."""
    made = await NativeRig.make(tmp_path, server, _TRIES + api.extra, kind=api.backend)
    patience(made, 20.0)
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def decks(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Callable[[Api], Awaitable[NativeRig]]]:
    """A deck for each API, made when it is first asked for."""
    made: dict[str, NativeRig] = {}
    async with AsyncExitStack() as stack:

        async def deck(api: Api) -> NativeRig:
            if api.name not in made:
                server = await stack.enter_async_context(MessagesServer())
                root = tmp_path_factory.mktemp(api.name)
                rig = await NativeRig.make(root, server, _TRIES + api.extra, kind=api.backend)
                stack.push_async_callback(rig.close)
                made[api.name] = rig
            return made[api.name]

        yield deck


@pytest_asyncio.fixture(loop_scope="module")
async def shared(
    decks: Callable[[Api], Awaitable[NativeRig]], api: Api
) -> AsyncIterator[NativeRig]:
    """The API's deck, as if nothing had been asked by it."""
    rig = await decks(api)
    rig.server.requests.clear()
    yield rig
    patience(rig, 20.0)
    for session in rig.deck.sessions.values():
        if session.working:
            await session.interrupt()


def patience(rig: NativeRig, seconds: float) -> None:
    """How long a silence may last before the stream is given up."""
    rig.deck.backend("test").api.stall_s = seconds  # type: ignore[attr-defined]


def broken_until_well(api: Api, steps: Sequence[Step]) -> Callable[[Request], Sequence[Step]]:
    """The fault for every message that says `break`, an answer for others."""
    return lambda r: steps if "break" in r.last_text.split("\n")[-1] else api.say("Well.")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("api", "row"), CASES, ids=lambda case: case.name)
async def test_a_fault_is_told_kept_and_survived(shared: NativeRig, api: Api, row: Row) -> None:
    rig = shared
    rig.server.script = broken_until_well(api, row.steps)
    if row.kind == "stalled" or row.name.startswith(("slow", "a slow", "no [DONE]")):
        patience(rig, 1.0 if row.kept else 0.2)  # of that nothing is heard is sure
    session = await rig.session()
    ended = await rig.turn(session, "break")
    assert ended.reason == row.reason
    assert len(rig.server.asked) == row.asked
    assert text_of(session) == row.kept
    errors = of_type(session, ev.Error)
    if row.kind:
        assert [e.kind for e in errors] == [row.kind]
        assert errors[0].message and errors[0].hint
        assert session.summary.status == "failed"
    else:
        assert errors == []
    retries = of_type(session, ev.Retry)
    assert [r.attempt for r in retries] == list(range(1, row.asked))
    patience(rig, 20.0)
    again = await rig.turn(session, "and now?")
    assert again.reason == "end_turn"
    assert text_of(session) == row.kept + "Well."
    assert [e.seq for e in session.journal.events()] == list(range(1, session.summary.seq + 1))


def test_there_are_enough_rows() -> None:
    for api in APIS:
        assert len(rows(api)) >= 60
        assert len({row.name for row in rows(api)}) == len(rows(api))


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
async def test_two_dozen_sessions_with_two_dozen_faults_do_not_notice_each_other(
    rig: NativeRig, api: Api
) -> None:
    alone = ("auth", "billing", "rate_limit", "overloaded")
    harmless = [row for row in rows(api) if row.kind not in alone]
    chosen = harmless[:: max(1, len(harmless) // 24)][:24]
    sessions = [await rig.session() for _ in chosen]

    def script(request: Request) -> Sequence[Step]:
        words = request.last_text.split("\n")[-1].split()
        return chosen[int(words[1])].steps if words[:1] == ["break"] else api.say("Well.")

    rig.server.script = script
    patience(rig, 1.0)
    for number, session in enumerate(sessions):
        await session.send(f"break {number}")
    await until(lambda: not any(s.working for s in sessions), 60)
    for row, session in zip(chosen, sessions, strict=True):
        assert text_of(session) == row.kept, row.name
        assert of_type(session, ev.TurnEnded)[-1].reason == row.reason, row.name
    patience(rig, 20.0)
    await asyncio.gather(*(rig.turn(s, "and now?") for s in sessions))
    for row, session in zip(chosen, sessions, strict=True):
        assert text_of(session) == row.kept + "Well.", row.name


async def test_a_refused_connection_is_said(tmp_path: Path, server: MessagesServer) -> None:
    rig = await NativeRig.make(tmp_path, server, "retries = 1")
    assert server._server is not None
    server._server.close()
    await server._server.wait_closed()
    session = await rig.session()
    ended = await rig.turn(session, "Hello")
    assert ended.reason == "error"
    assert of_type(session, ev.Error)[0].kind == "network"
    await rig.close()


async def test_a_limit_of_one_session_holds_back_the_others(rig: NativeRig) -> None:
    """One 429, not as many as there are sessions."""
    limited = asyncio.Event()

    def script(request: Request) -> Sequence[Step]:
        if not limited.is_set():
            limited.set()
            return [Status(429, b"{}", {"retry_after": "5"})]
        return say("Well.")

    faults.MAX_WAIT_S = 2.0  # on a busy machine the others need a second to begin
    rig.server.script = script
    first, *others = [await rig.session() for _ in range(6)]
    await first.send("Hello")
    await until(lambda: bool(of_type(first, ev.Retry)))
    for session in others:
        await session.send("Hello")
    await until(lambda: not any(s.working for s in (first, *others)), 60)
    assert len(rig.server.asked) == 7
    for session in others:
        assert [r.attempt for r in of_type(session, ev.Retry)] == [0]


async def test_a_wait_can_be_interrupted(rig: NativeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "backoff_s", lambda attempt: 300.0)
    rig.server.script = lambda r: error("api_error", status=500)
    session = await rig.session()
    await session.send("Hello")
    await until(lambda: bool(of_type(session, ev.Retry)))
    await asyncio.wait_for(session.interrupt(), 2)
    assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "99999"}, 300.0),
        ({"retry-after": "-3"}, 1.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(
    headers: dict[str, str], seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    monkeypatch.setattr(faults, "MIN_WAIT_S", 1.0)
    monkeypatch.setattr(faults, "MAX_WAIT_S", 300.0)
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    assert faults.retry_after(headers, now) == seconds
