"""Text in files: decoded so that every byte survives, edited by exact replacement, compared."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from sessions.record.textlines import lines, whole_lines
from sessions.tools.fault import ToolFault

_DIFF_LINES = 4000
"""Per side; beyond it a diff is given as one block, since comparing grows quadratically."""
_DIFF_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class Edit:
    """One exact replacement."""

    old: str
    new: str
    every: bool = False


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file's text with what is needed to write it back as it was."""

    text: str
    """Line ends are `\\n` if they were uniformly CRLF, else as they are."""
    crlf: bool = False
    bom: bytes = b""
    encoding: str = "utf-8"

    @classmethod
    def decode(cls, data: bytes) -> TextFile:
        """Bytes as text; what is no UTF-8 survives as escapes (surrogateescape)."""
        for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
            if data.startswith(bom):
                return cls._made(data[2:].decode(encoding, "surrogatepass"), bom, encoding)
        bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
        return cls._made(data[len(bom) :].decode("utf-8", "surrogateescape"), bom, "utf-8")

    @classmethod
    def _made(cls, text: str, bom: bytes, encoding: str) -> TextFile:
        crlf = "\r\n" in text and text.count("\n") == text.count("\r\n")
        return cls(text.replace("\r\n", "\n") if crlf else text, crlf, bom, encoding)

    def encode(self, text: str) -> bytes:
        """Another text in the same clothes."""
        if self.crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        errors = "surrogateescape" if self.encoding == "utf-8" else "surrogatepass"
        try:
            return self.bom + text.encode(self.encoding, errors)
        except UnicodeEncodeError as error:
            raise ToolFault(f"The text can't be written as {self.encoding}: {error}.") from error


def apply(text: str, edits: Sequence[Edit]) -> str:
    """All edits in order, each on what the one before left; none if one fails.

    Raises:
        ToolFault: a text is not there, or not only once, or nothing would change.
    """
    for number, edit in enumerate(edits, 1):
        which = f"Edit {number} of {len(edits)}: " if len(edits) > 1 else ""
        if edit.old == edit.new:
            raise ToolFault(f"{which}old_string and new_string are the same; nothing would change.")
        if not edit.old:
            raise ToolFault(f"{which}old_string is empty; give the text that is to be replaced.")
        count = text.count(edit.old)
        if count == 0:
            raise ToolFault(
                f"{which}old_string was not found in the file.{_nearest(text, edit.old)}"
            )
        if count > 1 and not edit.every:
            lines = ", ".join(str(n) for n in _lines_of(text, edit.old)[:10])
            raise ToolFault(
                f"{which}old_string was found {count} times (lines {lines}). Give more of its "
                "surroundings so that it is unique, or set replace_all."
            )
        text = text.replace(edit.old, edit.new)
    return text


def _lines_of(text: str, part: str) -> list[int]:
    found: list[int] = []
    at = text.find(part)
    while at >= 0 and len(found) < 20:
        found.append(text.count("\n", 0, at) + 1)
        at = text.find(part, at + len(part))
    return found


def _nearest(text: str, part: str) -> str:
    """Where something like it stands: the same but for white space, or the closest first line."""
    squeezed = " ".join(part.split())
    if squeezed and squeezed in " ".join(text.split()):
        return " It is there but for white space or line breaks; read the file and copy it exactly."
    first = next((line.strip() for line in lines(part) if line.strip()), "")
    numbered = lines(text)[:20_000]
    close = difflib.get_close_matches(
        first, [line.strip() for line in numbered if line.strip()], 1, 0.7
    )
    if not close:
        return " Read the file again; it may have changed."
    number = next(n for n, line in enumerate(numbered, 1) if line.strip() == close[0])
    return f" Line {number} is the closest: {close[0][:200]!r}."


def diff(before: str, after: str, name: str) -> str:
    """A unified diff; of very long differing parts only their beginnings."""
    old, new = whole_lines(before), whole_lines(after)
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if max(len(old), len(new)) - start - end > _DIFF_LINES:
        return (
            f"--- {name}\n+++ {name}\n@@ line {start + 1}: {len(old) - start - end} lines become "
            f"{len(new) - start - end} @@\n"
            + "".join("-" + line for line in old[start : start + 200])
            + "".join("+" + line for line in new[start : start + 2000])
            + "\n(the change is longer than what is shown)\n"
        )
    lo, hi_old, hi_new = max(0, start - 3), len(old) - max(0, end - 3), len(new) - max(0, end - 3)
    made = difflib.unified_diff(old[lo:hi_old], new[lo:hi_new], name, name, n=3)
    text = "".join(_shifted(line, lo) if line.startswith("@@") else _ended(line) for line in made)
    if len(text) > _DIFF_CHARS:
        return text[:_DIFF_CHARS] + "\n(the change is longer than what is shown)\n"
    return text


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def _shifted(header: str, by: int) -> str:
    """A hunk's header with the line numbers of the whole file."""
    old, new = header.split()[1:3]

    def moved(part: str) -> str:
        number, _, count = part[1:].partition(",")
        return f"{part[0]}{int(number) + by}" + (f",{count}" if count else "")

    return f"@@ {moved(old)} {moved(new)} @@\n"


def counts(text: str) -> str:
    """`+3 −1` of a unified diff."""
    plus = minus = 0
    inside = False  # what comes before the first hunk is the file's names
    for line in text.split("\n"):
        inside = inside or line.startswith("@@")
        plus += inside and line.startswith("+")
        minus += inside and line.startswith("-")
    return f"+{plus} −{minus}"
