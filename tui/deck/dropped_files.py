"""Files that are dropped on a terminal or pasted, and the picture in the clipboard.

Terminals type a dropped file's path, as a shell would have it quoted, or as an address.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sessions.paths import places, private_folder
from sessions.record.pictures import image_kind, is_convertible
from skills import private_files

_LONGEST = 8_000
_MOST = 20
_WITHIN_S = 3.0
_MOST_BYTES = 20 * 2**20
_KEPT_S = 14 * 86_400
_TEXT_HEAD = 4096


def files_named(text: str) -> list[Path]:
    """The files that a pasted text names and nothing else; [] = it is a text like any other.

    Pictures and texts, each by its whole path: what can be attached.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or text[0] not in "/~'\"f":
        return []
    found: list[Path] = []
    for line in text.splitlines():
        named = _named(line.strip())
        if not named or len(found) + len(named) > _MOST:
            return []
        found += named
    return found


def _named(line: str) -> list[Path]:
    if not line or line.startswith("#"):
        return []
    if (whole := _file(line)) is not None:
        return [whole]
    try:
        words = shlex.split(line)
    except ValueError:
        return []
    found = [_file(word) for word in words]
    return [path for path in found if path is not None] if all(found) else []


def _file(word: str) -> Path | None:
    """The file of that path or address, if it is one that can be attached."""
    if word.startswith("file://"):
        parts = urlsplit(word)
        if parts.netloc not in ("", "localhost", os.uname().nodename):
            return None
        word = unquote(parts.path)
    path = Path(word)
    try:
        path = path.expanduser() if word.startswith("~") else path
        if not path.is_absolute() or not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            head = file.read(_TEXT_HEAD)
    except (OSError, ValueError, RuntimeError):
        return None
    return path if _begins_picture(head) or b"\0" not in head else None


def _begins_picture(head: bytes) -> bool:
    return image_kind(head) is not None or is_convertible(head)


def is_picture(path: Path) -> bool:
    """Whether a file begins like a picture, or is named as one that is drawn from words."""
    try:
        with path.open("rb") as file:
            return _begins_picture(file.read(16)) or path.suffix.lower() == ".svg"
    except OSError:
        return False


# -- the clipboard


def _tools() -> list[list[str]]:
    """What gives the clipboard's picture, where it is there; the likeliest first."""
    known = []
    if os.environ.get("WAYLAND_DISPLAY"):
        known.append(["wl-paste", "--no-newline", "--type", "image/png"])
    if os.environ.get("DISPLAY"):
        known.append(["xclip", "-selection", "clipboard", "-target", "image/png", "-out"])
    if sys.platform == "darwin":
        known.append(["pngpaste", "-"])
    return [command for command in known if shutil.which(command[0])]


def has_clipboard() -> bool:
    """Whether there is a way to the clipboard's picture."""
    return bool(_tools())


def clipboard_picture() -> Path | None:
    """The clipboard's picture as a file of ours; None: it holds none. For a thread."""
    for command in _tools():
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_WITHIN_S, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            continue
        kind = image_kind(done.stdout[:16])
        if done.returncode == 0 and kind is not None and len(done.stdout) <= _MOST_BYTES:
            return _kept(done.stdout, kind[1])
    return None


def _kept(data: bytes, suffix: str) -> Path:
    folder = private_folder(places().state / "pasted")
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_S:
            old.unlink(missing_ok=True)
    import hashlib

    path = folder / f"clipboard-{hashlib.sha256(data).hexdigest()[:8]}{suffix}"
    private_files.write(path, data)
    return path
