"""A server with few slots: who waits for one says nothing, and that is no stall."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from sessions.backends.faults import FaultError
from sessions.backends.messages_stream import Response, Sink
from sessions.backends.streamed_response import LineReader, Wire


class Fixed:
    """Has read a whole answer, or nothing."""

    ended = True

    def __init__(self, whole: bool) -> None:
        self._whole = whole

    @property
    def whole(self) -> bool:
        return self._whole

    def read(self, lines: Sequence[bytes]) -> bool:
        return True


class Slow(Wire):
    """Answers when it is told to."""

    def __init__(self, at_once: int) -> None:
        super().__init__(api_key="k", base_url="http://127.0.0.1:9", at_once=at_once)
        self.answers, self.reads, self.whole = asyncio.Event(), 0, True

    async def client(self) -> Any:
        return None

    def _reader(self, sink: Sink, response: Response, params: Mapping[str, Any]) -> LineReader:
        return Fixed(self.whole)

    async def _read(self, *_: object) -> None:
        self.reads += 1
        await self.answers.wait()


async def asked(wire: Wire) -> None:
    await wire.stream({}, cast(Sink, None), Response())


async def test_a_wait_for_a_slot_is_no_stall() -> None:
    wire = Slow(at_once=1)
    first = asyncio.ensure_future(asked(wire))
    await asyncio.sleep(0)
    wire.stall_s = 0.01
    second = asyncio.ensure_future(asked(wire))
    await asyncio.sleep(0.05)
    assert wire.reads == 1 and not second.done()
    wire.answers.set()
    await asyncio.gather(first, second)
    assert wire.reads == 2


async def test_what_stands_still_in_its_slot_is_one_and_gives_it_back() -> None:
    wire = Slow(at_once=1)
    wire.stall_s = 0.01
    wire.whole = False
    for _ in range(2):
        with pytest.raises(FaultError, match="no content"):
            await asked(wire)
    assert wire.reads == 2
