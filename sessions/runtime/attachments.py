"""What a user attaches to a message: files, kept under the session's `files/` by their hash."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from sessions.errors import UsageError
from sessions.record import journal
from sessions.record.pictures import image_kind, is_convertible, judge
from sessions.record.summary_parts import AttachedFile, Attachment
from sessions.safety.sanitise import clean_line

MOST = 20
"""Attachments of one message."""
MOST_BYTES = 20 * 2**20
_MOST_TEXT = 2 * 2**20


def taken(folder: Path, wanted: Sequence[AttachedFile]) -> list[Attachment]:
    """Keep attachments in a session's folder; what stands for them in its record.

    Raises UsageError for one that can't be attached; then none is. For a thread.
    """
    if len(wanted) > MOST:
        raise UsageError(f"{len(wanted)} files are too many for one message: {MOST} at most.")
    return [_taken(folder, each) for each in wanted]


def _taken(folder: Path, wanted: AttachedFile) -> Attachment:
    file, kept = wanted.get("file"), wanted.get("path")
    if isinstance(file, str) and file:
        path = Path(file).expanduser()
        return store(folder, path.name, _bytes(path))
    if isinstance(kept, str) and (folder / journal.FILES / Path(kept).name).is_file():
        return cast("Attachment", {**wanted, "path": f"{journal.FILES}/{Path(kept).name}"})
    raise UsageError("What is attached is not there any more.")


def store(folder: Path, name: str, data: bytes) -> Attachment:
    """Keep what a file called so holds; what stands for it. Raises UsageError: as `read`."""
    name = _shown(name)
    data, media, suffix = _judged(name, data)
    path = journal.store_file(folder, data, suffix)
    return {"path": path, "media_type": media, "name": name, "size": len(data)}


def read(file: Path) -> tuple[bytes, str, str]:
    """A file's bytes, its media type and ending. Raises UsageError: it can't be attached."""
    return _judged(_shown(file.name), _bytes(file))


def _shown(name: str) -> str:
    return clean_line(name)[:200]


def _bytes(file: Path) -> bytes:
    name = _shown(file.name)
    try:
        # Not blocking: a pipe that nobody writes to would hold up whoever opens it.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise UsageError(f"{name} can't be attached: it is no file.")
            return opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "no file has such a name"
        raise UsageError(f"{name} can't be attached: {why}.", "Choose another file.") from error


def _judged(name: str, data: bytes) -> tuple[bytes, str, str]:
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name} can't be attached: it is larger than {MOST_BYTES >> 20} MiB.")
    kind = image_kind(data)
    if kind is not None:
        if reason := judge(data).reason:
            raise UsageError(f"{name} can't be attached: {reason}.")
        return data, *kind
    if is_convertible(data):
        made = judge(data)
        if made.data is None:
            why = f"{name} can't be attached: it can't be made a PNG"
            raise UsageError(
                f"{why} ({made.reason}).",
                "Save it as a PNG, or install the extra `pictures` (Pillow).",
            )
        return made.data, *(image_kind(made.data) or (made.media_type, ""))
    return data, *_as_text(name, data)


def _as_text(name: str, data: bytes) -> tuple[str, str]:
    suffix = Path(name).suffix.lower()[:12]
    try:
        if b"\0" in data:
            raise ValueError
        data.decode("utf-8")
    except ValueError:
        raise UsageError(
            f"{name} can't be attached: it is neither text nor a PNG, JPEG, GIF, WebP, BMP, "
            "TIFF or ICO.",
            "Name its path in the message instead.",
        ) from None
    if len(data) > _MOST_TEXT:
        raise UsageError(
            f"{name} can't be attached: a text of more than {_MOST_TEXT >> 20} MiB.",
            "Name its path in the message instead.",
        )
    plain = suffix.isascii() and suffix[1:].isalnum()
    return "text/xml" if suffix == ".svg" else "text/plain", suffix if plain else ""
