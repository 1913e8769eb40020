"""A journal's past for a client: read in a thread, in slices, text joined to few events.

Lines go as they stand in the file. Of each only the head is decoded; only text that is joined is
written anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from sessions.record import codec
from sessions.record import events as ev

# Lines handed to the loop at a time, so that a long past does not hold up a live stream.
_SLICE = 256
_JOINED = ("text", "thinking")
_MAX_JOINED = 64_000


class _Head(msgspec.Struct):
    seq: int
    type: str


_head = msgspec.json.Decoder(_Head).decode


async def replay_lines(
    path: Path, from_seq: int, upto: int, send: Callable[[bytes], None], *, compact: bool
) -> None:
    """Call `send` with every valid line from `from_seq` to `upto`, in order.

    `compact` joins neighbouring chunks of text into one event that carries the last one's
    `seq`: the client that folds them sees the same conversation at a fraction of the cost.
    """
    valid = _valid(path, from_seq, upto)
    lines = _joined(valid) if compact else (line for _, line in valid)

    def some() -> list[bytes]:
        return list(islice(lines, _SLICE))

    loop = asyncio.get_running_loop()
    while part := await loop.run_in_executor(None, some):
        for line in part:
            send(line)


def _valid(path: Path, from_seq: int, upto: int) -> Iterator[tuple[str, bytes]]:
    """Type and line of each event in the range."""
    with path.open("rb") as file:
        for line in file:
            try:
                head = _head(line)
            except (msgspec.DecodeError, RecursionError):
                continue  # a broken line; the journal's opening has reported it
            if head.seq < from_seq:
                continue
            if head.seq > upto:
                return
            yield head.type, line


def _joined(lines: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    held: ev.Text | ev.Thinking | None = None
    parts: list[str] = []
    size = 0
    for kind, line in lines:
        chunk = _chunk(line) if kind in _JOINED else None
        if chunk is not None and held is not None and size < _MAX_JOINED and _goes_on(held, chunk):
            held = chunk
            parts.append(chunk.text)
            size += len(chunk.text)
            continue
        if held is not None:
            yield codec.line(ev.replace(held, text="".join(parts)))
        held = chunk
        if chunk is None:
            yield line
        else:
            parts, size = [chunk.text], len(chunk.text)
    if held is not None:
        yield codec.line(ev.replace(held, text="".join(parts)))


def _chunk(line: bytes) -> ev.Text | ev.Thinking | None:
    try:
        event = codec.decode(line)
    except ValueError:
        return None
    return event if isinstance(event, ev.Text | ev.Thinking) else None


def _goes_on(held: ev.Text | ev.Thinking, chunk: ev.Text | ev.Thinking) -> bool:
    """Whether it is the next chunk of the same text; a signature ends a block of thinking."""
    if type(held) is not type(chunk) or held.turn != chunk.turn:
        return False
    return not (isinstance(held, ev.Thinking) and (held.signature or held.redacted))
