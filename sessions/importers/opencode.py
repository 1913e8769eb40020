"""OpenCode: `~/.local/share/opencode/opencode.db` (SQLite), opened read-only.

Tables session(id, parent_id, title, directory, time_created), message(id, session_id, data)
and part(message_id, session_id, data), the last two with JSON in `data`. One database holds
many sessions: `sessions` names them, `read_session` reads one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sessions.importers.base import Builder, Record
from sessions.importers.tables import an_object, has, opened
from sessions.record import events as ev

_TABLES: dict[str, set[str]] = {"session": set(), "message": set(), "part": set()}


class OpenCode:
    """Reads OpenCode's database."""

    harness = "opencode"

    def claims(self, path: Path, head: bytes) -> bool:
        """An SQLite file with the tables of OpenCode."""
        return has(path, head, _TABLES)

    def sessions(self, path: Path) -> list[str]:
        """Ids of the sessions that are no sub-agents' own, oldest first."""
        with contextlib.closing(opened(path)) as db:
            rows = db.execute("select id from session where parent_id is null order by id")
            return [str(row[0]) for row in rows]

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """One session's events."""
        builder = Builder(self.harness, path, session)
        with contextlib.closing(opened(path)) as db:
            row = db.execute(
                "select title, directory, time_created from session where id = ?", (session,)
            ).fetchone()
            if row is None:
                return
            builder.title, builder.cwd = str(row[0] or ""), str(row[1] or "")
            builder.at(row[2])
            parts = _parts(db, session)
            messages = db.execute(
                "select id, data, time_created from message where session_id = ? order by id",
                (session,),
            )
            for number, data, when in messages:
                message = an_object(data)
                builder.at(when)
                self._take(builder, message, parts.get(number, []))
                yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, message: Record, parts: list[Record]) -> None:
        if message.get("role") == "user":
            told = [p for p in parts if p.get("type") == "text" and not p.get("synthetic")]
            builder.model = str(an_object(message.get("model")).get("modelID") or builder.model)
            builder.user("\n".join(str(p.get("text", "")) for p in told))
            return
        builder.model = str(message.get("modelID") or builder.model)
        for part in parts:
            kind = part.get("type")
            if kind == "text":
                builder.text(str(part.get("text", "")))
            elif kind == "reasoning":
                builder.thinking(str(part.get("text", "")))
            elif kind == "tool":
                state = part.get("state") or {}
                call = str(part.get("callID", ""))
                builder.call(call, str(part.get("tool", "")), state.get("input"))
                if state.get("status") in ("completed", "error"):
                    said = str(state.get("output") or state.get("error") or "")
                    code = (state.get("metadata") or {}).get("exit")
                    builder.result(
                        call, said, ok=state["status"] == "completed" and not code, exit_code=code
                    )
            elif kind == "step-finish" and isinstance(part.get("tokens"), dict):
                tokens = part["tokens"]
                builder.usage(input=tokens.get("input"), output=tokens.get("output"))


def _parts(db: sqlite3.Connection, session: str) -> dict[str, list[Record]]:
    parts: dict[str, list[Record]] = {}
    rows = db.execute(
        "select message_id, data from part where session_id = ? order by id", (session,)
    )
    for message, data in rows:
        parts.setdefault(message, []).append(an_object(data))
    return parts
