"""Two sessions in one folder: when one changes a file that another knows, both are told.

The one whose file was changed can't edit it before it has read it anew (its tools see to that);
here its model learns why, and whose change it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.features.feature import Feature
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_THEIRS = (
    "Another session ({title}) works in the same folder and has changed {path}, which you have "
    "read or changed. Read it anew before you edit it, and keep what that session meant."
)
_OURS = (
    "Another session ({title}) works in the same folder and knows {path}, which you have changed. "
    "It was told to read it anew; it may change it too."
)


class Sharing(Feature):
    """What the deck's sessions have in common."""

    def __init__(self, deck: Deck, knows: Callable[[str, Path], bool]) -> None:
        self._deck = deck
        self._knows = knows
        self._told: set[tuple[str, int, str, str]] = set()
        """By whom, in which turn, whom, of which file: once is enough."""

    def joined(self, session: Session) -> None:
        """A session is in memory: what it changes is looked at from now on."""

        def observe(event: ev.Event) -> None:
            # What is read back from a journal was told when it happened.
            if session.summary.host:
                return  # files of another machine: it is told there
            if isinstance(event, ev.FileChanged) and session.id in self._deck.sessions:
                # After everybody has been told of the change itself.
                asyncio.get_running_loop().call_soon(self._changed, session, event)

        session.observers.append(observe)

    def _changed(self, session: Session, event: ev.FileChanged) -> None:
        path = Path(event.path)
        for other in list(self._deck.sessions.values()):
            if other is session or not self._concerns(other, path):
                continue
            once = (session.id, event.turn, other.id, event.path)
            if once in self._told:
                continue
            self._told.add(once)
            self._tell(other, session, event.path, theirs=True)
            self._tell(session, other, event.path, theirs=False)

    def _concerns(self, other: Session, path: Path) -> bool:
        """Whether a session that is in use knows the file."""
        summary = other.summary
        if summary.archived or summary.closed:
            return False
        changed = any(str(path) in files for files in other.changed_files.values())
        return changed or self._knows(other.id, path)

    def _tell(self, to: Session, about: Session, path: str, *, theirs: bool) -> None:
        title = " ".join((about.summary.title or about.summary.about).split())[:80]
        told = ev.FileShared(path=path, session=about.id, title=title, theirs=theirs)
        to.recorder.emit(told)
        words = (_THEIRS if theirs else _OURS).format(title=title or about.id, path=path)
        to.prepared.append({"kind": "files", "text": words})
