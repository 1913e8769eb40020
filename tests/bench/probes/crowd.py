"""A key's echo while very many sessions stream, all watched: `crowd SESSIONS RATE SHOWN SECONDS`.

The deck shows a few of them. Another client watches them all and keeps what it is sent; that is
held against the journals once every turn has ended, `seq` by `seq`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness.stage import Stage
from tests.bench.probes import both

PATIENCE_S = 60.0
"""So long all sessions may take to begin, and what was emitted to arrive, on a busy machine."""
LOST_MS = 5000.0
"""So long each key's echo is waited for."""

WATCHER = """
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
for number, session in enumerate(sys.argv[2:]):
    args = {"session": session, "compact": False}
    s.sendall(json.dumps({"id": number, "do": "session.watch", "args": args}).encode() + b"\\n")
while data := s.recv(1 << 20):
    os.write(1, data)
"""
"""It reads nothing of it: what that takes would be taken from the deck."""

Seen = set[tuple[str, int]]
"""Events: session and `seq`."""


def main() -> None:
    """As the module says."""
    sessions, rate, shown, seconds = map(int, sys.argv[1:])
    with Stage(sessions) as stage:
        stage.open(shown)
        kept = stage.root / "watched"
        command = [sys.executable, "-c", WATCHER, str(stage.places.socket), *stage.ids]
        with kept.open("wb") as into, subprocess.Popen(command, stdout=into) as watcher:
            try:
                stage.stream(rate)
                _all_begun(stage, rate)
                echo, _ = stage.typed(seconds)
                stage.stop()
                missing = _missing(stage, kept)
            finally:
                watcher.kill()
    slowest = max(echo.p99, LOST_MS) if echo.lost else echo.p99
    both.tell(echo=slowest, missing=missing)


def _all_begun(stage: Stage, rate: int) -> None:
    """Wait until each session has streamed for a second."""
    end = time.monotonic() + PATIENCE_S
    while any(n < rate for n in _lengths(stage)):
        if time.monotonic() > end:
            raise RuntimeError("not all sessions stream")
        time.sleep(1.0)


def _missing(stage: Stage, kept: Path) -> int:
    """In how many events journals and watcher differ, once no more of them arrive."""
    end = time.monotonic() + PATIENCE_S
    while missing := len(_emitted(stage) ^ _watched(kept)):
        if time.monotonic() > end:
            break
        time.sleep(1.0)
    return missing


def _journals(stage: Stage) -> Iterator[Path]:
    return (stage.places.data / "sessions").glob("*/journal.jsonl")


def _lengths(stage: Stage) -> list[int]:
    return [file.read_bytes().count(b"\n") for file in _journals(stage)]


def _emitted(stage: Stage) -> Seen:
    """All that is in the journals."""
    return {
        (file.parent.name, json.loads(line)["seq"])
        for file in _journals(stage)
        for line in _whole(file)
    }


def _watched(kept: Path) -> Seen:
    """All events that the watcher was sent."""
    lines = (json.loads(line) for line in _whole(kept))
    return {(line["session"], line["event"]["seq"]) for line in lines if "event" in line}


def _whole(file: Path) -> list[bytes]:
    """Its lines, without one that is still being written."""
    return file.read_bytes().split(b"\n")[:-1]


if __name__ == "__main__":
    main()
