"""A session written to where its user says."""

from __future__ import annotations

from pathlib import Path

from sessions.archive.export import export
from sessions.errors import AgentdeckError, UsageError
from sessions.record.events import Event
from sessions.safety.secrets_filter import hide

FORMATS = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


def export_file(events: list[Event], wanted: str) -> Path:
    """Write it; the file. Raises UsageError for another ending, AgentdeckError if it can't be."""
    path = Path(wanted).expanduser()
    fmt = FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise UsageError(f"{path.name} says no format.", f"End it in {', '.join(FORMATS)}.")
    # A journal may be older than the key, or written before keys were kept out of it.
    text = hide(export(events, fmt))
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise AgentdeckError(f"{path} can't be written: {error.strerror}.") from error
    return path
