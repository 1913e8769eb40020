"""What engine and bridge say to each other: frames of MessagePack, each with its length before it.

engine → bridge   {"id": n, "op": "call", "args": {…}}
bridge → engine   {"is": …, "pid": …} at once, {"id": 0, "ok": Ray's version} once it is connected
bridge → engine   {"id": n, "ok": …}  or  {"id": n, "fault": kind, "message": …, "hint": …}
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

MOST = 256 * 2**20
_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

FaultWord = Literal["lost", "away", "full", "refused"]
"""Why nothing was answered."""
LOST: Final = "lost"
"""The actor is dead, and comes back by nothing."""
AWAY: Final = "away"
"""It can't be reached at the moment."""
FULL: Final = "full"
"""It was ended since the memory of its node was full."""
REFUSED: Final = "refused"
"""What was asked can't be done; the message says why."""


def frame(data: Mapping[str, Any]) -> bytes:
    """A message as it is written."""
    body = _encode(data)
    return _LENGTH.pack(len(body)) + body


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


def received(connection: socket.socket) -> dict[str, Any]:
    """The next message, without a loop. Raises OSError, ValueError: there is none."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return dict(_decode(_exactly(connection, length)))


def _exactly(connection: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        if not (more := connection.recv(length - len(found))):
            raise ValueError("the other side is gone")
        found += more
    return bytes(found)
