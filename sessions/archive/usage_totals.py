"""What sessions took: tokens, dollars, turns, time waited for a person, read from the journals."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from sessions.archive.list_rows import Mark, mark_of
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import UsageBy
from sessions.record.journal import NAME

BY: tuple[UsageBy, ...] = get_args(UsageBy)
TOKENS = ("input", "output", "cache_read", "cache_write")
# Every other line of a journal is passed over unread: nearly all are text.
_READ = (
    b'"session.created"', b'"session.set"', b'"turn.started"', b'"turn.ended"',
    b'"permission.asked"', b'"permission.answered"',
)  # fmt: skip
_HEAD = 200


@dataclass(slots=True)
class Usage:
    """What turns took. `of`: what they have in common, by the names of `BY`.

    `tokens` by the names of `TOKENS`; `cost_usd` is None where no price is known of any turn,
    `unpriced` the turns without one; `waited_s`: seconds that questions waited for a person.
    """

    of: dict[str, str] = field(default_factory=dict)
    turns: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOKENS, 0))
    cost_usd: float | None = None
    unpriced: int = 0
    waited_s: float = 0.0

    @property
    def cache_share(self) -> float | None:
        """Of what went in, the part that came from the cache, 0 to 1; None if nothing went in."""
        read = self.tokens["cache_read"]
        whole = self.tokens["input"] + read + self.tokens["cache_write"]
        return read / whole if whole else None

    def add(self, other: Usage) -> None:
        """Count it in."""
        self.turns += other.turns
        for name, count in other.tokens.items():
            self.tokens[name] += count
        if other.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + other.cost_usd
        self.unpriced += other.unpriced
        self.waited_s += other.waited_s

    def to_json(self) -> dict[str, Any]:
        """Names of `of` and `tokens` beside the others."""
        share = self.cache_share
        return {
            **self.of,
            "turns": self.turns,
            **self.tokens,
            "cost_usd": None if self.cost_usd is None else round(self.cost_usd, 6),
            "unpriced": self.unpriced,
            "cache_share": None if share is None else round(share, 4),
            "waited_s": round(self.waited_s, 3),
        }


def of_journal(path: Path) -> Iterator[Usage]:
    """Each turn of a session that ended, and what its questions waited. Lines that can't be read
    are passed over: they cost themselves alone. Raises OSError.
    """
    known = {"session": path.parent.name, "backend": "", "model": "", "profile": ""}
    asked: dict[str, datetime] = {}
    waited = 0.0
    model = ""
    with open(path, "rb") as file:
        for line in file:
            if not any(name in line[:_HEAD] for name in _READ):
                continue
            try:
                event = codec.decode(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, ev.SessionCreated | ev.SessionSet):
                _take(known, event)
            elif isinstance(event, ev.TurnStarted):
                model = event.model
            elif isinstance(event, ev.PermissionAsked) and (at := _time(event.at)):
                asked[event.ask] = at
            elif isinstance(event, ev.PermissionAnswered):
                began, at = asked.pop(event.ask, None), _time(event.at)
                if began and at and event.by == "user":
                    waited += max(0.0, (at - began).total_seconds())
            elif isinstance(event, ev.TurnEnded):
                yield _turn(event, known | {"model": model or known["model"]}, waited)
                waited = 0.0


def _take(known: dict[str, str], event: ev.SessionCreated | ev.SessionSet) -> None:
    for name in ("backend", "model", "profile"):
        value = getattr(event, name)
        if isinstance(value, str):
            known[name] = value


def _turn(event: ev.TurnEnded, of: dict[str, str], waited: float) -> Usage:
    at = _time(event.at)
    tokens = {name: max(0, event.usage.get(name, 0)) for name in TOKENS}
    priced = event.cost_usd is not None
    return Usage(
        of | {"day": at.date().isoformat() if at else ""},
        turns=1,
        tokens=tokens,
        cost_usd=event.cost_usd,
        unpriced=0 if priced or not any(tokens.values()) else 1,
        waited_s=waited,
    )


def _time(at: str) -> datetime | None:
    """A time of the record in this place's clock."""
    try:
        return datetime.fromisoformat(at).astimezone()
    except ValueError:
        return None


def everything(sessions: Path, since: date | None, until: date | None) -> Iterator[Usage]:
    """Every ended turn of every session, of the days from `since` to `until`, both included."""
    for path in sorted(sessions.glob(f"*/{NAME}")):
        try:
            yield from _within(of_journal(path), since, until)
        except OSError:
            continue  # deleted meanwhile, or not readable: it costs itself alone


def _within(turns: Iterable[Usage], since: date | None, until: date | None) -> Iterator[Usage]:
    first, last = (d.isoformat() if d else "" for d in (since, until))
    return (t for t in turns if t.of["day"] >= first and (not last or t.of["day"] <= last))


class SpentSoFar:
    """What all sessions took, for who asks again and again: a journal is read anew only when it
    has changed. Safe to use from several threads.
    """

    def __init__(self, sessions: Path) -> None:
        self._sessions = sessions
        self._known: dict[str, tuple[Mark, list[Usage]]] = {}
        self._lock = threading.Lock()

    def sums(
        self, by: Sequence[str], since: date | None = None, until: date | None = None
    ) -> list[Usage]:
        """Sums by these names of the days from `since` to `until`, both included."""
        with self._lock:
            self._refresh()
            rows = (row for _, rows in self._known.values() for row in rows)
            return grouped(_within(rows, since, until), by)

    def _refresh(self) -> None:
        there = {path.parent.name: path for path in self._sessions.glob(f"*/{NAME}")}
        self._known = {name: known for name, known in self._known.items() if name in there}
        for name, path in there.items():
            mark = mark_of(path)
            try:
                if name not in self._known or self._known[name][0] != mark:
                    self._known[name] = mark, grouped(of_journal(path), BY)
            except OSError:
                self._known.pop(name, None)


def grouped(turns: Iterable[Usage], by: Sequence[str]) -> list[Usage]:
    """Sums by these names, days and sessions in order, others the dearest first."""
    found: dict[tuple[str, ...], Usage] = {}
    for turn in turns:
        key = tuple(turn.of[name] for name in by)
        if key not in found:
            found[key] = Usage(dict(zip(by, key, strict=True)))
        found[key].add(turn)
    if by and by[0] in ("day", "session"):
        return [found[key] for key in sorted(found)]
    return sorted(found.values(), key=_dear, reverse=True)


def _dear(spent: Usage) -> tuple[float, int]:
    return (spent.cost_usd or 0.0, sum(spent.tokens.values()))
