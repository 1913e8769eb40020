"""Where a child's stderr goes: into a file, read at once and without the user's keys.

A child that prints its environment into its log would else write keys down in ours.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from sessions.paths import private_folder
from sessions.safety import secrets_filter
from skills import private_files


class StderrLog:
    """A pipe whose reader, a thread of its own, appends to a file. Give the child `fileno()`."""

    def __init__(self, path: Path) -> None:
        """Open the file (0600) and the pipe. Raises OSError, AgentdeckError."""
        private_folder(path.parent)
        self._file = private_files.append(path)
        self._read, self._write = os.pipe()
        self._thread = threading.Thread(target=self._copy, name=f"stderr {path.name}", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """The end that the child writes to."""
        return self._write

    def close(self) -> None:
        """Our copy of the child's end is closed; the file goes on until the child's is too."""
        if self._write >= 0:
            os.close(self._write)
            self._write = -1

    def wait(self, timeout_s: float) -> None:
        """Return when all that the child printed is in the file. Blocks."""
        self._thread.join(timeout_s)

    def _copy(self) -> None:
        keys, held = secrets_filter.known.bytewise, b""
        try:
            while data := os.read(self._read, 65536):
                data = held + data
                size = secrets_filter.begun(data.decode("latin-1"), keys)
                held = data[len(data) - size :]
                self._put(data[: len(data) - size])
            self._put(held)
        finally:
            os.close(self._read)
            os.close(self._file)

    def _put(self, data: bytes) -> None:
        """Append. When the disk refuses, the pipe is read all the same: the child goes on."""
        with contextlib.suppress(OSError):
            os.write(self._file, secrets_filter.hide_bytes(data))

    def __enter__(self) -> StderrLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
