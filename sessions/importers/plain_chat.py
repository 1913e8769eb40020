"""Plain chats: Markdown with a heading or label per speaker, or JSON messages.

Markdown: a line such as `## User`, `**Assistant:**` or `User:` begins a message. JSON: a list
of `{role, content}`, or an object that holds one under `messages`; `.jsonl` with one a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from sessions.importers.base import Builder, Record, records, text_of
from sessions.record import events as ev

_SPEAKER = re.compile(
    r"^\s{0,3}(?:#{1,6}\s*)?(?:\*\*|__)?(user|human|you|me|assistant|ai|model|claude|chatgpt|gpt)"
    r"(?:\*\*|__)?\s*:?\s*(?:\*\*|__)?\s*(.*)$",
    re.IGNORECASE,
)
_USERS = {"user", "human", "you", "me"}


class PlainJson:
    """Reads JSON chats."""

    harness = "json"

    def claims(self, path: Path, head: bytes) -> bool:
        """By roles and contents."""
        return path.suffix in (".json", ".jsonl") and b'"role"' in head and b'"content"' in head

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder = Builder(self.harness, path)
        for message in self._messages(path):
            builder.at(message.get("timestamp") or message.get("created_at"))
            text = text_of(message.get("content"))
            if message.get("role") in ("user", "human"):
                builder.user(text)
            elif message.get("role") in ("assistant", "model"):
                builder.text(text)
        builder.finish()
        yield from builder.take()

    def _messages(self, path: Path) -> list[Record]:
        if path.suffix == ".jsonl":
            return list(records(path))
        try:
            data = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return []
        if isinstance(data, dict):
            data = data.get("messages")
        return [m for m in data if isinstance(m, dict)] if isinstance(data, list) else []


class PlainMarkdown:
    """Reads Markdown chats."""

    harness = "markdown"

    def claims(self, path: Path, head: bytes) -> bool:
        """At least one user and one other speaker at the beginning."""
        if path.suffix.lower() not in (".md", ".markdown", ".txt"):
            return False
        text = head.decode("utf-8", "replace")
        who = {found[1].lower() for line in text.splitlines() if (found := _speaks(line))}
        return bool(who & _USERS) and bool(who - _USERS)

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder = Builder(self.harness, path)
        speaker, lines, fenced = "", [], False
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.lstrip().startswith("```"):
                fenced = not fenced
            found = None if fenced else _speaks(line)
            if found is None:
                lines.append(line)
                continue
            self._say(builder, speaker, lines)
            speaker, lines = found[1].lower(), [found[2]] if found[2] else []
        self._say(builder, speaker, lines)
        builder.finish()
        yield from builder.take()

    def _say(self, builder: Builder, speaker: str, lines: list[str]) -> None:
        text = "\n".join(lines).strip()
        if speaker in _USERS:
            builder.user(text)
        elif speaker:
            builder.text(text)


def _speaks(line: str) -> re.Match[str] | None:
    """A line that names who speaks: a heading, a bold label, or a label with a colon."""
    found = _SPEAKER.match(line)
    if found is None:
        return None
    marked = line.lstrip().startswith(("#", "*", "_")) or ":" in line[: found.start(2) or None]
    return found if marked else None
