"""What a command prints: all of it on disk, its beginning and end in memory, a little on screen."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from sessions.paths import private_folder
from sessions.safety import secrets_filter
from skills import private_files

KEEP_BYTES = 32 * 1024 * 1024
"""Of one command's output on disk; what comes after is counted and dropped."""
HEAD_BYTES = 12_000
TAIL_BYTES = 20_000
_SHOW_S = 0.1
_SHOW_BYTES = 64_000
"""Shown of one command while it runs (the record holds it); afterwards only how much there is."""
_SHOW_SIZE_S = 2.0

# Escape sequences that a terminal would eat whole (ECMA-48): CSI, OSC/DCS/APC/PM/SOS, others.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def readable(data: bytes) -> str:
    """Output as text: escape sequences dropped, other control characters shown as marks."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("\ufffd", _ESCAPES.sub("", text))


def safe_name(text: str) -> str:
    """A file's name out of a call's id, which the model's server chose."""
    kept = re.sub(r"[^A-Za-z0-9_-]", "", text)[:40]
    if kept == text and kept:
        return kept
    return f"{kept[:24]}{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def store(files: Path, data: bytes, suffix: str) -> str:
    """Keep bytes under `files/`, named by their content; returns the name. Raises OSError."""
    private_folder(files)
    name = hashlib.sha256(data).hexdigest()[:32] + suffix
    if not (files / name).is_file():
        private_files.write(files / name, data)
    return name


def _new_file(folder: Path, name: str) -> tuple[Path, int]:
    """A file that was not there, by this name or (ids of calls may repeat) one like it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_APPEND
    path = folder / name
    while True:
        try:
            return path, os.open(path, flags, 0o600)
        except FileExistsError:
            path = folder / f"{Path(name).stem}-{secrets.token_hex(3)}{Path(name).suffix}"


class Spool:
    """Takes a command's output in; `show` is told of it about ten times a second at most."""

    def __init__(self, files: Path, name: str, show: Callable[[str, str], None] | None) -> None:
        self.path, self._file = _new_file(private_folder(files), name)
        self.name = self.path.name
        self.total = 0
        self.kept = 0
        self.fault = ""
        """Why not everything is kept, or ""."""
        self._show = show
        self._shown = 0
        self._pending = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._held = b""
        self._keys = secrets_filter.known.bytewise
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Take a piece in."""
        # A key that comes in two pieces is seen whole: what may be its beginning waits.
        data = self._held + data
        held = secrets_filter.begun(data.decode("latin-1"), self._keys)
        self._held = data[len(data) - held :]
        self._take(data[: len(data) - held])

    def _take(self, data: bytes) -> None:
        data = secrets_filter.hide_bytes(data)
        self.total += len(data)
        self._keep(data)
        missing = HEAD_BYTES - len(self._head)
        if missing > 0:
            self._head += data[:missing]
            data_rest = data[missing:]
        else:
            data_rest = data
        self._tail += data_rest
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
        if self._show is not None:
            self._pending += data[: max(0, _SHOW_BYTES - self._shown - len(self._pending))]
            if self._timer is None:
                wait = _SHOW_S if self._shown < _SHOW_BYTES else _SHOW_SIZE_S
                self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def _settle(self) -> None:
        """No more comes: what was held back is no beginning of a key."""
        held, self._held = self._held, b""
        if held:
            self._take(held)

    def _keep(self, data: bytes) -> None:
        if self.fault:
            return
        room = KEEP_BYTES - self.kept
        if room <= 0:
            self.fault = f"only the first {KEEP_BYTES:,} bytes are kept"
            return
        try:
            self.kept += os.write(self._file, data[:room])
        except OSError as error:
            self.fault = f"the disk took no more after {self.kept:,} bytes ({error.strerror})"

    def clear(self) -> None:
        """Begin anew: nothing was printed."""
        self.total, self.kept, self.fault, self._shown = 0, 0, "", 0
        self._held = b""
        for kept in (self._head, self._tail, self._pending):
            kept.clear()
        os.ftruncate(self._file, 0)

    def flush(self) -> None:
        """Show what has not been shown yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._show is None:
            return
        if self._pending:
            text, self._pending = readable(bytes(self._pending)), bytearray()
            self._shown += len(text.encode("utf-8", "replace"))
            self._show(text, "")
        elif self._shown >= _SHOW_BYTES and self.total > self._shown:
            self._show("", f"{self.total:,} bytes so far")

    def mute(self) -> None:
        """Show nothing from now on (the call is over, the command goes on)."""
        self._settle()
        self.flush()
        self._show = None

    def read(self, start: int, limit: int) -> bytes:
        """A part of what is kept."""
        return os.pread(self._file, limit, start)

    def summary(self) -> bytes | tuple[bytes, int, bytes]:
        """All of the output if it is small, else its head, how much is left out, and its tail."""
        self._settle()
        tail = bytes(self._tail[-TAIL_BYTES:])
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return bytes(self._head) + tail
        return bytes(self._head), left_out, tail

    def close(self, *, keep: bool) -> None:
        """End the file; without `keep` it is removed."""
        if self._file >= 0:
            self._settle()
        self.flush()
        self._show = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if not keep:
            self.path.unlink(missing_ok=True)
