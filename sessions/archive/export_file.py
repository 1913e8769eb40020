"""A session written to where its user says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sessions.archive.export import export
from sessions.errors import AgentdeckError, UsageError
from sessions.record.events import Event
from sessions.safety.secrets_filter import hide

FORMATS = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}

CAST = ".cast"


def export_file(events: Iterable[Event], wanted: str, folder: Path | None = None) -> Path:
    """Write it; the file. `folder`: the session's, for a terminal's recording.

    Raises UsageError for another ending, NotFound for a recording that is none, AgentdeckError
    if it can't be.
    """
    path = Path(wanted).expanduser()
    if path.suffix.lower() == CAST and folder is not None:
        write(path, cast_of(folder))
        return path
    fmt = FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise UsageError(
            f"{path.name} says no format.", f"End it in {', '.join((*FORMATS, CAST))}."
        )
    write(path, without_keys(events, fmt))
    return path


def cast_of(folder: Path) -> str:
    """What is recorded of a terminal, as asciicast has it. Raises NotFound."""
    from sessions.terminals.recording import path_of

    return hide(path_of(folder).read_text("utf-8", "replace"))


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
