"""A journal's past for a client: read in a thread, in slices, text joined to few events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sessions import events as ev

# Lines handed to the loop at a time, so that a long past does not hold up a live stream.
_SLICE = 256
_JOINED = ("text", "thinking")
_MAX_JOINED = 64_000


async def replay_lines(
    path: Path, from_seq: int, upto: int, send: Callable[[bytes], None], *, compact: bool
) -> None:
    """Call `send` with every valid line from `from_seq` to `upto`, in order.

    `compact` joins neighbouring chunks of text into one event that carries the last one's
    `seq`: the client that folds them sees the same conversation at a fraction of the cost.
    """
    lines = _joined(_valid(path, from_seq, upto)) if compact else _valid(path, from_seq, upto)

    def some() -> list[bytes]:
        return [ev.encode(data) for data in islice(lines, _SLICE)]

    loop = asyncio.get_running_loop()
    while part := await loop.run_in_executor(None, some):
        for line in part:
            send(line)


def _valid(path: Path, from_seq: int, upto: int) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            try:
                data = json.loads(line)
                seq = data["seq"]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # a broken line; the journal's opening has reported it
            if not isinstance(seq, int) or seq < from_seq:
                continue
            if seq > upto:
                return
            yield data


def _joined(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    held: dict[str, Any] | None = None
    parts: list[str] = []
    size = 0
    for data in events:
        kind = data.get("type")
        if held is not None and size < _MAX_JOINED and _continues(held, data):
            text = str(data.get("text", ""))
            parts.append(text)
            size += len(text)
            held = {**data}
            continue
        if held is not None:
            yield {**held, "text": "".join(parts)}
            held, parts, size = None, [], 0
        if kind in _JOINED and "turn" in data:
            held, parts = data, [str(data.get("text", ""))]
            size = len(parts[0])
        else:
            yield data
    if held is not None:
        yield {**held, "text": "".join(parts)}


def _continues(held: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether `data` is the next chunk of the same text; a signature ends a block of thinking."""
    return (
        data.get("type") == held["type"]
        and data.get("turn") == held["turn"]
        and not held.get("signature")
        and not held.get("redacted")
    )
