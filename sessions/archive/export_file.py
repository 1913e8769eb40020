"""A session written to where its user says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sessions.archive.export import export
from sessions.errors import AgentdeckError, UsageError
from sessions.record.events import Event
from sessions.safety.secrets_filter import hide

FORMATS = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


def export_file(events: Iterable[Event], wanted: str) -> Path:
    """Write it; the file. Raises UsageError for another ending, AgentdeckError if it can't be."""
    path = Path(wanted).expanduser()
    fmt = FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise UsageError(f"{path.name} says no format.", f"End it in {', '.join(FORMATS)}.")
    write(path, without_keys(events, fmt))
    return path


def without_keys(events: Iterable[Event], fmt: str) -> str:
    """The session in one of the formats of `export`, no key in it."""
    # A journal may be older than the key, or written before keys were kept out of it.
    return hide(export(events, fmt))


def write(path: Path, text: str) -> None:
    """Put it there. Raises AgentdeckError."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise AgentdeckError(f"{path} can't be written: {error.strerror}.") from error
