"""A new session with the same past."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.errors import UsageError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import Journal
from sessions.record.names import name_of

if TYPE_CHECKING:
    from sessions.record.summary import Summary
    from sessions.runtime.session import Session

_PUT_AWAY = ("closed", "archived", "aside")


def fork_journal(
    parent: Session,
    folder: Path,
    session_id: str,
    turn: int | None,
    title: str,
    other: Mapping[str, Any] | None = None,
) -> None:
    """Write the fork's journal: the parent's events up to the end of `turn`, copied as they are.

    Its queue is empty, and it is called what it is called here.

    `other`: what is otherwise than in the parent (`backend`, `model`, `cwd`, `profile`, …).

    A turn that runs is left out: the fork begins at the last finished turn. Raises UsageError
    when there is no such turn, JournalError when it can't be written.
    """
    upto = last_seq_of(parent, turn)
    summary = parent.summary
    created = ev.SessionCreated(
        id=session_id,
        title=title or f"{_name(summary)} (fork)",
        backend=summary.backend,
        model=summary.model,
        cwd=summary.cwd,
        profile=summary.profile,
        permission=summary.permission,
        parent={"id": parent.id, "seq": upto},
    )
    own = dict(other or {})
    created = ev.replace(created, **own)
    heir = _Heir({"title": created.title, **own})
    Journal.fork(parent.folder, folder, upto, created, heir)


class _Heir:
    """What of its parent's past does not hold for the fork.

    What waited there was said to the parent, which still has it: in both, it would run twice.
    A parent that was put away says nothing of the fork, which somebody wants to have at hand.
    """

    def __init__(self, own: Mapping[str, Any]) -> None:
        self._own = own
        """What the fork has of its own, whatever the parent's was changed to on the way."""
        self._waits = self._resumes = False
        self._set: dict[str, Any] = {}

    def inherits(self, data: ev.JSON) -> None:
        if data.get("type") == ev.QueueSet.type:
            self._waits = bool(data.get("items"))
        elif data.get("type") in (ev.TurnEnded.type, ev.TurnStarted.type):
            self._resumes = bool(data.get("resume_at"))
        elif data.get("type") == ev.SessionSet.type:
            self._set.update(data)

    def differs(self) -> list[ev.Event]:
        anew = {name: value for name, value in self._own.items() if name in self._set}
        anew |= {name: False for name in _PUT_AWAY if self._set.get(name)}
        events: list[ev.Event] = [codec.session_set(anew)] if anew else []
        if self._resumes:  # the parent goes on; in both, the turn would run twice
            events.append(ev.SessionSet(paused=""))
        return [*events, ev.QueueSet(items=[])] if self._waits else events


def _name(summary: Summary) -> str:
    """Its title, else how its first message begins."""
    return name_of(summary) or "session"


def last_seq_of(session: Session, turn: int | None) -> int:
    """The last event that belongs to the past up to `turn` (None: all finished turns)."""
    if turn is None and not session.working:
        return session.summary.seq
    last = 1
    for event in session.journal.events():
        if isinstance(event, ev.TurnEnded):
            if turn is not None and event.turn > turn:
                break
            last = event.seq
            if turn is not None and event.turn == turn:
                return last
        elif isinstance(event, ev.UserMessage) and turn is not None and event.turn > turn:
            break
    if turn:
        raise UsageError(f"Turn {turn} has not ended, or does not exist.")
    return last
