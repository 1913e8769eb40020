"""The engine process: `python -P -m sessions.engine.main`. Started by lifecycle.ensure_running."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable

from sessions.api.answers import EngineStatus
from sessions.engine import commands, shutdown_progress
from sessions.engine.lifecycle import BUSY, EngineLock, clear_socket
from sessions.engine.server import Server
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import AgentdeckError, of_machine
from sessions.paths import Places, places
from sessions.record.file_descriptors import in_use, limit, raise_limit
from sessions.safety import secrets_filter, user_umask

log = logging.getLogger("agentdeck.engine")


class Engine:
    """Owns the deck, its socket and its end."""

    def __init__(self, where: Places) -> None:
        from sessions import config

        self.places = where
        self.config = config.load(where.config_file)
        self.deck = WholeDeck(where, self.config)
        self.server = Server(self.deck, commands.find, self._maybe_idle)
        self.ended = asyncio.Event()
        self._idle_timer: asyncio.TimerHandle | None = None
        self.deck.on_quiet = self._maybe_idle
        self.deck.stop = self.ended.set
        self.deck.status = self.status
        self.deck.on_ending = self._ending

    def status(self) -> EngineStatus:
        """The engine's state, as DESIGN 6.6 has it."""
        from sessions import VERSION

        return {
            "pid": os.getpid(),
            "socket": str(self.places.socket),
            "version": VERSION,
            "since": self.server.since,
            "sessions": len(self.deck.sessions),
            "working": self.deck.working,
            "clients": self.server.clients,
            "tasks": len(asyncio.all_tasks()),
            "files": in_use(),
            "files_limit": limit(),
        }

    async def run(self, say: Callable[[str], None]) -> None:
        """Serve until stopped, signalled, or idle for as long as the configuration says.

        `say` is told `ready`.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.ended.set)
        clear_socket(self.places.socket)
        shutdown_progress.tell(self.places, "")
        await self.server.listen(str(self.places.socket))
        await self.deck.open()
        say("ready")
        gc.freeze()
        self._maybe_idle()
        await self.ended.wait()
        await self.server.close()
        await self.deck.close()
        clear_socket(self.places.socket)
        self._ending("what it reads and writes on disk")

    def _ending(self, step: str) -> None:
        log.info("ends %s", step)
        shutdown_progress.tell(self.places, step)

    def _maybe_idle(self) -> None:
        """End by itself when nothing works and nobody is attached, after a while."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if self.server.clients or self.deck.busy:
            return
        wait = self.config.engine.idle_exit_s
        if wait > 0:
            self._idle_timer = asyncio.get_running_loop().call_later(wait, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if not self.server.clients and not self.deck.busy:
            log.info("nothing works and nobody is attached: the engine ends")
            self.ended.set()


def main() -> None:
    """Take the engine's lock and serve. `--ready-fd NUMBER`: where who starts it is told."""
    ready_fd = int(sys.argv[2]) if sys.argv[1:2] == ["--ready-fd"] else None

    def say(word: str) -> None:
        nonlocal ready_fd
        if ready_fd is not None:
            with contextlib.suppress(OSError):
                os.write(ready_fd, word.replace("\n", " ").encode() + b"\n")
            if not word.startswith(BUSY):
                os.close(ready_fd)
                ready_fd = None

    logging.raiseExceptions = False  # a log that can't be written is no news for the log
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every change
    form = secrets_filter.Formatter("%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(form)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line per request says nothing
    user_umask.set_aside()
    raise_limit()
    where = places()
    try:
        lock = EngineLock(where)
        if not lock.take():
            say("another engine runs already")
            return
        asyncio.run(_run(where, say))
        shutdown_progress.tell(where, "")
    except Exception as error:
        # The process's outermost boundary: whoever started it is told in a sentence.
        told = error if isinstance(error, AgentdeckError) else of_machine(error, "start")
        if told is None:
            raise
        log.warning("%s", told)
        say(str(told))
        raise SystemExit(1) from error


async def _run(where: Places, say: Callable[[str], None]) -> None:
    await Engine(where).run(say)


if __name__ == "__main__":
    main()
