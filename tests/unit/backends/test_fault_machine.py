"""Faults of the machine under a stream: the clock jumps, the disk fills, the folder goes."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sessions.backends import faults, retries, throttle
from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record.journal import NAME, Faults, Journal, read
from sessions.runtime.session import Session
from tests.support.messages_server import Gate, MessagesServer, Status, say, start, stop, text
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until


@pytest.fixture
async def rig(
    tmp_path: Path, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NativeRig]:
    """A deck with short waits."""
    monkeypatch.setattr(retries, "backoff_s", lambda attempt: 0.01)
    monkeypatch.setattr(throttle, "_APART_S", 0.0)
    made = await NativeRig.make(tmp_path, server, "retries = 2")
    yield made
    await made.close()


def in_two(rig: NativeRig) -> asyncio.Event:
    """Answers come in two parts; the second when the event is set."""
    event = asyncio.Event()
    block = text(0, "Before ", "and after.")
    rig.server.script = lambda r: [start(), *block[:2], Gate(event), *block[2:], *stop()]
    return event


async def half_way(rig: NativeRig) -> tuple[Session, asyncio.Event]:
    event = in_two(rig)
    session = await rig.session()
    await session.send("go")
    await until(lambda: "Before" in text_of(session))
    return session, event


@pytest.mark.parametrize("jump", [timedelta(days=-2), timedelta(hours=1), timedelta(days=4000)])
async def test_a_clock_that_jumps_under_a_stream_costs_nothing(
    rig: NativeRig, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    session, event = await half_way(rig)
    then = (datetime.now(UTC) + jump).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    monkeypatch.setattr(ev, "now", lambda: then)
    event.set()
    await until(lambda: not session.working)
    assert text_of(session) == "Before and after."
    assert of_type(session, ev.TurnEnded)[-1].reason == "end_turn"
    rig.server.script = lambda r: say("Well.")
    assert (await rig.turn(session, "and now?")).reason == "end_turn"
    seqs = [e.seq for e in session.journal.events()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_retry_date_under_a_clock_that_is_years_off_does_not_wait_for_years(
    rig: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "MIN_WAIT_S", 0.01)
    monkeypatch.setattr(faults, "MAX_WAIT_S", 0.05)
    years = format_datetime(datetime.now(UTC) + timedelta(days=3000), usegmt=True)
    asked = 0

    def script(request: object) -> Sequence[object]:
        nonlocal asked
        asked += 1
        return [Status(429, b"{}", {"retry_after": years})] if asked == 1 else say("Well.")

    rig.server.script = script  # type: ignore[assignment]
    session = await rig.session()
    assert (await rig.turn(session, "go")).reason == "end_turn"
    (retry,) = of_type(session, ev.Retry)
    assert retry.wait_s <= 1.0


async def test_a_disk_that_fills_under_a_stream_is_said_and_nothing_shown_is_lost(
    rig: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, event = await half_way(rig)
    real, full = os.write, True

    def write(fd: int, data: bytes) -> int:
        if full and fd == session.journal._fd:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    event.set()
    await until(lambda: session.summary.status == "paused")
    await until(lambda: not session.working)
    assert "NOT RECORDED" in session.summary.paused
    assert any("No space" in str(n.get("message")) for n in rig.listener.notices)
    with pytest.raises(JournalError, match="disk"):
        await session.send("more")
    shown = "".join(e.text for _, e in rig.listener.events if isinstance(e, ev.Text))
    assert shown == text_of(session)
    full = False
    rig.server.script = lambda r: say("Well.")
    assert (await rig.turn(session, "and now?")).reason == "end_turn"
    assert text_of(session).startswith("Before ") and text_of(session).endswith("Well.")
    seqs = [e.seq for e in session.journal.events()]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("what", ["file", "folder", "all"])
async def test_a_record_that_is_deleted_under_a_stream_is_written_anew(
    rig: NativeRig, what: str
) -> None:
    session, event = await half_way(rig)
    folder = session.folder
    if what == "file":
        (folder / NAME).unlink()
    else:
        shutil.rmtree(folder if what == "folder" else folder.parent)
    event.set()
    await until(lambda: not session.working)
    events = list(read(folder / NAME, Faults()))
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert "".join(e.text for e in events if isinstance(e, ev.Text)) == "Before and after."
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    rig.server.script = lambda r: say("Well.")
    assert (await rig.turn(session, "and now?")).reason == "end_turn"
    with pytest.raises(JournalError, match="Another process"):
        Journal.open(folder)


async def test_a_record_that_is_deleted_and_cannot_be_written_anew_is_said(
    rig: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, event = await half_way(rig)
    folder = session.folder
    shutil.rmtree(folder)
    folder.write_text("in the way")
    event.set()
    await until(lambda: session.summary.status == "paused" and not session.working)
    assert "NOT RECORDED" in session.summary.paused
    folder.unlink()
    rig.server.script = lambda r: say("Well.")
    assert (await rig.turn(session, "and now?")).reason == "end_turn"
    assert text_of(session).startswith("Before ") and text_of(session).endswith("Well.")
