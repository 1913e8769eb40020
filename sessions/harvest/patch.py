"""Texts out of patches, where the journal holds no more: unified diffs, and Codex's own form.

Codex's is told at https://github.com/openai/codex/blob/main/codex-rs/apply-patch (`*** Begin
Patch`, then `*** Add File:`, `*** Update File:`, `*** Delete File:` with lines that begin with
`+`, `-` or a space).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

BEGIN = "*** Begin Patch"
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


def patched(before: str, diff: str) -> str | None:
    """`before` after a unified diff, or None where that does not fit it."""
    old, new, at = before.split("\n"), list[str](), 0
    begun, ends, sign = False, False, ""
    for line in diff.split("\n"):
        if found := _HUNK.match(line):
            first = int(found[1]) - (found[2] != "0")
            if first < at:
                return None
            new += old[at:first]
            at, begun = first, True
        elif not begun or not line:
            continue
        elif line[0] == "\\":  # the line above is the file's last, and has no end
            ends |= sign in "+ "
        elif line[0] in "+ -":
            if line[0] != "+" and (at >= len(old) or old[at] != line[1:]):
                return None
            at += line[0] != "+"
            new += [line[1:]] if line[0] != "-" else []
            sign = line[0]
        else:
            return None
    rest = old[at:] or [""]
    return "\n".join(new + ([] if ends and rest == [""] else rest)) if begun else None


def changes(patch: str) -> Iterator[tuple[str, str, list[str]]]:
    """`add`, `update` or `delete`, the path, and the lines that belong to it."""
    kind, path, lines = "", "", list[str]()
    for line in patch.split("\n"):
        if found := re.match(r"\*\*\* (Add|Update|Delete) File: (.+)", line):
            if kind:
                yield kind, path, lines
            kind, path, lines = found[1].lower(), found[2].strip(), []
        elif line.startswith("*** End Patch"):
            break
        elif kind:
            lines.append(line)
    if kind:
        yield kind, path, lines


def added(lines: list[str]) -> str:
    """The text of a file that a patch adds."""
    return "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))


def updated(before: str, lines: list[str]) -> str | None:
    """`before` after a patch's update, or None where a place is not there, or there twice."""
    text = f"\n{before}"
    for old, new in _places(lines):
        if text.count(old) != 1:
            return None
        text = text.replace(old, new)
    return text[1:]


def _places(lines: list[str]) -> Iterator[tuple[str, str]]:
    old, new, any_change = "\n", "\n", False
    for line in [*lines, "@@"]:
        if line.startswith("@@"):
            if any_change:
                yield old, new
            old, new, any_change = "\n", "\n", False
        elif line[:1] in ("+", "-", " ", ""):
            any_change |= line[:1] in ("+", "-")
            old += f"{line[1:]}\n" if line[:1] != "+" else ""
            new += f"{line[1:]}\n" if line[:1] != "-" else ""
