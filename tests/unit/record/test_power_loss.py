"""Power loss, simulated: every write after the last sync may be missing, in any subset."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.record.journal import NEEDS_SYNC, Faults, Journal, read

STATES = 300


class Disk:
    """Remembers writes and syncs of one file, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[bytes | None] = []
        real_write, real_sync = os.write, os.fdatasync

        def write(fd: int, data: bytes) -> int:
            self.log.append(bytes(data))
            return real_write(fd, data)

        def sync(fd: int) -> None:
            self.log.append(None)
            real_sync(fd)

        monkeypatch.setattr(os, "write", write)
        monkeypatch.setattr(os, "fdatasync", sync)

    def states(self, rng: random.Random) -> tuple[bytes, bytes]:
        """A moment of power loss: what must be there, and what the file then holds."""
        moment = rng.randrange(1, len(self.log) + 1)
        past = self.log[:moment]
        synced = max((n for n, e in enumerate(past) if e is None), default=-1)
        safe = b"".join(e for e in past[:synced] if e is not None)
        # A file system that lost a write in the middle gives zeros where it stood.
        rest = b"".join(
            e if rng.random() < 0.5 else b"\0" * len(e) for e in past[synced + 1 :] if e is not None
        )
        return safe, safe + rest[: rng.randrange(len(rest) + 1)]


def test_decisive_events_survive_and_nothing_is_corrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    journal, stamped, _ = Journal.create(tmp_path / "s", ev.SessionCreated(id="s"))
    story: list[ev.Event] = [
        ev.UserMessage(turn=1, text="Go"),
        ev.TurnStarted(turn=1),
        *[ev.Text(turn=1, text=f"{n} ") for n in range(20)],
        ev.ToolCall(turn=1, call="c", name="Bash", input={"command": "make"}),
        ev.ToolResult(turn=1, call="c", status="ok"),
        *[ev.Text(turn=1, text=f"{n} ") for n in range(20)],
        ev.TurnEnded(turn=1, reason="end_turn"),
    ]
    decisive = {stamped.seq}
    for event in story:
        written, _ = journal.append(event)
        if isinstance(event, NEEDS_SYNC):
            journal.sync()
            decisive.add(written.seq)
    journal.close()
    monkeypatch.undo()
    rng = random.Random(7)
    for number in range(STATES):
        safe, left = disk.states(rng)
        folder = tmp_path / f"after{number}"
        folder.mkdir()
        (folder / "journal.jsonl").write_bytes(left)
        events = list(read(folder / "journal.jsonl", Faults()))
        told = {e.seq for e in events}
        promised = {e.seq for e in _events(safe, tmp_path)} & decisive
        assert promised <= told
        if events and isinstance(events[0], ev.SessionCreated):
            again, opened = Journal.open(folder)
            assert promised <= {e.seq for e in opened}
            again.append(ev.UserMessage(turn=2, text="And on"))
            again.close()


def _events(data: bytes, tmp_path: Path) -> list[ev.Event]:
    path = tmp_path / "safe.jsonl"
    path.write_bytes(data)
    return list(read(path))
