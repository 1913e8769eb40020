"""Over there: what a deck on another machine speaks to, by the stdin and stdout of one command.

`agentdeck engine attach --stdio` starts the engine if there is none, and passes on what its
socket says and is told. Both ways are one zlib stream each, after a line that begins the talk:
whatever a login prints before it is passed over by the other side. Nothing listens on a port; when
the connection ends, so does this process, and the engine goes on.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import zlib

from sessions import VERSION
from sessions.paths import Places, owned

HELLO = b"agentdeck-relay 1 "
"""So begins the line after which both ways are compressed; the version follows."""
SILENT_S = 90.0
"""A deck that says nothing for so long is gone: it says something every twenty seconds."""
_PIECE = 2**16


def relay(where: Places, come: int = 0, go: int = 1) -> None:
    """Pass on between these descriptors and the engine's socket until one side ends.

    Raises EngineError: the engine can't be started; OSError: it can't be reached.
    """
    from sessions.engine import lifecycle

    lifecycle.ensure_running(where)
    engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    engine.connect(str(owned(where.run) / where.socket.name))
    _write(go, HELLO + VERSION.encode() + b"\n")
    up = threading.Thread(target=_up, args=(come, engine), daemon=True)
    up.start()
    _down(engine, go)


def _up(come: int, engine: socket.socket) -> None:
    unpacked = zlib.decompressobj()
    try:
        while select.select([come], [], [], SILENT_S)[0] and (data := os.read(come, _PIECE)):
            while data:
                engine.sendall(unpacked.decompress(data, _PIECE * 16))
                data = unpacked.unconsumed_tail
    except (OSError, zlib.error):
        pass  # either side is gone: so is this one
    finally:
        engine.close()
        os._exit(0)  # the other thread waits for an engine that has nothing to say


def _down(engine: socket.socket, go: int) -> None:
    packed = zlib.compressobj(6)
    try:
        while data := engine.recv(_PIECE):
            _write(go, packed.compress(data) + packed.flush(zlib.Z_SYNC_FLUSH))
    except OSError:
        pass  # as above


def _write(to: int, data: bytes) -> None:
    while data:
        data = data[os.write(to, data) :]
