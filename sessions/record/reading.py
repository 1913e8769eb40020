"""A journal's lines and events, read in order.

Read by blocks of whole lines: where every line of one is as this version writes it, msgspec
decodes the block at once, four times as quickly as line by line. Any other block is read line by
line, so that what is wrong costs its own line alone and is named.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sessions.errors import JournalError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.event_parts import RecordFault

# A line beyond this is no event of ours; larger payloads are kept under files/.
MAX_LINE = 32 * 2**20
BLOCK = 2**18
# Many a reader wants the beginning alone.
_FIRST = 2**14
_NEAR = 2**16


@dataclass(slots=True)
class Faults:
    """What a reading passed over."""

    found: list[RecordFault] = field(default_factory=list)
    gaps: int = 0
    torn: bool = False

    def add(self, line: int, size: int, why: str) -> None:
        """Note a line that could not be read."""
        self.found.append({"line": line, "bytes": size, "why": why})


def read(path: Path, faults: Faults | None = None) -> Iterator[ev.Event]:
    """The journal's events in order; what can't be read is passed over and noted in `faults`.

    Raises JournalError when the file itself can't be read.
    """
    noted = faults if faults is not None else Faults()
    last = number = 0
    for block in _blocks(path):
        events = codec.decode_block(block)
        if events is None:
            events = list(_one_by_one(block, number, noted))
            number += block.count(b"\n")
        else:
            number += len(events)
        for event in events:
            if event.seq != last + 1:
                noted.gaps += 1
            if event.seq > last:
                last = event.seq
        yield from events


def read_from(path: Path, seq: int) -> Iterator[ev.Event]:
    """The journal's events from number `seq` on; what can't be read is passed over.

    Where they stand is found by halves: nothing before it is read. Raises JournalError.
    """
    for block in _blocks(path, _place(path, seq)):
        events = codec.decode_block(block)
        for event in _one_by_one(block, 0, Faults()) if events is None else events:
            if event.seq >= seq:
                yield event


def _place(path: Path, seq: int) -> int:
    """Where a line begins at or before the one of event `seq`, and not far from it."""
    try:
        with path.open("rb") as file:
            low, high = 0, file.seek(0, io.SEEK_END)
            while high - low > _NEAR:
                middle = (low + high) // 2
                file.seek(middle)
                file.readline(MAX_LINE)
                at = file.tell()
                found = _next_number(file)
                if at < high and found is not None and found < seq:
                    low = at
                else:
                    high = middle
            return low
    except OSError as error:
        raise _unreadable(path, error) from error


def _next_number(file: BinaryIO) -> int | None:
    """The number of the next event that can be read; None at the end."""
    while line := file.readline(MAX_LINE):
        try:
            return codec.decode(line).seq
        except (ValueError, RecursionError, AttributeError):
            continue
    return None


def lines(path: Path, faults: Faults) -> Iterator[tuple[int, bytes]]:
    """The journal's lines with their numbers, blank ones and what is no line left out."""
    number = 0
    for block in _blocks(path):
        yield from _split(block, number, faults)
        number += block.count(b"\n")


def _blocks(path: Path, start: int = 0) -> Iterator[bytes]:
    """Whole lines, some hundred kilobytes at a time; only the file's last may lack its end.

    Of a line that is too long the beginning, closed.
    """
    try:
        with path.open("rb", buffering=0) as file:
            if start:
                file.seek(start)
            held: list[bytes] = []
            size, most = 0, _FIRST
            while data := file.read(most):
                most = BLOCK
                end = data.find(b"\n") if size > MAX_LINE else data.rfind(b"\n")
                if end < 0:
                    if size <= MAX_LINE:
                        held.append(data)
                        size += len(data)
                    continue
                if size > MAX_LINE:
                    yield b"".join(held) + b"\n"
                    held, data = [], data[end + 1 :]
                    end = data.rfind(b"\n")
                if end >= 0 and data:
                    whole = data[: end + 1]  # itself, where it is all
                    yield b"".join((*held, whole)) if any(held) else whole
                held = [data[end + 1 :]]
                size = len(held[0])
            if size:
                yield b"".join(held) + (b"\n" if size > MAX_LINE else b"")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The journal {path} can't be read: {error.strerror}.",
        "Check the disk and the file's permissions.",
    )


def _split(block: bytes, number: int, faults: Faults) -> Iterator[tuple[int, bytes]]:
    for line in io.BytesIO(block):  # `splitlines` would break them at \r too
        number += 1
        if len(line) > MAX_LINE:
            faults.add(number, MAX_LINE, "longer than any event")
        elif not line.endswith(b"\n"):
            faults.torn = True
            faults.add(number, len(line), "torn: its end was never written")
        elif line.strip():
            yield number, line


def _one_by_one(block: bytes, number: int, faults: Faults) -> Iterator[ev.Event]:
    for at, line in _split(block, number, faults):
        try:
            yield codec.decode(line)
        except (ValueError, RecursionError, AttributeError) as error:
            faults.add(at, len(line), f"{type(error).__name__}: {error}"[:200])
