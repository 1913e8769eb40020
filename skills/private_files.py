"""Files that are the user's alone: made 0600 in folders that are made 0700, whole or not at all.

The one way in which all three packages write what they keep. Only records that grow by lines and
what is put into the user's own folders are written otherwise, each where that is said.
All of it raises OSError; whoever calls says what could not be done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def folder(path: Path) -> Path:
    """Make `path`, and what is missing above it, for the user alone; return it."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def write(path: Path, data: bytes | str, *, synced: bool = True, mode: int = 0o600) -> None:
    """Put a file there, or in the place of another, whole or not at all.

    `synced`: on the disk before it takes the other's place, so that a power cut leaves one of
    both. False only for what can be made again.
    """
    text = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    beside = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.new")
    try:
        with os.fdopen(os.open(beside, _NEW, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            if synced:
                os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    if synced:
        sync_folder(path.parent)


def create(path: Path, mode: int = 0o600) -> int:
    """A new file's descriptor, for writing. FileExistsError: something is there, a link too."""
    return os.open(path, _NEW, mode)


def append(path: Path) -> int:
    """A descriptor that writes at the file's end; the file is made where there is none."""
    return os.open(path, _APPEND, 0o600)


def add(path: Path, data: bytes, *, synced: bool = True) -> None:
    """Put something at the file's end, in one piece."""
    with os.fdopen(append(path), "ab", buffering=0) as file:
        file.write(data)
        if synced:
            os.fsync(file.fileno())


def lock(path: Path, *, wait: bool = True, appends: bool = False) -> int:
    """Hold a file's lock; closing the descriptor lets go. BlockingIOError: another has it.

    The descriptor reads, and writes (`appends`: at the end).
    """
    descriptor = os.open(path, _LOCK | (os.O_APPEND if appends else 0), 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within, nobody else has the lock. Blocks until then."""
    descriptor = lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
