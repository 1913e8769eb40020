"""Crush: `.crush/crush.db` (SQLite) of each project, by its public source (v0.96).

Tables sessions(id, parent_session_id, title, created_at) and messages(session_id, role, parts,
model, created_at), where `parts` is a list `{type, data}`: text, reasoning, tool_call, tool_result,
finish, shell_command. Sessions of sub-agents have a parent and are left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sessions.importers.base import Builder, Record
from sessions.importers.tables import has, objects, opened, value
from sessions.record import events as ev

_TABLES = {
    "sessions": {"id", "title", "parent_session_id", "created_at"},
    "messages": {"session_id", "role", "parts", "created_at"},
}


class Crush:
    """Reads Crush's databases."""

    harness = "crush"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its tables."""
        return path.suffix == ".db" and has(path, head, _TABLES)

    def sessions(self, path: Path) -> list[str]:
        """Ids of the sessions that are no sub-agents' own, oldest first."""
        with contextlib.closing(opened(path)) as db:
            rows = db.execute(
                "select id from sessions where coalesce(parent_session_id, '') = '' "
                "order by created_at, id"
            )
            return [str(row[0]) for row in rows]

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """One session's events."""
        builder = Builder(self.harness, path, session)
        if path.parent.name == ".crush":
            builder.cwd = str(path.absolute().parent.parent)
        with contextlib.closing(opened(path)) as db:
            told = db.execute("select title, created_at from sessions where id = ?", (session,))
            for title, when in told:
                builder.title = str(title or "")
                builder.at(when)
            rows = db.execute(
                "select role, parts, model, created_at from messages where session_id = ? "
                "order by created_at, rowid",
                (session,),
            )
            for role, parts, model, when in rows:
                builder.at(when)
                builder.model = str(model or builder.model)
                self._take(builder, str(role), objects(parts))
                yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, role: str, parts: list[Record]) -> None:
        told = [(str(p.get("type")), p["data"]) for p in parts if isinstance(p.get("data"), dict)]
        if role == "user":
            said = [d.get("text") for k, d in told if k == "text" and not d.get("hidden")]
            said += [f"!{d.get('command')}" for k, d in told if k == "shell_command"]
            builder.user("\n".join(str(text) for text in said if text))
            return
        for kind, data in told:
            if kind == "text":
                builder.text(str(data.get("text") or ""))
            elif kind == "reasoning":
                builder.thinking(str(data.get("thinking") or ""))
            elif kind == "tool_call":
                given = value(data.get("input"))
                given = data.get("input") if given is None else given
                builder.call(str(data.get("id", "")), str(data.get("name", "")), given)
            elif kind == "tool_result":
                builder.result(
                    str(data.get("tool_call_id", "")),
                    str(data.get("content") or ""),
                    ok=not data.get("is_error"),
                )
            elif kind == "finish" and data.get("reason") == "canceled":
                builder.interrupted()
