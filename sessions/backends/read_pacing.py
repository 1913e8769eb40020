"""How often what streams is read, from an agent's stdout or a model's server.

Each word is sent by itself, and to wake up for one costs several times what it takes to read it. So
once text streams steadily, it is read at moments that all streams share. What comes behind such
text waits for the next of them with it, at most `EVERY_S`; after anything else than text, after a
message to the agent and at its end all is taken as it comes. Text of a turn is shown in pieces of
50 ms anyway (sessions.record.recorder).
"""

from __future__ import annotations

import asyncio
import math

EVERY_S = 0.06
"""Longer than a piece of text waits, so that each reading is one piece and needs no timer."""
STEADY = 10
"""Readings of text alone, one after another, from which on it is a stream."""
LARGE = 8192
"""Bytes of a reading from which on more is waiting already: a pipe holds 64 KiB."""


class Pace:
    """Pauses one pipe between two of those moments, while text streams out of it."""

    def __init__(self, pipe: asyncio.ReadTransport | None) -> None:
        """`pipe`: None can't be paused."""
        self._pipe = pipe
        self._readings = 0
        self._timer: asyncio.TimerHandle | None = None

    def read(self, size: int, *, text: bool) -> None:
        """So many bytes have been read; `text`: they were text of a turn and nothing else."""
        self._readings = self._readings + 1 if text and size < LARGE else 0
        if self._readings <= STEADY or self._timer is not None or self._pipe is None:
            return
        self._pipe.pause_reading()
        loop = asyncio.get_running_loop()
        moment = (math.floor(loop.time() / EVERY_S) + 1) * EVERY_S
        self._timer = loop.call_at(moment, self._resume)

    def hurry(self) -> None:
        """Something else than text is expected, or the end."""
        self._readings = 0
        self._resume()

    def _resume(self) -> None:
        if self._timer is not None and self._pipe is not None:
            self._timer.cancel()
            self._timer = None
            self._pipe.resume_reading()
