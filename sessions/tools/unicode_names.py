"""File names in another Unicode form than the one they are asked for in.

A name that is typed composed (NFC) may be stored decomposed (NFD), as macOS did for long and
archives still bring it; for a file system these are two names. A person sees one.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

_MAX_ENTRIES = 50_000


def same(text: str) -> str:
    """The form in which names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_stored(path: Path) -> Path:
    """The path as its file is stored: names that are not there are looked for in other forms.

    What is there in no form stays as it was asked for; so does a name that several files have.
    """
    if str(path).isascii() or ".." in path.parts or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for name in path.parts[1:]:
        found = found / _stored(found, name)
    return found


def _stored(folder: Path, name: str) -> str:
    if name.isascii() or os.path.lexists(folder / name):
        return name
    wanted = same(name)
    try:
        with os.scandir(folder) as entries:
            alike = [
                entry.name
                for _, entry in zip(range(_MAX_ENTRIES), entries, strict=False)
                if same(entry.name) == wanted
            ]
    except OSError:
        return name
    return alike[0] if len(alike) == 1 else name
