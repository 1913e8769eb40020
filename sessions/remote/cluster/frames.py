"""What engine and bridge say to each other: frames of MessagePack, each with its length before it.

engine → bridge   {"id": n, "op": "call", "args": {…}}
bridge → engine   {"is": …, "pid": …} at once, {"id": 0, "ok": Ray's version} once it is connected
bridge → engine   {"id": n, "ok": …}  or  {"id": n, "fault": kind, "message": …, "hint": …}
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import msgspec

MOST = 256 * 2**20
_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

LOST = "lost"
"""The actor is dead, and comes back by nothing."""
AWAY = "away"
"""It can't be reached at the moment."""
FULL = "full"
"""It was ended since the memory of its node was full."""
REFUSED = "refused"
"""What was asked can't be done; the message says why."""


def frame(data: dict[str, Any]) -> bytes:
    """A message as it is written."""
    body = _encode(data)
    return _LENGTH.pack(len(body)) + body


def decoded(body: bytes) -> Any:
    """What stands in a message. Raises msgspec.DecodeError, a ValueError."""
    return _decode(body)


async def read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; None: the other side is gone, or speaks something else."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MOST:
            return None
        data = _decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
        return None
    return data if isinstance(data, dict) else None
