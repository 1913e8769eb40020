"""Fenced code in Markdown, found in one pass whatever the text: answers are not to be trusted.

Follows https://spec.commonmark.org/0.31.2/#fenced-code-blocks, with two differences: a fence may
be indented as far as a list indents it, and one that is never closed is no block (an answer that
was cut off holds half a program).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# It begins with a plain character, which is searched for much faster than a line's beginning.
_INDENT = 12
_MARK = re.compile(rf"\n( {{0,{_INDENT}}})(`{{3,}}|~{{3,}})([^\n]*)")
_TICKS = re.compile(r"```(`*)([^\n]*)")
_BLOCK = re.compile(
    r"```(?:(?<=\n```)([^`\n]*+)\n([^`]*+(?:`(?!``[^\S\n]*+(?:\n|\Z))[^`]*+)*+)"
    r"(?:(?<=\n)(```)[^\S\n]*+(?=\n|\Z)|\Z))?"
)
"""A block that begins and ends without indentation by three ticks, or is never closed; else the
ticks alone. Nearly every answer has only the former: one search finds them all."""
_ODD = ("", "", "")
_LANGUAGE = re.compile(r"\s*\{?\.?([\w+#.-]*)")


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Language (lower case, "" = none) and code of each closed block, in order."""
    if "~" in text and "~~~" in text:
        return _of_both("\n" + text)
    if "```" not in text:
        return iter(())
    found = _BLOCK.findall("\n" + text)
    if _ODD in found:
        return _of_ticks("\n" + text)
    return ((_language(named), code) for named, code, closed in found if closed)


def _of_both(text: str) -> Iterator[tuple[str, str]]:
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if opened is None:
            if mark[2][0] == "~" or "`" not in mark[3]:
                opened = mark
        elif mark[2].startswith(opened[2]) and not mark[3].strip():
            code = text[opened.end() + 1 : mark.start() + 1]
            yield _language(opened[3]), _dedented(code, len(opened[1]))
            opened = None


def _of_ticks(text: str) -> Iterator[tuple[str, str]]:
    """The same where there are no tildes: searched for by their ticks, in a third of the time."""
    opened = indent = begins = 0
    named = ""
    for mark in _TICKS.finditer(text):
        at = line = mark.start()
        if text[at - 1] != "\n":
            line = text.rfind("\n", max(0, at - _INDENT - 1), at) + 1
            if not line or text[line:at].strip(" "):
                continue
        more, rest = mark.groups()
        if not opened:
            if "`" not in rest:
                opened, indent, begins, named = 3 + len(more), at - line, mark.end() + 1, rest
        elif 3 + len(more) >= opened and not rest.strip():
            yield _language(named), _dedented(text[begins:line], indent)
            opened = 0


def _language(named: str) -> str:
    if named.isalnum():
        return named.lower()
    found = _LANGUAGE.match(named)
    return found[1].lower() if found else ""


def _dedented(code: str, indent: int) -> str:
    """The code without as much of its indentation as its fence has."""
    if not indent:
        return code
    return re.sub(rf"^ {{1,{indent}}}", "", code, flags=re.MULTILINE)
