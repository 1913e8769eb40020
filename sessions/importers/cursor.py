"""Cursor, by public descriptions (desktop 3.16, command line 2026.09): three kinds of record.

`~/.cursor/projects/<folder>/agent-transcripts/<id>/<id>.jsonl`: lines `{role, message: {content}}`
with blocks as the Messages API has them, without dates; what the user typed stands in
`<user_query>`. Sub-agents' transcripts lie in `subagents` and are left out.

`User/globalStorage/state.vscdb` (SQLite) of the desktop: in the table cursorDiskKV a conversation
is `composerData:<id>`, which lists its bubbles, and each bubble is `bubbleId:<id>:<bubble>`: type 1
is the user's, 2 the model's, with `text`, `thinking` and `toolFormerData`.

`~/.cursor/chats/<hash>/<id>/store.db` of the command line is read by `cursor_store`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers import cursor_store
from sessions.importers.base import Builder, Record, records, text_of
from sessions.importers.tables import an_object, has, opened, value
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus

_TABLES = {"cursorDiskKV": {"key", "value"}}
_FOLDER = "agent-transcripts"
_STATUS: dict[str, CallStatus] = {
    "completed": "ok",
    "error": "error",
    "cancelled": "cancelled",
    "rejected": "denied",
}


class Cursor:
    """Reads Cursor's transcripts and its desktop's database."""

    harness = "cursor"

    def claims(self, path: Path, head: bytes) -> bool:
        """By where a transcript lies, or by the database's table."""
        if path.suffix == ".jsonl":
            return _FOLDER in path.parts and b'"role"' in head and b'"message"' in head
        if path.name == cursor_store.NAME:
            return has(path, head, cursor_store.TABLES)
        return path.suffix == ".vscdb" and has(path, head, _TABLES)

    def sessions(self, path: Path) -> list[str]:
        """Ids of the database's conversations; one for a transcript."""
        if path.suffix == ".jsonl" or path.name == cursor_store.NAME:
            return [""]
        with contextlib.closing(opened(path)) as db:
            rows = db.execute(
                "select key from cursorDiskKV where key >= 'composerData:' "
                "and key < 'composerData;' order by rowid"
            )
            return [str(row[0]).partition(":")[2] for row in rows]

    def told_elsewhere(self, path: Path) -> bool:
        """Whether a transcript tells what a store does."""
        return path.name == cursor_store.NAME and cursor_store.told_elsewhere(path)

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """A transcript, or one conversation of the database."""
        if path.suffix == ".jsonl":
            yield from self._transcript(path)
            return
        if path.name == cursor_store.NAME:
            yield from cursor_store.read(path, self.harness)
            return
        builder = Builder(self.harness, path, session)
        with contextlib.closing(opened(path)) as db:
            data = _kept(db, f"composerData:{session}")
            builder.title = str(data.get("name") or "")
            builder.at(data.get("createdAt"))
            config = data.get("modelConfig")
            builder.model = str(config.get("modelName") or "") if isinstance(config, dict) else ""
            for bubble in _bubbles(db, session, data):
                builder.at(bubble.get("createdAt"))
                _bubble(builder, bubble)
                yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _transcript(self, path: Path) -> Iterator[ev.Event]:
        if "subagents" in path.parts:
            return
        builder = Builder(self.harness, path, path.stem)
        for record in records(path):
            message = record.get("message")
            content = message.get("content") if isinstance(message, dict) else None
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            _turn(builder, str(record.get("role")), [b for b in blocks if isinstance(b, dict)])
            yield from builder.many()
        builder.finish()
        yield from builder.take()


def _turn(builder: Builder, role: str, blocks: list[Record]) -> None:
    for block in blocks:
        if block.get("type") == "tool_result":
            builder.result(
                str(block.get("tool_use_id", "")),
                text_of(block.get("content")),
                ok=not block.get("is_error"),
            )
    texts = [str(b.get("text") or "") for b in blocks if b.get("type") == "text"]
    if role == "user":
        builder.user(cursor_store.typed("\n".join(texts)))
        return
    for number, block in enumerate(blocks):
        kind = block.get("type")
        if kind == "text":
            builder.text(str(block.get("text") or ""))
        elif kind == "thinking":
            builder.thinking(str(block.get("thinking") or block.get("text") or ""))
        elif kind == "tool_use":
            call = str(block.get("id") or f"{builder.turn}-{number}")
            builder.call(call, str(block.get("name", "")), block.get("input"))


def _bubbles(db: sqlite3.Connection, session: str, data: Record) -> Iterator[Record]:
    listed = data.get("fullConversationHeadersOnly")
    for header in listed if isinstance(listed, list) else []:
        if isinstance(header, dict):
            found = _kept(db, f"bubbleId:{session}:{header.get('bubbleId')}")
            yield {"type": header.get("type"), **found}
    older = data.get("conversation")
    for bubble in older if isinstance(older, list) and not listed else []:
        if isinstance(bubble, dict):
            yield bubble


def _bubble(builder: Builder, bubble: Record) -> None:
    text = str(bubble.get("text") or "")
    if bubble.get("type") == 1:
        builder.user(text)
        return
    thought = bubble.get("thinking")
    if isinstance(thought, dict):
        builder.thinking(str(thought.get("text") or ""))
    builder.text(text)
    tool = bubble.get("toolFormerData")
    if isinstance(tool, dict) and (tool.get("name") or tool.get("toolCallId")):
        call = str(tool.get("toolCallId") or bubble.get("bubbleId") or "")
        given = value(tool.get("params") or tool.get("rawArgs"))
        builder.call(call, str(tool.get("name") or "tool"), given if given is not None else {})
        status = _STATUS.get(str(tool.get("status")), "unknown")
        builder.result(call, str(tool.get("result") or ""), status=status)


def _kept(db: sqlite3.Connection, key: str) -> Record:
    row: Any = db.execute("select value from cursorDiskKV where key = ?", (key,)).fetchone()
    return an_object(row[0]) if row else {}
