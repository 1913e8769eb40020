"""A replay hands over every event of a journal, however long it is."""

from pathlib import Path

import pytest

from sessions.engine.replay import Replay
from sessions.record import codec
from sessions.record import events as ev


def replayed(replay: Replay) -> list[bytes]:
    """All its lines."""
    found: list[bytes] = []
    while part := replay.part():
        found += part
    return found


@pytest.mark.parametrize("compact", [False, True])
def test_no_event_is_lost_between_slices(tmp_path: Path, compact: bool) -> None:
    path = tmp_path / "journal.jsonl"
    messages = [ev.UserMessage(turn=n, text=f"message {n}", seq=n, at="") for n in range(1, 2001)]
    path.write_bytes(b"".join(codec.encode(codec.to_json(m)) for m in messages))
    assert len(replayed(Replay(path, 1, 2000, compact=compact))) == 2000


def test_where_one_replay_ends_the_next_begins(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = [codec.line(ev.UserMessage(turn=n, text="x", seq=n, at="")) for n in range(1, 11)]
    path.write_bytes(b"".join(lines[:5]))
    first = Replay(path, 1, 5, compact=True)
    assert replayed(first) == lines[:5]
    assert first.offset == path.stat().st_size
    path.write_bytes(b"".join(lines))
    assert replayed(Replay(path, 6, 10, compact=True, offset=first.offset)) == lines[5:]
    for wrong in (3, len(lines[0]) * 8, 10**6):
        assert replayed(Replay(path, 6, 10, compact=True, offset=wrong)) == lines[5:]


def test_a_part_is_bounded_in_bytes(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    big = [ev.UserMessage(turn=n, text="x" * 2**20, seq=n, at="") for n in range(1, 6)]
    path.write_bytes(b"".join(codec.line(m) for m in big))
    replay = Replay(path, 1, 5, compact=True)
    assert [len(replay.part()) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
