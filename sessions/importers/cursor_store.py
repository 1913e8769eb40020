"""What Cursor's command line keeps of a conversation: `~/.cursor/chats/<hash>/<id>/store.db`.

The format is nobody's promise; this is what public readers of it describe alike (versions 2026.08
and 2026.09, among them crow#1105, agentsview#1664 and deja-vu#3772 on GitHub). SQLite with two
tables: `meta` has one row, JSON written in hexadecimal digits, whose `latestRootBlobId` names the
newest root among `blobs`, each of which is called by its own SHA-256. A root is a protobuf message
whose fields 1 are the messages' blobs in their order, its field 9 the working directory; a message
is JSON, `{role, content}`, with blocks `text`, `reasoning`, `tool-call` and `tool-result`. What is
no such message (encrypted, or of another kind) is passed over. `meta.json` beside it has the title,
the directory and the dates.

The same conversations are mostly told in transcripts too, which are read instead where they are;
one that was taken from here before its transcript was there goes on from here.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sessions.importers.base import Builder, Record, object_in, text_of
from sessions.importers.tables import an_object, opened
from sessions.record import events as ev

NAME = "store.db"
TABLES = {"blobs": {"id", "data"}, "meta": {"key", "value"}}
_QUERY = re.compile(r"<user_query>\s*(.*?)\s*</user_query>", re.DOTALL)
_CONTEXT = re.compile(r"\A\s*<(user_info|system_reminder|project_layout|rules|open_and_recently)\b")
_MESSAGES, _FOLDER = 1, 9
_DIGEST = 32
_MOST = 100_000


def told_elsewhere(path: Path) -> bool:
    """Whether a transcript of the same conversation lies where Cursor puts it."""
    if len(path.parents) < 4:
        return False
    name, projects = path.parent.name, path.parents[3] / "projects"
    return any(projects.glob(f"*/agent-transcripts/{name}/{name}.jsonl"))


def typed(text: str) -> str:
    """What the user wrote of a message: what Cursor puts around it is none of it."""
    if found := _QUERY.findall(text):
        return "\n".join(found)
    return "" if _CONTEXT.match(text) else text


def read(path: Path, harness: str) -> Iterator[ev.Event]:
    """The conversation's events."""
    beside = object_in(path.with_name("meta.json"))
    builder = Builder(harness, path, path.parent.name)
    with contextlib.closing(opened(path)) as db:
        about = _about(db)
        builder.title = str(beside.get("title") or about.get("name") or "")[:80]
        builder.model = str(about.get("lastUsedModel") or "")
        builder.at(beside.get("createdAtMs") or about.get("createdAt"))
        root = _fields(_blob(db, str(about.get("latestRootBlobId") or "")))
        folder = str(beside.get("cwd") or "") or _folder(root)
        builder.cwd = folder if folder.startswith("/") else ""
        for number, value in root:
            if number == _MESSAGES and len(value) == _DIGEST:
                _message(builder, an_object(_blob(db, value.hex())))
                yield from builder.many()
    builder.finish()
    yield from builder.take()


def _about(db: sqlite3.Connection) -> Record:
    """The row of `meta`: JSON in hexadecimal digits, or plain."""
    row: Any = db.execute("select value from meta where key = '0'").fetchone()
    given = row[0] if row else ""
    text = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
    try:
        return an_object(bytes.fromhex(text))
    except ValueError:
        return an_object(text)


def _blob(db: sqlite3.Connection, name: str) -> bytes:
    row: Any = db.execute("select data from blobs where id = ?", (name,)).fetchone()
    return bytes(row[0]) if row and isinstance(row[0], bytes) else b""


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf message, with their numbers.

    Ends where it is none any more; numbers and fixed widths are passed over.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data) and len(found) < _MOST:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                break
            found.append((key >> 3, data[at : at + size]))
            at += size
        else:
            break
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; one that does not end is the end of the data."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    return 0, len(data)


def _folder(root: list[tuple[int, bytes]]) -> str:
    """The working directory that a root names, as a path or as the address of a file."""
    given = next((value for number, value in root if number == _FOLDER), b"")
    text = given.decode("utf-8", "replace")
    return unquote(urlsplit(text).path) if text.startswith("file:") else text


def _message(builder: Builder, message: Record) -> None:
    role, content = message.get("role"), message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    given = [b for b in blocks if isinstance(b, dict)]
    if role == "user":
        builder.user(typed("\n".join(str(b.get("text") or "") for b in given)))
    elif role in ("assistant", "tool"):
        for number, block in enumerate(given):
            _block(builder, block, f"{builder.turn}-{number}")


def _block(builder: Builder, block: Record, number: str) -> None:
    kind = block.get("type")
    if kind == "text":
        builder.text(str(block.get("text") or ""))
    elif kind == "reasoning":
        builder.thinking(str(block.get("text") or ""))
    elif kind == "tool-call":
        call = str(block.get("toolCallId") or number)
        builder.call(call, str(block.get("toolName") or "tool"), block.get("args"))
    elif kind == "tool-result":
        result = block.get("result", block.get("experimental_content"))
        told = result if isinstance(result, str) else text_of(result) or json.dumps(result)
        call = str(block.get("toolCallId") or number)
        builder.result(call, told, ok=not block.get("isError"))
