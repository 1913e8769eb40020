"""How often what streams is read, from an agent's stdout or a model's server.

Each word is sent by itself, and to wake up for one costs several times what it takes to read it. So
once text streams steadily, it is read at moments that all streams share. What comes behind such
text waits for the next of them with it, at most `EVERY_S`, and twice that where very many stream;
after anything else than text, after a message to the agent and at its end all is taken as it comes.
Text of a turn is shown in pieces of 50 ms anyway (sessions.record.recorder), and where many tiles
stream, each is drawn less often still.
"""

from __future__ import annotations

import asyncio
import logging
import math

from sessions.one_per_loop import OnePerLoop

log = logging.getLogger("agentdeck.backends")

EVERY_S = 0.06
"""Longer than a piece of text waits, so that each reading is one piece and needs no timer."""
MANY = 32
"""Streams beyond which every second moment is left out: nobody watches so many at a time, so what a
reading costs counts more than how soon it is."""
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
        self._waits: _Moments | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing is read before the next moment."""
        return self._waits is not None

    def read(self, size: int, *, text: bool) -> None:
        """So many bytes have been read; `text`: they were text of a turn and nothing else."""
        self._readings = self._readings + 1 if text and size < LARGE else 0
        if self._readings <= STEADY or self._waits is not None or self._pipe is None:
            return
        if self._pipe.is_closing():
            return  # what is read now had come before; one with TLS can't be paused any more
        self._pipe.pause_reading()
        self._waits = _MOMENTS.here()
        self._waits.add(self)

    def hurry(self) -> None:
        """Something else than text is expected, or the end."""
        self._readings = 0
        if self._waits is not None:
            self._waits.drop(self)
            self.go_on()

    def go_on(self) -> None:
        """The moment has come."""
        self._waits = None
        if self._pipe is not None and not self._pipe.is_closing():
            self._pipe.resume_reading()


class _Moments:
    """Who waits for the next moment: one timer for all."""

    def __init__(self) -> None:
        self._waiting: dict[Pace, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0
        """So many the last one was for."""

    def add(self, pace: Pace) -> None:
        """A stream is read no more before the next one."""
        self._waiting[pace] = None
        if self._timer is None:
            loop = asyncio.get_running_loop()
            every = EVERY_S * (2 if self._last > MANY else 1)
            moment = (math.floor(loop.time() / every) + 1) * every
            self._timer = loop.call_at(moment, self._come)

    def drop(self, pace: Pace) -> None:
        """A stream waits no more."""
        self._waiting.pop(pace, None)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._timer, self._last = None, len(waiting)
        for pace in waiting:
            try:
                pace.go_on()
            except Exception:
                # One that can't be read any more keeps no other from being read.
                log.exception("a stream does not go on")


_MOMENTS = OnePerLoop(_Moments)
