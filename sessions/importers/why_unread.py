"""Why a file was not imported: which kind it looks like, and what keeps it from being read.

Only guesses from its first bytes and its name, for somebody who named it: nothing is read by them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessions.importers import tables
from sessions.importers.base import Holds, Importer, records, text_of

ENDINGS = (".jsonl", ".json", ".md", ".markdown", ".txt", *tables.SUFFIXES)
HEAD = 65_536
_MOST = 64 * 2**20
"""Of a JSON document that is parsed only to say where it is broken."""
_ROLES = ("user", "human", "assistant", "model")

_MAGIC = (
    (b"PK\x03\x04", "a zip archive", "Unpack it and name the file with the conversations."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first (gunzip)."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first (unzstd)."),
    (b"BZh", "compressed with bzip2", "Unpack it first (bunzip2)."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it first (unxz)."),
    (b"%PDF", "a PDF", "Save the conversation as Markdown or JSON."),
    (b"\xff\xfe", "text in UTF-16", "Save it as UTF-8."),
    (b"\xfe\xff", "text in UTF-16", "Save it as UTF-8."),
    (
        tables.MAGIC,
        "an SQLite database without the tables of OpenCode, Crush, Goose or Cursor",
        "Of databases only theirs can be read.",
    ),
)
_PLAIN = "Bring it into a list of {role, content}, or Markdown with `## User` and `## Assistant`."
# Kinds of JSON that are told by their keys: all of one row's stand in the head.
_SHAPES: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    (
        (b'"session.created"', b'"seq"'),
        "a session's journal of agentdeck itself",
        "It needs no import: see `agentdeck sessions list`, or put its folder among the sessions.",
    ),
    ((b'"requests"', b'"response"'), "a chat of Copilot, with `requests`", _PLAIN),
    ((b'"contents"', b'"parts"'), "Gemini's API, with `contents` of `parts`", _PLAIN),
    ((b'"role"', b'"parts"'), "Gemini's API, with `parts` where `content` is looked for", _PLAIN),
    ((b'"sender"',), "a chat whose messages have a `sender` in place of a `role`", _PLAIN),
)
_LINE_OF_CHATS = re.compile(rb'\A\s*\{\s*"messages"\s*:\s*\[')


def unclaimed(path: Path, importers: Sequence[Importer | Holds]) -> str:
    """Why nobody reads this file, in a sentence and what to do; "" if it holds nothing at all."""
    try:
        head = _head(path)
    except OSError as error:
        return f"it can't be opened: {os.strerror(error.errno or 0)}."
    if not head.strip():
        return ""
    for magic, kind, remedy in _MAGIC:
        if head.startswith(magic):
            return f"it looks like {kind}. {remedy}"
    if b"\0" in head:
        return "it looks like a binary file, and no conversation is kept in such."
    if path.suffix not in ENDINGS and (told := _under_another_name(path, head, importers)):
        return told
    return _of_text(path, head)


def unheld(path: Path, importer: Importer | Holds) -> str:
    """Why a file that looked like the importer's gave nothing; "" if it holds no conversation."""
    head = _head(path)
    if path.suffix in tables.SUFFIXES or not head.strip():
        return ""
    if not path.suffix.startswith(".json"):
        return ""
    if broken := _broken(path):
        return broken
    if importer.harness == "claude-code":
        return _sub_agents(path)
    if importer.harness != "json":
        return ""
    if path.suffix == ".jsonl" and _LINE_OF_CHATS.match(head):
        return f"it looks like training data: each line is a conversation of its own. {_PLAIN}"
    messages = _messages(path)
    if any(_says_unheard(message) for message in messages):
        return _shape(head) or f"the text of its messages has a form that is not known. {_PLAIN}"
    if any(message.get("role") for message in messages):
        return ""  # roles of chats, and not a word of anybody
    return _shape(head) or _no_messages()


def _head(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        return file.read(HEAD)


def _under_another_name(path: Path, head: bytes, importers: Sequence[Importer | Holds]) -> str:
    for ending in ENDINGS:
        as_named = path.with_suffix(ending)
        for importer in importers:
            if ending not in tables.SUFFIXES and importer.claims(as_named, head):
                return (
                    f"it looks like a conversation of {importer.harness}, but its name does not "
                    f"end in {ending}. Rename it, then import it."
                )
    return ""


def _of_text(path: Path, head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"{", b"["):
        return _shape(head) or _broken(path) or _no_messages()
    if start == b"<":
        return "it looks like HTML or XML. Save the conversation as Markdown or JSON."
    if path.suffix.startswith(".json"):
        return _broken(path)
    return (
        "it looks like text in which no line says who speaks. Begin each message with a line such "
        "as `## User` or `**Assistant:**`."
    )


def _no_messages() -> str:
    return f"it looks like JSON, but has no messages with a `role` and a `content`. {_PLAIN}"


def _shape(head: bytes) -> str:
    for keys, kind, remedy in _SHAPES:
        if all(key in head for key in keys):
            return f"it looks like {kind}. {remedy}"
    return ""


def _broken(path: Path) -> str:
    """Where JSON is broken, if it is: the document, or all of its lines."""
    if path.suffix == ".jsonl":
        if next(records(path), None) is None:
            return "none of its lines is a JSON object, as they are in a transcript."
        return ""
    try:
        if path.stat().st_size <= _MOST:
            json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return f"it looks like JSON that is broken at {place}: {error.msg}. Mend it there."
    except (ValueError, RecursionError):
        return "it looks like JSON, but is not in UTF-8, or too deep."
    return ""


def _sub_agents(path: Path) -> str:
    said = [record for record in records(path) if isinstance(record.get("message"), dict)]
    if said and all(record.get("isSidechain") for record in said):
        return "it looks like a sub-agent's transcript of Claude Code. Import its session's."
    return ""


def _messages(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return list(records(path))
    data = json.loads(path.read_bytes())
    if isinstance(data, dict):
        data = data.get("messages")
    return [m for m in data if isinstance(m, dict)] if isinstance(data, list) else []


def _says_unheard(message: dict[str, Any]) -> bool:
    """A message with a speaker's role and something in it, of which nothing is understood."""
    content = message.get("content")
    if not content or (isinstance(content, str) and not content.strip()):
        return False
    if not isinstance(message.get("role"), str):
        return False
    return message["role"] not in (*_ROLES, "system", "developer", "tool") or (
        message["role"] in _ROLES and not text_of(content).strip()
    )
