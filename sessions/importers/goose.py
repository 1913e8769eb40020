"""Goose: `~/.local/share/goose/sessions/sessions.db` (SQLite), by its public description (1.50).

Tables sessions(id, name or description, working_dir, created_at) and messages(session_id, role,
content_json, created_timestamp), where `content_json` is a list of text, thinking, toolRequest
(`toolCall: {status, value: {name, arguments}}`) and toolResponse (`toolResult: {status, value}`).
Older versions kept a file `.jsonl` a session: its header, then messages of the same form.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, records, text_of
from sessions.importers.tables import an_object, columns, has, objects, opened
from sessions.record import events as ev

_TABLES = {
    "sessions": {"id", "working_dir"},
    "messages": {"session_id", "role", "content_json"},
}
_HIDDEN = ("sub_agent", "hidden")
_USER = "user"


class Goose:
    """Reads Goose's database and its older files."""

    harness = "goose"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its tables, or the header of an older file."""
        if path.suffix == ".jsonl":
            first = head.split(b"\n", 1)[0]
            return b'"working_dir"' in first and b'"message_count"' in first
        return path.suffix == ".db" and has(path, head, _TABLES)

    def sessions(self, path: Path) -> list[str]:
        """Ids of the sessions that are no sub-agents' own, in order; one for an older file."""
        if path.suffix == ".jsonl":
            return [""]
        with contextlib.closing(opened(path)) as db:
            there = columns(db, "sessions")
            kind = "session_type" if "session_type" in there else "''"
            rows = db.execute(f"select id, {kind} from sessions order by rowid")
            return [str(number) for number, of in rows if of not in _HIDDEN]

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """An older file, or one session of the database."""
        if path.suffix == ".jsonl":
            yield from self._older(path)
            return
        builder = Builder(self.harness, path, session)
        with contextlib.closing(opened(path)) as db:
            self._begin(builder, db.execute("select * from sessions where id = ?", (session,)))
            there = columns(db, "messages")
            when = "created_timestamp" if "created_timestamp" in there else "null"
            meta = "metadata_json" if "metadata_json" in there else "null"
            rows = db.execute(
                f"select role, content_json, {when}, {meta} from messages "
                "where session_id = ? order by rowid",
                (session,),
            )
            for role, content, at, about in rows:
                if an_object(about).get("userVisible") is False:
                    continue
                builder.at(at)
                _take(builder, str(role), objects(content))
                yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _begin(self, builder: Builder, found: Any) -> None:
        names = [str(column[0]) for column in found.description]
        for row in found:
            told = dict(zip(names, row, strict=True))
            builder.title = str(told.get("name") or told.get("description") or "")
            builder.cwd = str(told.get("working_dir") or "")
            builder.at(f"{told.get('created_at') or ''}+00:00".replace("Z+00:00", "Z"))
            builder.model = str(an_object(told.get("model_config_json")).get("model_name") or "")

    def _older(self, path: Path) -> Iterator[ev.Event]:
        builder = Builder(self.harness, path, path.stem)
        for record in records(path):
            if "working_dir" in record:
                builder.cwd = str(record.get("working_dir") or "")
                builder.title = str(record.get("description") or "")
                continue
            content = record.get("content")
            builder.at(record.get("created"))
            parts = [p for p in content if isinstance(p, dict)] if isinstance(content, list) else []
            _take(builder, str(record.get("role")), parts)
            yield from builder.many()
        builder.finish()
        yield from builder.take()


def _take(builder: Builder, role: str, parts: list[Record]) -> None:
    for part in parts:
        if part.get("type") == "toolResponse":
            _result(builder, str(part.get("id", "")), part.get("toolResult"))
    if role == _USER:
        builder.user("\n".join(str(p.get("text")) for p in parts if p.get("type") == "text"))
        return
    for part in parts:
        kind, call = part.get("type"), part.get("toolCall")
        if kind == "text":
            builder.text(str(part.get("text") or ""))
        elif kind == "thinking":
            builder.thinking(str(part.get("thinking") or ""))
        elif kind == "toolRequest" and isinstance(call, dict):
            given = call.get("value")
            wanted = given if isinstance(given, dict) else {}
            builder.call(
                str(part.get("id", "")), str(wanted.get("name", "")), wanted.get("arguments")
            )


def _result(builder: Builder, call: str, told: Any) -> None:
    result = told if isinstance(told, dict) else {}
    given = result.get("value")
    failed = result.get("status") == "error"
    if isinstance(given, dict):
        failed = failed or given.get("isError") is True
        content = given.get("content")
    else:
        content = given
    said = text_of(content) or str(result.get("error") or "")
    if not said and given is not None:
        said = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    builder.result(call, said, ok=not failed)
