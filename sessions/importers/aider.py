"""Aider: `.aider.chat.history.md` in each project, as version 0.86.2 writes it.

A line `# aider chat started at DATE` (in the machine's own time) begins a chat; lines after `####`
are the user's, those after `>` are aider's own (files that were added, commits, tokens), and all
others are the model's. Its own and the user's lines end with two spaces: by that they are told from
headings and quotations of the model's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sessions.importers.base import Builder
from sessions.record import events as ev

_BEGIN = re.compile(r"^# aider chat started at (.+?)\s*$", re.MULTILINE)
_MODEL = re.compile(r"^> (?:Main model|Model): (\S+)", re.MULTILINE)
_BREAK = "  "
_COUNTED = re.compile(r"^> Tokens: ([\d.,]+)(k?) sent, (?:.*?, )?([\d.,]+)(k?) received")
_NAME = ".aider.chat.history.md"


class Aider:
    """Reads aider's history of one project."""

    harness = "aider"

    def claims(self, path: Path, head: bytes) -> bool:
        """By how a chat begins."""
        named = path.suffix in (".md", ".txt")
        return named and b"# aider chat started at" in head

    def sessions(self, path: Path) -> list[str]:
        """The chats in it, by their dates; of two at one second the second has a number."""
        return list(_chats(path))

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """One chat's events."""
        builder = Builder(self.harness, path, session)
        text = _chats(path).get(session, "")
        builder.at(session.split("#")[0].strip())
        builder.cwd = str(path.parent) if path.name == _NAME else ""
        if found := _MODEL.search(text):
            builder.model = found[1]
        said: list[str] = []
        answer: list[str] = []
        lines = text.splitlines()
        # A file that went through an editor may have lost what lines end with.
        whole = any(line.startswith("####") and line.endswith(_BREAK) for line in lines)
        for line in lines:
            marked = not whole or line.endswith(_BREAK)
            if marked and line.startswith("####"):
                _tell(builder, answer)
                said.append(line.removeprefix("####").removeprefix(" ").rstrip())
                continue
            if said and not line.strip():
                continue  # one message may hold empty lines
            _ask(builder, said)
            if marked and (counted := _COUNTED.match(line)):
                _tell(builder, answer)
                builder.usage(
                    input=_number(*counted.group(1, 2)), output=_number(*counted.group(3, 4))
                )
            elif not (marked and line.startswith(">")):
                answer.append(line)
        _ask(builder, said)
        _tell(builder, answer)
        builder.finish()
        yield from builder.take()


def _chats(path: Path) -> dict[str, str]:
    text = path.read_text("utf-8", "replace")
    found = list(_BEGIN.finditer(text))
    chats: dict[str, str] = {}
    for number, begun in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        name, again = begun[1], 1
        while name in chats:
            again += 1
            name = f"{begun[1]} #{again}"
        chats[name] = text[begun.end() : end]
    return chats


def _ask(builder: Builder, said: list[str]) -> None:
    if said:
        builder.user("\n".join(said).strip())
        said.clear()


def _tell(builder: Builder, answer: list[str]) -> None:
    text = "\n".join(answer).strip()
    answer.clear()
    if text and builder.turn:  # before the first question aider only greets
        builder.text(text)


def _number(digits: str, thousands: str) -> int:
    return round(float(digits.replace(",", "")) * (1000 if thousands else 1))
