"""A SKILL.md as the wild writes it: read leniently, never run.

The Agent Skills specification: YAML frontmatter between two `---` lines, then Markdown. What is
found out there besides that (a byte-order mark, CRLF, blank lines before the first `---`, values
with an unquoted colon, flow style, unknown keys) loads too; `skills.validate` says what of it is
not to be written.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from skills import frontmatter
from skills.errors import Unreadable
from skills.frontmatter import Mapping, Value

MAX_BYTES = 1024 * 1024
"""A longer SKILL.md is not loaded."""
FILE = "SKILL.md"

_CLOSED = re.compile(r"\n(?:-{3,}|\.\.\.)[ \t]*(?:\n|\Z)")
_OPEN = re.compile(r"\s*-{3,}[ \t]*\n")
_KEY = re.compile(r"([A-Za-z_][\w.-]*)[ \t]*:(?=\s|\Z)(.*)\Z", re.DOTALL)
_HEADING = re.compile(r"\s*(?:#|<!--|```|\||[-*_]{3,}\s*$)")


@dataclass(frozen=True, slots=True)
class Document:
    """What a SKILL.md says. `body_line`: the line of the file where the body begins, from 1."""

    values: dict[str, Value]
    body: str
    body_line: int
    front: str
    mapping: Mapping | None = None
    """How the frontmatter was written; None when it had to be repaired."""
    fence: str = "---"
    """The line that closes the frontmatter."""
    repaired: tuple[str, ...] = field(default=())
    """The keys whose value was taken as plain text because it is no YAML."""


def read_bytes(path: Path | str, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file (a link to one is followed), at most `limit`.

    Raises:
        Unreadable: it is missing, no regular file, longer than `limit`, or refused.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"{path} can't be read: {reason}.", rule="unreadable") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path} is no regular file.", rule="unreadable")
        if status.st_size > limit:
            raise _too_long(path, status.st_size, limit)
        data = os.read(descriptor, status.st_size + 1)
        if len(data) == status.st_size:
            return data
        # A file that grows, or one of /proc, which says that it is empty.
        while more := os.read(descriptor, 65_536):
            data += more
            if len(data) > limit:
                raise _too_long(path, len(data), limit)
        return data
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}.", rule="unreadable") from error
    finally:
        os.close(descriptor)


def _too_long(path: Path | str, size: int, limit: int) -> Unreadable:
    return Unreadable(
        f"{path} has {size:,} bytes; {limit:,} is the limit.",
        "Move detail to files under references/.",
        rule="too-long",
    )


def decode(data: bytes) -> str:
    """`data` as text with `\\n` line ends; bytes that are no UTF-8 become U+FFFD."""
    text = data.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff")


def parse(text: str) -> Document:
    """Read a SKILL.md's text.

    Raises:
        Unreadable: there is no frontmatter (`no-frontmatter`), it is never closed (`not-closed`),
            or nothing in it is a `key: value` line (`yaml`, `mapping`).
    """
    front, body, body_line, fence = split(text)
    try:
        mapping = frontmatter.load(front)
    except Unreadable as error:
        if error.rule == "mapping" and not front.strip():
            raise
        values, repaired = repair(front)
        if not values:
            raise
        return Document(values, body, body_line, front, None, fence, tuple(repaired))
    return Document(mapping.values, body, body_line, front, mapping, fence)


def load(path: Path | str) -> Document:
    """Read the SKILL.md at `path`.

    Raises:
        Unreadable: as `read_bytes` and `parse`.
    """
    return parse(decode(read_bytes(path)))


def split(text: str) -> tuple[str, str, int, str]:
    """The frontmatter (with the lines before it, so that lines count), body, its line, fence.

    Raises:
        Unreadable: there is no frontmatter, or it is not closed.
    """
    opened = _OPEN.match(text)
    if opened is None:
        raise Unreadable(
            "SKILL.md does not begin with frontmatter.",
            "Its first line must be `---`, followed by `name:` and `description:`, and `---`.",
            rule="no-frontmatter",
        )
    # The line end of the opening `---` may be that of an empty frontmatter as well.
    closed = _CLOSED.search(text, opened.end() - 1)
    if closed is None:
        raise Unreadable(
            "The frontmatter is never closed.",
            "Put a line `---` after its last key.",
            rule="not-closed",
        )
    before = text.count("\n", 0, opened.end())
    front = "\n" * before + text[opened.end() : closed.start()]
    body_line = text.count("\n", 0, closed.end()) + 1
    return front, text[closed.end() :], body_line, closed.group().strip()


def repair(front: str) -> tuple[dict[str, Value], list[str]]:
    """Read key by key; a value that is no YAML is taken as the text that stands there.

    The usual fault is `description: Use when: …`, which every author means as one string.
    """
    values: dict[str, Value] = {}
    repaired: list[str] = []
    for entry in _entries(front):
        match = _KEY.match(entry)
        if match is None:
            continue
        key, rest = match.groups()
        try:
            values.update(frontmatter.load(entry).values)
        except Unreadable:
            values[key] = _as_text(rest)
            repaired.append(key)
    return values, repaired


def _entries(front: str) -> list[str]:
    """The lines of each top key together; a line that belongs to none goes to the one before."""
    entries: list[list[str]] = []
    for line in front.split("\n"):
        if _KEY.match(line) or not entries:
            if line.strip():
                entries.append([line])
        else:
            entries[-1].append(line)
    return ["\n".join(lines) for lines in entries]


def _as_text(value: str) -> str:
    text = " ".join(value.split())
    for quote in ('"', "'"):
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1]
    return text.removeprefix("> ").removeprefix("| ").removeprefix(">- ").removeprefix("|- ")


def text_of(value: Value | None) -> str:
    """A value that ought to be text, as text: a list is joined, a mapping is none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return ", ".join(filter(None, (text_of(item) for item in value)))
    return ""


def first_paragraph(body: str) -> str:
    """The body's first paragraph of prose: what stands in for a description that is missing."""
    lines: list[str] = []
    for line in body.split("\n", 200)[:200]:
        if not line.strip():
            if lines:
                break
        elif _HEADING.match(line) and not lines:
            continue
        else:
            lines.append(line.strip())
    return " ".join(lines)
