"""What a starting engine says to the one who started it."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sessions.engine import lifecycle, shutdown_progress
from sessions.engine.shutdown_progress import Progress
from sessions.errors import AgentdeckError
from tests.support.rig import rig_places


def told(*pieces: bytes) -> str:
    reading, writing = os.pipe()

    def say() -> None:
        for piece in pieces:
            os.write(writing, piece)
        os.close(writing)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        return lifecycle._read_line(reading, 10.0)
    finally:
        thread.join()
        os.close(reading)


def test_an_engine_that_makes_its_index_again_is_waited_for() -> None:
    assert (
        told(b"busy 100 of 300\n", b"busy 200 of 300\nbu", b"sy 300 of 300\n", b"ready\n")
        == "ready"
    )


def test_an_engine_that_refuses_says_why() -> None:
    assert told(b"busy 100 of 300\n", b"the disk is full\n") == "the disk is full"


def test_an_engine_that_ends_without_a_word_is_no_engine() -> None:
    assert told() == ""
    assert told(b"busy 100 of 300\n") != "ready"


# -- its end


STEPS = (Progress("", 10), Progress("its sessions", 11), Progress("its agents", 11))


@pytest.mark.parametrize(
    ("seen", "waits", "ends", "told"),
    [
        (STEPS, 3, True, ""),  # slow, as on a full machine
        ((STEPS[0], STEPS[0]), 1, False, "has not ended in"),
        ((*STEPS, STEPS[-1]), 3, False, "It has been ending its agents."),
        ((STEPS[0], Progress("", 12), Progress("", 12)), 2, False, "in 0 s."),
    ],
)
def test_an_engine_is_waited_for_while_it_gets_on_with_its_end(
    seen: tuple[Progress, ...],
    waits: int,
    ends: bool,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps, waited, signals = iter(seen), [], []

    def wait(*_: object) -> bool:
        waited.append(1)
        return ends and len(waited) == waits

    monkeypatch.setattr(lifecycle, "running_pid", lambda _: 4711)
    monkeypatch.setattr(lifecycle, "_lock_freed", lambda _: SimpleNamespace(wait=wait))
    monkeypatch.setattr(shutdown_progress, "progress", lambda *_: next(steps))
    monkeypatch.setattr(os, "kill", lambda *given: signals.append(given))
    if ends:
        assert lifecycle.stop(rig_places(tmp_path))
    else:
        with pytest.raises(AgentdeckError) as raised:
            lifecycle.stop(rig_places(tmp_path))
        assert told in str(raised.value) and "kill -9 4711" in (raised.value.hint or "")
    assert len(waited) == waits and signals == [(4711, signal.SIGTERM)]


def test_an_engine_that_gets_on_for_ever_is_not_waited_for_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ever() -> Iterator[Progress]:
        yield from (Progress("its sessions", cpu) for cpu in range(10_000))

    steps = ever()
    monkeypatch.setattr(lifecycle, "_LONGEST_END_S", 0.0)
    monkeypatch.setattr(lifecycle, "running_pid", lambda _: 4711)
    monkeypatch.setattr(lifecycle, "_lock_freed", lambda _: threading.Event())
    monkeypatch.setattr(shutdown_progress, "progress", lambda *_: next(steps))
    monkeypatch.setattr(os, "kill", lambda *_: None)
    with pytest.raises(AgentdeckError, match="its sessions"):
        lifecycle.stop(rig_places(tmp_path), timeout_s=0.0)


def test_an_end_that_took_long_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, faults = rig_places(tmp_path), list[object]()
    places.run.mkdir(parents=True, exist_ok=True)
    lock = os.open(places.run / "engine.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def steps() -> Iterator[Progress]:
        yield from (Progress("its sessions", cpu) for cpu in range(3))
        os.close(lock)
        yield from (Progress("its agents", cpu) for cpu in range(10_000))

    step, before = steps(), threading.enumerate()
    monkeypatch.setattr(threading, "excepthook", faults.append)
    monkeypatch.setattr(lifecycle, "running_pid", lambda _: 4711)
    monkeypatch.setattr(shutdown_progress, "progress", lambda *_: next(step))
    monkeypatch.setattr(os, "kill", lambda *_: None)
    assert lifecycle.stop(places, timeout_s=0.01)
    for thread in set(threading.enumerate()) - set(before):
        thread.join(60)
    assert faults == []


def test_how_far_an_engine_is_can_be_read_and_is_gone_with_it(tmp_path: Path) -> None:
    places = rig_places(tmp_path)
    places.run.mkdir(parents=True, exist_ok=True)
    assert shutdown_progress.progress(places, os.getpid()).step == ""
    shutdown_progress.tell(places, "its sessions")
    assert shutdown_progress.progress(places, os.getpid()).step == "its sessions"
    shutdown_progress.tell(places, "")
    assert shutdown_progress.progress(places, 2**22 + 1) == Progress("", 0)
