"""The basket: byproducts picked from any session, shared by all tiles, kept over restarts.

Also what was learned from decisions: why drafts were turned down, which the next draft reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sessions.errors import AgentdeckError
from sessions.harvest.byproducts import Found
from sessions.paths import Places, private_folder
from sessions.record import events as ev
from skills import private_files

_MOST_REASONS = 20


class Basket:
    """Picked byproducts, in the order of picking; every change is on disk when it returns."""

    def __init__(self, places: Places) -> None:
        self._path = places.data / "harvest" / "basket.json"

    def items(self) -> list[Found]:
        """What is in it."""
        return [Found.from_json(entry) for entry in _read(self._path, [])]

    def add(self, found: Iterable[Found]) -> list[Found]:
        """Put byproducts in; those that are in already are not doubled."""
        items = self.items()
        known = {item.id for item in items}
        items += [each for each in found if each.id not in known]
        self._save(items)
        return items

    def remove(self, ids: Iterable[str]) -> list[Found]:
        """Take byproducts out."""
        gone = set(ids)
        items = [item for item in self.items() if item.id not in gone]
        self._save(items)
        return items

    def clear(self) -> None:
        """Empty it."""
        self._save([])

    def _save(self, items: list[Found]) -> None:
        _write(self._path, [dict(item.to_json()) for item in items])


class Lessons:
    """Why drafts were turned down, newest last."""

    def __init__(self, places: Places) -> None:
        self._path = places.data / "harvest" / "rejected.json"

    def reasons(self) -> list[str]:
        """The last reasons."""
        entries = _read(self._path, [])
        return [str(entry.get("reason", "")) for entry in entries][-_MOST_REASONS:]

    def reject(self, name: str, reason: str) -> None:
        """Remember why a draft was turned down."""
        entries = _read(self._path, [])
        entries.append({"at": ev.now(), "name": name, "reason": reason})
        _write(self._path, entries)


def _read(path: Path, empty: list[ev.JSON]) -> list[ev.JSON]:
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return list(empty)
    except (OSError, ValueError) as error:
        raise AgentdeckError(
            f"{path} can't be read: {error}.", "Mend it, or move it away to begin anew."
        ) from error
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def _write(path: Path, data: list[ev.JSON]) -> None:
    private_folder(path.parent)
    try:
        private_files.write(path, json.dumps(data, ensure_ascii=True))
    except OSError as error:
        raise AgentdeckError(f"{path} can't be written: {error.strerror}.") from error
