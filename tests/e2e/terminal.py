"""A real terminal for the real program: a pty, read by a terminal emulator.

`wait` reads what the program writes until a condition holds on the emulated screen: no sleeps,
and no matching of text that has been overwritten since.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support import screens
from tests.support.forked import Forked, take_terminal

_WHOLE_S = 0.1
"""Within which the rest of a frame comes."""


class Terminal:
    """A program on a pty of `columns` x `rows`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 120,
        rows: int = 36,
        fresh: bool = False,
    ) -> None:
        self.screen = screens.Screen(columns, rows)
        self._stream = screens.ByteStream(self.screen)
        self.raw = bytearray()
        """Everything that the program wrote."""
        self._fd, child = pty.openpty()
        self._size(columns, rows)
        self.process = Forked(
            command,
            fresh=fresh,
            stdin=child,
            stdout=child,
            stderr=child,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(child)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- reading

    @property
    def text(self) -> str:
        """The screen's lines."""
        return "\n".join(self.screen.display)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Read until `condition()` holds; fail with the screen's text after `timeout_s`."""
        end = time.monotonic() + timeout_s
        while not condition():
            left = end - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(self._missed(timeout_s, end))

    def _missed(self, timeout_s: float, end: float) -> str:
        """What is said of a wait that failed: whether the program was still there, and when."""
        seconds = timeout_s + time.monotonic() - end
        try:
            there = f"the program ended with {self.process.wait(timeout=0.5)}"
        except subprocess.TimeoutExpired:
            there = "the program runs"
        return f"this did not come within {seconds:.1f} s, {there}:\n{self.text}"

    def wait_for(self, words: str, timeout_s: float = 60.0) -> None:
        """Read until `words` are on the screen."""
        self.wait(lambda: words in self.text, timeout_s)

    def wait_gone(self, words: str, timeout_s: float = 60.0) -> None:
        """Read until `words` are not on the screen any more."""
        self.wait(lambda: self._settled(lambda: words not in self.text), timeout_s)

    def _settled(self, condition: Callable[[], bool]) -> bool:
        """Whether it holds, and does still when the frame that comes is whole.

        Of a frame half of which was read, what moves by a row stands nowhere.
        """
        if not condition():
            return False
        self.listen(_WHOLE_S)
        return condition()

    def _read(self, timeout_s: float) -> bool:
        readable, _, _ = select.select([self._fd], [], [], timeout_s)
        if not readable:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False  # the program ended
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def listen(self, seconds: float) -> None:
        """Read for so long, whatever comes."""
        end = time.monotonic() + seconds
        while self._read(max(0.0, end - time.monotonic())):
            pass

    # -- writing

    def send(self, text: str | bytes) -> None:
        """Keys, as a terminal sends them."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            _, writable, _ = select.select([], [self._fd], [], 5)
            if writable:
                data = data[os.write(self._fd, data[:4096]) :]
            self._drain()

    def _drain(self) -> None:
        while select.select([self._fd], [], [], 0)[0] and self._read(0):
            pass

    def insist(self, keys: str, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Send keys again and again, a second apart, until `condition()` holds."""
        end = time.monotonic() + timeout_s
        while not self._settled(condition):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(self._missed(timeout_s, end))
            self.send(keys)
            until = time.monotonic() + 1.0
            while not condition() and self._read(max(0.0, until - time.monotonic())):
                pass

    def paste(self, text: str) -> None:
        """A bracketed paste."""
        self.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Another size of the terminal."""
        self.screen.resize(rows, columns)
        self._size(columns, rows)
        os.killpg(self.process.pid, signal.SIGWINCH)
        self._drain()  # a terminal goes on reading while its user drags its corner

    # -- ending

    def ended(self, timeout_s: float = 60.0) -> int:
        """Read until the program has ended; its exit code."""
        end = time.monotonic() + timeout_s
        while self._read(max(0.0, end - time.monotonic())):
            pass
        return self.process.wait(timeout=max(0.1, end - time.monotonic()))

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """End what still runs."""
        self.kill()
        if self._fd >= 0:
            self.hang_up()
