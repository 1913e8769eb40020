"""Put files back to what they were before a turn, as far as the edit tools changed them.

What commands did is not undone, and nobody can know all of it: `Rewound.note` says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sessions.api.answers import Restored
from sessions.record import events as ev
from sessions.tools import safe_open
from sessions.tools.fault import ToolFault
from sessions.tools.workspace import Guard

NOTE = (
    "Only what the tools Write, Edit and MultiEdit changed was put back; whatever commands did "
    "(files, databases, the network) stands as it is."
)
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Rewound:
    """What was put back. `refused`: path and why; nothing of those was touched."""

    restored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    note: str = NOTE

    @property
    def paths(self) -> list[str]:
        """Every path that was put back."""
        return [*self.restored, *self.removed]

    def told(self) -> Restored:
        """As the engine answers it."""
        return {
            "restored": self.restored,
            "removed": self.removed,
            "refused": self.refused,
            "note": self.note,
        }


@dataclass(slots=True)
class _Change:
    before: str
    existed: bool
    after: str


def changes_since(events: Iterable[ev.Event], turn: int) -> dict[str, _Change]:
    """Per path, its state before `turn` and the last content that our tools gave it.

    Changes that have been put back already are left out.
    """
    found: list[ev.FileChanged] = []
    for event in events:
        if isinstance(event, ev.FileChanged) and event.turn >= turn:
            found.append(event)
        elif isinstance(event, ev.TurnUndone | ev.FilesRewound):
            back = set(event.files)
            found = [c for c in found if c.turn < event.turn or c.path not in back]
    changes: dict[str, _Change] = {}
    for change in found:
        first = changes.setdefault(change.path, _Change(change.before, change.existed, ""))
        first.after = change.after_sha256
    return changes


def rewind(events: Iterable[ev.Event], turn: int, guard: Guard, *, force: bool = False) -> Rewound:
    """Put back every file that the edit tools changed in `turn` or later.

    A file that something else has changed since is left alone unless `force`. A path is refused,
    forced or not, if it now leads elsewhere or is agentdeck's own: a record may come from
    somebody else. Blocking; run it in a thread.
    """
    result = Rewound()
    for path, change in changes_since(events, turn).items():
        try:
            _put_back(Path(path), change, guard, force, result)
        except ToolFault as error:
            result.refused.append((path, str(error)))
    return result


def _put_back(path: Path, change: _Change, guard: Guard, force: bool, result: Rewound) -> None:
    target = guard.look(str(path))
    if target.path != path:
        raise ToolFault(f"it leads to {target.path} now")
    if target.forbidden:
        raise ToolFault(target.forbidden)
    if not force and (target.steering or not target.inside):
        raise ToolFault(target.steering or f"it lies outside {guard.root}")
    now = safe_open.read_bytes(path, _MAX_BYTES) if os.path.lexists(path) else None
    if not force and (now is None or hashlib.sha256(now).hexdigest() != change.after):
        raise ToolFault("something else has changed it since")
    if not change.existed:
        if now is not None:
            safe_open.remove(path)
        result.removed.append(str(path))
        return
    name = Path(change.before)
    if name.name != change.before:
        raise ToolFault("the record names no file under files/ for it")
    old = safe_open.read_bytes(guard.files / name, _MAX_BYTES)
    if old != now:
        safe_open.write_bytes(path, old, expect=now)
    result.restored.append(str(path))
