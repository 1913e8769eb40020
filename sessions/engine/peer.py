"""Who is at the other end of a Unix socket, as the system says."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from asyncio.trsock import TransportSocket

_LOCAL_PEERCRED = 1
"""macOS: `struct xucred` of the level 0; its second number is the user."""


def uid_of(writer: asyncio.StreamWriter) -> int | None:
    """The user whose process it is; None where the system does not say."""
    end = writer.get_extra_info("socket")
    return None if end is None else uid_at(end)


def uid_at(end: socket.socket | TransportSocket) -> int | None:
    """The user at the other end of this one; None where the system does not say."""
    try:
        if sys.platform == "darwin":
            return int(struct.unpack("2I", end.getsockopt(0, _LOCAL_PEERCRED, 8))[1])
        peer = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", peer)[1])
    except OSError:
        return None
