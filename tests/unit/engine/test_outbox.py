"""What goes out to a client: a round's lines together, in order, and nothing left behind."""

from __future__ import annotations

import asyncio
from typing import cast

from sessions.engine.outbox import MOST, PIECE, Outbox
from sessions.engine.slow_clients import Pressure


class Writer:
    """A stream that keeps what it was given; its reader reads none of it where it is `stuck`."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.stuck = self.closed = False
        self.transport = self

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.written)) if self.stuck else 0

    async def drain(self) -> None:
        while self.stuck:
            await asyncio.sleep(0)

    def is_closing(self) -> bool:
        return self.closed

    def write_eof(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def made() -> tuple[Outbox, Writer]:
    writer = Writer()
    stream = cast("asyncio.StreamWriter", writer)
    return Outbox(stream, Pressure.make().unread, lambda reason: None), writer


async def test_what_one_round_of_the_loop_says_goes_out_at_once() -> None:
    outbox, writer = made()
    lines = [b"%d\n" % number for number in range(100)]
    for line in lines:
        outbox.send(line)
    assert not writer.written
    await asyncio.sleep(0)
    assert writer.written == [b"".join(lines)]
    outbox.send(b"more\n")
    await asyncio.sleep(0)
    assert writer.written[1:] == [b"more\n"]
    outbox.close()


async def test_a_round_of_much_is_given_to_the_system_in_pieces() -> None:
    outbox, writer = made()
    for _ in range(10):
        outbox.send(b"x" * (PIECE // 2))
        assert outbox._round_size <= 2 * PIECE
    assert writer.written
    await asyncio.sleep(0)
    assert b"".join(writer.written) == b"x" * (PIECE // 2) * 10
    outbox.close()


async def test_what_must_wait_follows_what_was_said_before() -> None:
    outbox, writer = made()
    outbox.send(b"first\n")
    outbox.send(b"x" * 2 * PIECE)  # it goes out in pieces
    outbox.send(b"last\n")
    async with asyncio.timeout(60):
        while outbox.waiting:
            await asyncio.sleep(0)
    assert b"".join(writer.written) == b"first\n" + b"x" * 2 * PIECE + b"last\n"
    outbox.close()


async def test_who_reads_nothing_is_not_written_to_for_ever() -> None:
    outbox, writer = made()
    writer.stuck = True
    for _ in range(16):
        outbox.send(b"x" * PIECE)
        await asyncio.sleep(0)
    assert sum(map(len, writer.written)) <= 3 * PIECE
    assert 0 < outbox.waiting < MOST
    outbox.close()


async def test_who_is_let_go_or_closed_has_what_was_said_before() -> None:
    for let_go in (True, False):
        outbox, writer = made()
        outbox.send(b"said\n")
        if let_go:
            outbox.let_go("enough")
        else:
            outbox.close()
        assert writer.written[0] == b"said\n"
        await asyncio.sleep(0)
        assert b"said" not in b"".join(writer.written[1:])
        outbox.close()
