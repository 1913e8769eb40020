"""Which skills are used, and whether they helped: counted from the journals, no model asked.

A use helped when its turn came to its own end and the user neither undid it nor corrected it in
the message that followed. That is a weak sign, and it is called one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sessions.api.answers import SkillUses
from sessions.harvest.gather import all_sessions
from sessions.harvest.language import CORRECTION
from sessions.places import Places, private_folder
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import NAME, read
from skills import private_files

UNUSED = timedelta(weeks=6)
_FORMAT = 3


@dataclass(slots=True)
class Uses:
    """Of one skill: how often it was used, in how many sessions, how often it helped, when last."""

    name: str
    used: int = 0
    sessions: int = 0
    helped: int = 0
    last: str = ""
    idle: bool = False
    """Not used for `UNUSED`, and there for as long: offered for the archive."""

    def to_json(self) -> SkillUses:
        """For the panel."""
        return cast("SkillUses", asdict(self))


def uses(places: Places, mine: Iterable[tuple[str, datetime]]) -> list[Uses]:
    """Of each skill of mine (name, since when it is there), least used first."""
    found = {name: Uses(name) for name, _ in mine}
    for session in all_sessions(places):
        for name, (used, helped, last) in _of_session(session, places).items():
            if name in found:
                each = found[name]
                each.used += used
                each.helped += helped
                each.sessions += 1
                each.last = max(each.last, last)
    now = datetime.now(UTC)
    for name, since in mine:
        last_at = datetime.fromisoformat(found[name].last) if found[name].last else since
        found[name].idle = now - max(last_at, since) > UNUSED
    return sorted(found.values(), key=lambda each: (each.used, each.name))


def count(events: Iterable[ev.Event]) -> dict[str, tuple[int, int, str]]:
    """By skill: uses, uses that helped, when last. A turn that tries a draft out does not count."""
    turns: dict[int, list[str]] = {}
    ended: set[int] = set()
    spoilt: set[int] = set()
    last: dict[str, str] = {}
    trials: set[int] = set()
    newest = 0
    for event in events:
        if isinstance(event, ev.SkillUsed):
            turns.setdefault(event.turn or newest, []).append(event.name)
            last[event.name] = event.at
        elif isinstance(event, ev.TurnEnded) and event.reason == "end_turn":
            ended.add(event.turn)
        elif isinstance(event, ev.TurnUndone):
            spoilt.update(n for n in turns if n >= event.turn)
        elif isinstance(event, ev.UserMessage):
            if CORRECTION.search(event.text[:200]):
                spoilt.add(newest)
            newest = event.turn
            if event.origin == "harvest":
                trials.add(newest)
    found: dict[str, tuple[int, int, str]] = {}
    for turn, names in turns.items():
        for name in names if turn not in trials else ():
            used, helped, _ = found.get(name, (0, 0, ""))
            good = turn in ended and turn not in spoilt
            found[name] = (used + 1, helped + good, last[name])
    return found


def _of_session(session: str, places: Places) -> dict[str, tuple[int, int, str]]:
    """One session's uses, remembered until its journal changes."""
    journal = places.session(session) / NAME
    memory = places.state / "uses" / f"{session}.json"
    try:
        status = journal.stat()
    except OSError:
        return {}
    mark = [_FORMAT, status.st_size, status.st_mtime_ns]
    try:
        data = json.loads(memory.read_bytes())
        if data["mark"] == mark:
            return {name: (u, h, str(at)) for name, (u, h, at) in data["uses"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # not remembered, or not readable: counted anew
    found = count(read(journal))
    try:
        private_folder(memory.parent)
        private_files.write(memory, codec.encode({"mark": mark, "uses": found}), synced=False)
    except OSError:
        pass  # a memory that can't be kept costs time, nothing else
    return found
