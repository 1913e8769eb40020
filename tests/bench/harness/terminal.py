"""A program on a pseudo-terminal: keys in, echo timed, CPU and memory read from /proc."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import termios
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS, ROWS = 240, 72
"""The terminal: large enough for two dozen tiles of the deck."""
KEYS = "αβγδεζηθικλμνξπρστυφχψω"
"""Keys that no stream contains, so that the first of its bytes to come back is the echo."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Echo:
    """Milliseconds from a key to its echo."""

    p50: float
    p95: float
    p99: float
    worst: float
    lost: int


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Terminal:
    """Runs a command on a pty of the given size and reads all that it prints."""

    def __init__(
        self, command: Sequence[str], columns: int = COLUMNS, rows: int = ROWS, **environment: str
    ) -> None:
        self.started = time.perf_counter()
        pid, master = pty.fork()
        if pid == 0:
            for name, value in environment.items():
                os.environ[name] = value
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            os.execvp(command[0], list(command))
        self.pid, self.master = pid, master
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(pid, signal.SIGWINCH)
        self.bytes = 0
        self.tail = b""
        self.record: bytearray | None = None
        """All that is printed from the moment when this is set."""
        self._wanted: list[tuple[bytes, threading.Event]] = []
        self._lock = threading.Lock()
        self._seen = 0.0
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop:
            try:
                ready, _, _ = select.select([self.master], [], [], 0.2)
                if not ready:
                    continue
                data = os.read(self.master, 65536)
            except OSError:
                return
            now = time.perf_counter()
            self.bytes += len(data)
            if self.record is not None:
                self.record += data
            window = self.tail[-512:] + data
            with self._lock:
                for wanted in list(self._wanted):
                    if wanted[0] in window:
                        self._seen = now
                        self._wanted.remove(wanted)
                        wanted[1].set()
            self.tail = window[-65536:]

    def wait(self, text: str, timeout: float = 20.0) -> float | None:
        """When `text` was printed (perf_counter), or None if it was not in time."""
        event = threading.Event()
        with self._lock:
            if text.encode() in self.tail:
                return time.perf_counter()
            self._wanted.append((text.encode(), event))
        return self._seen if event.wait(timeout) else None

    def type(self, keys: str) -> None:
        """Send keys."""
        os.write(self.master, keys.encode())

    def echo(self, seconds: float, every: float = 0.09, clear: str = "\x15") -> Echo:
        """Type keys for so long, one by one, and time the echo of each."""
        times: list[float] = []
        lost = number = 0
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            key = KEYS[number % len(KEYS)]
            if number % len(KEYS) == 0 and number:
                self.type(clear)
                time.sleep(0.3)
            number += 1
            taken = self.answer(key, key)
            if taken is not None:
                times.append(taken)
            else:
                lost += 1
            # Not in step with any frame of the program's.
            time.sleep(every + (number * 7 % 13) / 400)
        return Echo(
            statistics.median(times) if times else float("nan"),
            percentile(times, 0.95),
            percentile(times, 0.99),
            max(times, default=float("nan")),
            lost,
        )

    def answer(self, key: str, wanted: str) -> float | None:
        """Milliseconds from a key until something wanted is printed, None if it is not."""
        event = threading.Event()
        with self._lock:
            self.tail = b""
            self._wanted.append((wanted.encode(), event))
        sent = time.perf_counter()
        self.type(key)
        return (self._seen - sent) * 1000 if event.wait(5.0) else None

    def ended(self, timeout: float) -> bool:
        """Whether the program ends by itself in time."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
            time.sleep(0.05)
        return False

    def close(self) -> None:
        """End the program; the terminal is closed once nobody reads it."""
        try:
            self._end()
        finally:
            self._stop = True
            self._thread.join()
            os.close(self.master)

    def _end(self) -> None:
        for how in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, how)
            except ProcessLookupError:
                break
            for _ in range(20):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.05)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss(pid: int) -> float:
    """Resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
