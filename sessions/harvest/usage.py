"""Which skills are used, and whether they helped: counted from the journals, no model asked.

A use helped when its turn came to its own end and the user neither undid it nor corrected it in
the message that followed. That is a weak sign, and it is called one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from sessions.api.harvest import SkillUses
from sessions.config.model import UpkeepConfig
from sessions.errors import NotFound
from sessions.harvest.byproduct_cache import all_sessions
from sessions.harvest.journal_cache import of_journal
from sessions.harvest.language import CORRECTION
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.closed_sets import BY_A_PERSON

_FORMAT = 4
_WEEK_S = 7 * 86_400
_CHARS = 160
"""Of a message, how much is shown."""
_MOST_MESSAGES = 400


@dataclass(slots=True)
class SkillsSeen:
    """Of one session: messages with the skills that were on, and the uses."""

    messages: list[tuple[int, str, list[str]]] = field(default_factory=list)
    """Turn, its beginning, the skills that the model was offered then."""
    uses: list[tuple[str, int, str, bool, str]] = field(default_factory=list)
    """Skill, turn, how (`tool`, `user`), whether it helped, when."""


@dataclass(slots=True)
class Uses:
    """Of one skill: how often it was used, in how many sessions, how often it helped, when last."""

    name: str
    used: int = 0
    sessions: int = 0
    helped: int = 0
    last: str = ""
    idle: bool = False
    """Not used for long, and there for as long (`stale_weeks`): offered for the archive."""

    def to_json(self) -> SkillUses:
        """For the panel."""
        return cast("SkillUses", asdict(self))


def there_since(folder: Path) -> datetime:
    """When a skill's text was written last."""
    return datetime.fromtimestamp((folder / "SKILL.md").stat().st_mtime, UTC)


def is_stale(last: str, since: datetime, limits: UpkeepConfig) -> bool:
    """Whether what was used last at `last`, or never, and lies there since `since` is unused for
    too long.
    """
    weeks = limits.stale_weeks
    used = max(datetime.fromisoformat(last), since) if last else since
    return weeks > 0 and (datetime.now(UTC) - used).total_seconds() > weeks * _WEEK_S


def uses(places: Places, folders: Sequence[Path], limits: UpkeepConfig | None = None) -> list[Uses]:
    """Of each skill of `folders`, least used first."""
    since = {folder.name: there_since(folder) for folder in folders}
    found = {name: Uses(name) for name in since}
    for session in all_sessions(places):
        for name, (used, helped, last) in count(of_session(session, places)).items():
            if name in found:
                each = found[name]
                each.used += used
                each.helped += helped
                each.sessions += 1
                each.last = max(each.last, last)
    for name, each in found.items():
        each.idle = is_stale(each.last, since[name], limits or UpkeepConfig())
    return sorted(found.values(), key=lambda each: (each.used, each.name))


def count(seen: SkillsSeen) -> dict[str, tuple[int, int, str]]:
    """By skill: uses, uses that helped, when last."""
    found: dict[str, tuple[int, int, str]] = {}
    for name, _, _, good, at in seen.uses:
        used, helped, last = found.get(name, (0, 0, ""))
        found[name] = (used + 1, helped + good, max(last, at))
    return found


def look(events: Iterable[ev.Event]) -> SkillsSeen:
    """What one session says of its skills. A turn that tries a draft out does not count."""
    seen, on = SkillsSeen(), set[str]()
    used: list[tuple[str, int, str, str]] = []
    ended: set[int] = set()
    spoilt: set[int] = set()
    trials: set[int] = set()
    newest = 0
    for event in events:
        if isinstance(event, ev.SkillSet):
            (on.add if event.state in ("on", "name-only") else on.discard)(event.name)
        elif isinstance(event, ev.SkillUsed):
            used.append((event.name, event.turn or newest, event.how, event.at))
        elif isinstance(event, ev.TurnEnded) and event.reason == "end_turn":
            ended.add(event.turn)
        elif isinstance(event, ev.TurnUndone):
            spoilt.update(turn for _, turn, _, _ in used if turn >= event.turn)
        elif isinstance(event, ev.UserMessage):
            if CORRECTION.search(event.text[:200]):
                spoilt.add(newest)
            newest = event.turn
            if event.origin == "harvest":
                trials.add(newest)
            elif event.origin in BY_A_PERSON and len(seen.messages) < _MOST_MESSAGES:
                told = " ".join(event.text[: 2 * _CHARS].split())[:_CHARS]
                seen.messages.append((newest, told, sorted(on)))
    seen.uses = [
        (name, turn, how, turn in ended and turn not in spoilt, at)
        for name, turn, how, at in used
        if turn not in trials
    ]
    return seen


def of_session(session: str, places: Places) -> SkillsSeen:
    """What one session says, remembered until its journal changes."""
    try:
        return of_journal(session, places, ("uses", _FORMAT), look, asdict, _again)
    except NotFound:
        return SkillsSeen()


def _again(told: ev.JSON) -> SkillsSeen:
    return SkillsSeen(
        [(int(turn), str(text), list(on)) for turn, text, on in told["messages"]],
        [(str(n), int(t), str(how), bool(good), str(at)) for n, t, how, good, at in told["uses"]],
    )
