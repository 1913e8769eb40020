"""The index over all journals: SQLite with FTS5, derived, rebuilt whenever it is in doubt.

The journals are the truth. What is here is one row of summary per session and one row of text
per message; which journals it has taken in, and how far, stands beside (size and time of the
file), so that a refresh reads what is new and nothing else. A damaged index is set aside and
made again; one that can't be written goes on in memory (`archive.database`). One connection
writes; the engine feeds it, behind the events (`archive.keeper`).
"""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sessions.archive import database, list_rows, messages, rows
from sessions.archive.list_rows import Mark, SessionRow, mark_of
from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record.journal import NAME, read
from sessions.record.names import name_of
from sessions.record.summary import Reducer, Summary

log = logging.getLogger("agentdeck.index")

_OF_A_SESSION = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
    sqlite3.InterfaceError,  # a value of a type that SQLite does not take
)
"""What a value in a record makes fail, whatever the state of the index."""
# A word that stands in hundreds of thousands of messages is ranked among the newest of them only:
# ranking them all takes longer than a person waits between two keys.
_RANKED = 5_000
# Faults mended within one refresh: damaged, then no room for a new file.
_MENDINGS = 2
_WORD = re.compile(r"\w+", re.UNICODE)

NEVER: Mark = (0, 0)
"""The mark of no journal: it is taken in at the next look."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `snippet`: the words around, on one line."""

    id: str
    seq: int
    at: str
    snippet: str

    def to_json(self) -> ev.JSON:
        """As DESIGN 6.6 has it."""
        return {"id": self.id, "seq": self.seq, "at": self.at, "snippet": self.snippet}


class Index:
    """The index of one installation. Safe to use from several threads."""

    def __init__(self, path: Path, journals: Path, db: sqlite3.Connection, why: str = "") -> None:
        self.unkept = why
        """Why it is in memory and not on disk, "" if it is on disk."""
        self._path = path
        self._journals = journals
        self._db = db
        self._lock = threading.RLock()
        self._texts: dict[str, messages.Joined] = {}
        self._upto: dict[str, int] = {}
        """The `seq` up to which each journal was read; what is fed may lie before it."""
        self._lacks: set[str] = set()
        """Sessions whose journals are still to be taken in, whatever is fed of them."""

    @classmethod
    def open(cls, path: Path, journals: Path, wait_s: float = database.WAIT_S) -> Index:
        """Open the index at `path` over the session folders in `journals`; mend or remake it.

        What another process holds longer than `wait_s` is done without, in memory.
        """
        return cls(path, journals, *database.opened(path, wait_s))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._db.close()

    # -- taking in

    def refresh(self) -> int:
        """Take in what changed on disk since the last time; how many sessions had changed.

        A fault of the index itself is mended on the way.
        """
        for _ in range(_MENDINGS):
            try:
                return len(self.take(self.changed()))
            except sqlite3.Error as error:
                self.mend(error)
        return len(self.take(self.changed()))

    def mend(self, error: sqlite3.Error, *, keep: bool = True) -> None:
        """After a fault: another database, which may lack what is in the journals.

        Without `keep` in memory: it has failed too often.
        """
        with self._lock:
            self.close()
            if self.unkept or not keep:
                self.unkept = self.unkept or str(error)
                self._use(database.in_memory(None))
            else:
                db, self.unkept = database.again(self._path, error)
                self._use(db)
            self.changed()  # before anything is fed: what it lacks must not be taken for known

    def to_disk(self) -> bool:
        """Whether it is on disk (again), where it could not be before; it may lack something."""
        with self._lock:
            if self.unkept:
                db, why = database.opened(self._path)
                if why:
                    db.close()
                    return False
                self.close()
                self.unkept = ""
                self._use(db)
                self.changed()
            return True

    def _use(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts.clear()
        self._upto.clear()
        self._lacks.clear()

    def changed(self) -> list[str]:
        """The sessions whose journals are not as they were taken in; what is gone is forgotten.

        In the order of time, as ids sort: the newest messages come last into the index.
        """
        with self._lock:
            marks = self._db.execute("select id, size, mtime from sessions")
            known = {mark[0]: (mark[1], mark[2]) for mark in marks}
            found = dict(list_rows.marks(self._journals))
            for gone in known.keys() - found.keys():
                self._forget(gone)
            self._db.commit()
            self._lacks = {s for s, mark in found.items() if known.get(s) != mark}
            return sorted(self._lacks)

    def take(self, sessions: Sequence[str]) -> list[Summary]:
        """Take in these sessions' journals, as they are now; their summaries."""
        found = []
        with self._lock:
            for number, session in enumerate(sessions, 1):
                found.append(self._take_journal(session))
                if number % 100 == 0:
                    self._db.commit()
            self._db.commit()
        return [summary for summary in found if summary is not None]

    def look(self, sessions: Sequence[str]) -> list[Summary]:
        """These sessions' summaries, read from their journals; their texts are taken in later."""
        found = []
        with self._lock:
            for session in sessions:
                reducer = Reducer(session)
                with self._alone(session):
                    for event in read(self._journals / session / NAME):
                        reducer.apply(event)
                    rows.put(self._db, session, reducer.summary, NEVER)
                    found.append(reducer.summary)
            self._db.commit()
        return found

    def feed(
        self,
        batch: Sequence[tuple[str, ev.Event]],
        summaries: Mapping[str, Summary],
        marks: Mapping[str, Mark] = MappingProxyType({}),
    ) -> None:
        """Take in events of running sessions, and the summaries that follow from them.

        `marks`: the journals as they were when these were the last events.
        """
        with self._lock:
            upto = self._upto
            for session, event in batch:
                if event.seq <= upto.get(session, 0):
                    continue
                with self._alone(session):
                    message = self._texts.setdefault(session, messages.Joined())
                    message.take(event)
                    self._add(session, message)
            for session, summary in summaries.items():
                with self._alone(session):
                    if summary.status not in ("working", "needs-you"):
                        self._end_message(session)
                    mark = marks.get(session) or mark_of(self._journals / session / NAME)
                    rows.put(self._db, session, summary, NEVER if session in self._lacks else mark)
            self._db.commit()

    @contextlib.contextmanager
    def _alone(self, session: str) -> Iterator[None]:
        """What is wrong with one session is that session's fault: named, and passed over."""
        try:
            yield
        except JournalError as error:
            log.warning("session %s is not in the index: %s", session, error)
        except _OF_A_SESSION as error:
            log.warning("session %s is not in the index: %r", session, error)
            why = f"This session's record holds what can't be read: {error!r}"[:300]
            broken = Summary(session, title=session, status="unknown", error=why)
            rows.put(self._db, session, broken, mark_of(self._journals / session / NAME))

    def _end_message(self, session: str) -> None:
        message = self._texts.pop(session, None)
        if message is not None:
            message.end()
            self._add(session, message)

    def _take_journal(self, session: str) -> Summary | None:
        self._forget(session)
        reducer, message = Reducer(session), messages.Joined()
        journal = self._journals / session / NAME
        mark = mark_of(journal)
        with self._alone(session):
            for event in read(journal):
                reducer.apply(event)
                message.take(event)
            message.end()
            self._add(session, message)
            rows.put(self._db, session, reducer.summary, mark)
            self._upto[session] = reducer.summary.seq
            self._lacks.discard(session)
            return reducer.summary
        return None

    def _add(self, session: str, message: messages.Joined) -> None:
        done, message.done = message.done, []
        messages.add(self._db, session, done)

    def _forget(self, session: str) -> None:
        messages.forget(self._db, session)
        self._db.execute("delete from sessions where id = ?", (session,))
        self._upto.pop(session, None)

    def forget(self, session: str) -> None:
        """A session was deleted. Raises sqlite3.Error."""
        with self._lock:
            self._forget(session)
            self._db.commit()

    # -- asking

    def summaries(self, wanted: Sequence[str] | None = None) -> list[Summary]:
        """Every session's summary, or those of the wanted ones; newest first."""
        with self._lock:
            return rows.summaries(self._db, wanted)

    def not_offline(self, host: str) -> list[Summary]:
        """Summaries of a machine's sessions that are listed as if it could be reached."""
        with self._lock:
            return rows.not_offline(self._db, host)

    def groupings(self) -> tuple[dict[str, str], dict[str, str]]:
        """Every session's id with its worktree's repository ("" without one), and every
        sub-session's with the session that started it.
        """
        with self._lock:
            return rows.groupings(self._db)

    def titles(self, sessions: Collection[str]) -> dict[str, str]:
        """What some sessions are called: their title, else the beginning of the first message."""
        wanted = list(sessions)
        names = ", ".join(("id", *_Called._fields))
        with self._lock:
            marks = ", ".join("?" * len(wanted))
            found = self._db.execute(
                f"select {names} from sessions where id in ({marks})", wanted
            ).fetchall()
        return {row[0]: name_of(_Called(*row[1:])) for row in found}

    def rows(self) -> list[SessionRow]:
        """What a list shows of every session, newest first; summaries cost three times as much."""
        with self._lock:
            return list_rows.rows(self._db)

    def search(self, query: str, limit: int = 50) -> list[Hit]:
        """Messages that hold all words of `query` (the last may be a beginning), best first.

        Where thousands hold them, the best of the newest.
        Nothing in the query is FTS5's syntax: every word is quoted.
        """
        words = _WORD.findall(query)
        if not words:
            return []
        quoted = " ".join(f'"{word}"' for word in words) + "*"
        with self._lock:
            found = self._db.execute(
                "select s.session, m.seq, m.at, m.text from (select * from "
                "(select rowid as place, bm25(words) as score from words where words match ? "
                "order by rowid desc limit ?) order by score, place desc limit ?) "
                "join messages m on m.rowid = place join numbers s on s.number = m.number "
                "order by score, place desc",
                (quoted, _RANKED, limit),
            ).fetchall()
        return [
            Hit(session, seq, at, messages.snippet(messages.unpacked(text), words))
            for session, seq, at, text in found
        ]


class _Called(NamedTuple):
    title: str
    agent_title: str
    auto_title: str
    about: str
