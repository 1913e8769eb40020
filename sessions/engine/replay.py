"""A journal's past for a client: read in a thread, in parts, text joined to few events.

Lines go as they stand in the file. Of each only the head is decoded; only text that is joined is
written anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from sessions.record import codec
from sessions.record import events as ev
from sessions.record.reading import MAX_LINE

# Lines handed to the loop at a time, so that a long past does not hold up a live stream.
_SLICE = 256
_PART = 2**18
_JOINED = ("text", "thinking")
_MAX_JOINED = 64_000


class _Head(msgspec.Struct):
    seq: int
    type: str


_head = msgspec.json.Decoder(_Head).decode


class Replay:
    """A journal's lines from `from_seq` to `upto`, in parts; used by one thread at a time.

    `compact` joins neighbouring chunks of text into one event that carries the last one's
    `seq`: the client that folds them sees the same conversation at a fraction of the cost.
    `offset` says where the reading may begin; afterwards it is where the next may.
    """

    def __init__(
        self, path: Path, from_seq: int, upto: int, *, compact: bool, offset: int = 0
    ) -> None:
        self.offset = offset
        self._valid = self._read(path, from_seq, upto)
        self._lines = _joined(self._valid) if compact else (line for _, line in self._valid)

    def part(self) -> list[bytes]:
        """The next lines, some hundred kilobytes of them or one that is longer; [] at the end."""
        found: list[bytes] = []
        size = 0
        while size < _PART and len(found) < _SLICE and (line := next(self._lines, None)):
            found.append(line)
            size += len(line)
        return found

    def close(self) -> None:
        """Read no further."""
        with contextlib.suppress(ValueError):  # a thread is still at its last part
            self._lines.close()
            self._valid.close()

    def _read(self, path: Path, from_seq: int, upto: int) -> Generator[tuple[str, bytes]]:
        """Type and line of each event in the range."""
        with path.open("rb") as file:
            file.seek(self._from(file, from_seq))
            while line := file.readline(MAX_LINE):
                try:
                    head = _head(line)
                except (msgspec.DecodeError, RecursionError):
                    continue  # a broken line; the journal's opening has reported it
                if head.seq > upto:
                    return
                self.offset = file.tell()
                if head.seq >= from_seq:
                    yield head.type, line

    def _from(self, file: BinaryIO, from_seq: int) -> int:
        """Where to begin: at the offset, unless the journal is not what it was."""
        if not self.offset:
            return 0
        file.seek(self.offset)
        try:
            return self.offset if _head(file.readline(MAX_LINE)).seq <= from_seq else 0
        except (msgspec.DecodeError, RecursionError):
            return 0


def _joined(lines: Iterator[tuple[str, bytes]]) -> Generator[bytes]:
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
