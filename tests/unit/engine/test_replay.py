"""A replay hands over every event of a journal, however long it is."""

from pathlib import Path

import pytest

from sessions.engine.replay import replay_lines
from sessions.record import codec
from sessions.record import events as ev


@pytest.mark.parametrize("compact", [False, True])
async def test_no_event_is_lost_between_slices(tmp_path: Path, compact: bool) -> None:
    path = tmp_path / "journal.jsonl"
    messages = [ev.UserMessage(turn=n, text=f"message {n}", seq=n, at="") for n in range(1, 2001)]
    path.write_bytes(b"".join(codec.encode(codec.to_json(m)) for m in messages))
    sent: list[bytes] = []
    await replay_lines(path, 1, 2000, sent.append, compact=compact)
    assert len(sent) == 2000
