"""What is searched: a session's messages, answers joined from their chunks; how they are kept.

A text is kept packed, a third of its size: it is needed to show the words around a find, and to
take its words out of the index again. The journals stay what tells it in full.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from sessions.record import events as ev
from sessions.safety.sanitise import clean_line

SCHEMA = """
create table if not exists numbers(number integer primary key, session text not null unique);
create table if not exists messages(
  rowid integer primary key, number integer not null, seq integer not null, at text not null,
  text not null);
create index if not exists messages_of on messages(number);
create virtual table if not exists words using fts5(
  text, content='', tokenize='unicode61 remove_diacritics 2');
"""
"""`numbers`: sessions by a number, which takes less room in every row than an id."""
_MAX_TEXT = 200_000
_MAX_CALL = 20_000
_WORTH = 100
"""A shorter text is not made shorter by packing it."""
# What FTS5 gathers in memory before it writes: its own million makes pieces that it must merge.
_GATHERED = 16 * 2**20


_ENDS = (ev.TurnEnded, ev.ContextCompacted)


class MessageText(NamedTuple):
    """A message: where it begins in its journal, and what it says."""

    seq: int
    at: str
    text: str


class Joined:
    """A session's messages; the chunks of an answer are joined to one."""

    def __init__(self) -> None:
        self.done: list[MessageText] = []
        """Those that are complete; who has written them empties it."""
        self._first: ev.Text | None = None
        self._parts: list[str] = []

    def take(self, event: ev.Event) -> None:
        """One event more."""
        if type(event) is ev.Text:
            if self._first is None or self._first.turn != event.turn:
                self.end()
                self._first = event
            self._parts.append(event.text)
        elif type(event) is ev.UserMessage:
            self.end()
            self.done.append(MessageText(event.seq, event.at, event.text))
        elif type(event) is ev.ToolCall:
            told = " ".join(str(v) for v in event.input.values() if isinstance(v, str))
            self.done.append(MessageText(event.seq, event.at, f"{event.name} {told}"[:_MAX_CALL]))
        elif type(event) is ev.ShellRan:
            told = f"{event.command}\n{event.output}"
            self.done.append(MessageText(event.seq, event.at, told[:_MAX_CALL]))
        elif self._first is not None and isinstance(event, _ENDS):
            self.end()

    def end(self) -> None:
        """The answer that was being joined is complete."""
        first, self._first = self._first, None
        if first is None:
            return
        text = "".join(self._parts)
        self._parts.clear()
        if text.strip():
            self.done.append(MessageText(first.seq, first.at, text))


def set_up(db: sqlite3.Connection) -> None:
    """Tables, and how they are filled. Raises sqlite3.Error."""
    db.executescript(SCHEMA)
    if not db.execute("select 1 from words_config where k = 'hashsize'").fetchone():
        db.execute("insert into words(words, rank) values('hashsize', ?)", (_GATHERED,))


def add(db: sqlite3.Connection, session: str, texts: Sequence[MessageText]) -> None:
    """Take in messages of a session. Raises sqlite3.Error."""
    if not texts:
        return
    # A write first: from here on no other process gives row ids.
    db.execute("insert or ignore into numbers(session) values(?)", (session,))
    (number,) = db.execute("select number from numbers where session = ?", (session,)).fetchone()
    (last,) = db.execute("select coalesce(max(rowid), 0) from messages").fetchone()
    said = [t.text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8") for t in texts]
    db.executemany(
        "insert into messages values(?, ?, ?, ?, ?)",
        [
            (last + n, number, text.seq, text.at, _packed(body))
            for n, (text, body) in enumerate(zip(texts, said, strict=True), 1)
        ],
    )
    db.executemany(
        "insert into words(rowid, text) values(?, ?)",
        [(last + n, body) for n, body in enumerate(said, 1)],
    )


def forget(db: sqlite3.Connection, session: str) -> None:
    """Take out all messages of a session. Raises sqlite3.Error."""
    found = db.execute("select number from numbers where session = ?", (session,)).fetchone()
    if found is None:
        return
    # A table without its content must be told what it forgets (SQLite, FTS5, section 4.4.2).
    rows = db.execute("select rowid, text from messages where number = ?", found).fetchall()
    db.executemany(
        "insert into words(words, rowid, text) values('delete', ?, ?)",
        [(rowid, unpacked(text)) for rowid, text in rows],
    )
    db.execute("delete from messages where number = ?", found)
    db.execute("delete from numbers where number = ?", found)


def _packed(text: str) -> str | bytes:
    if len(text) < _WORTH:
        return text
    packed = zlib.compress(text.encode(), 1)
    return packed if len(packed) < len(text) else text


def unpacked(kept: str | bytes) -> str:
    """A message's text. Raises sqlite3.DatabaseError: the file is damaged."""
    if isinstance(kept, str):
        return kept
    try:
        return zlib.decompress(kept).decode()
    except (zlib.error, ValueError) as error:
        raise sqlite3.DatabaseError("a text can't be unpacked") from error


def snippet(text: str, words: list[str], around: int = 60) -> str:
    """The part of a text around the first word that was looked for, on one line."""
    low = text.lower()
    places = [at for word in words if (at := low.find(word.lower())) >= 0]
    at = min(places, default=0)
    start, end = max(0, at - around), at + around * 2
    part = clean_line(" ".join(text[start:end].split()))
    return ("…" if start else "") + part + ("…" if end < len(text) else "")
