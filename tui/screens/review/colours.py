"""The syntax colours of a hunk's lines, made when they are first seen.

Both sides are read for themselves, so that what was removed does not change what follows it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from sessions.api.worktrees import FileShown
from tui.view.code import highlight
from tui.view.line import Span

_MOST = 4000
"""Lines of one hunk that get colours; a longer one is a file that nobody reads by its colours."""


@lru_cache(maxsize=256)
def language(suffix: str) -> str:
    """Pygments' name of the language of files that are called so, or ""."""
    from pygments.lexers import find_lexer_class_for_filename  # type: ignore[import-untyped]

    found = find_lexer_class_for_filename(suffix)
    return str(found.aliases[0]) if found is not None and found.aliases else ""


def spans_of(path: str, lines: list[str], *, plain: bool = False) -> list[list[Span]]:
    """Each of a hunk's lines (with its mark) as pieces of text and the names of their colours."""
    name = PurePath(path).name
    lang = language(PurePath(f"x{PurePath(name).suffix}").name if "." in name[1:] else name)
    found: list[list[Span]] = [[(line[1:].expandtabs(4), "")] for line in lines]
    if not lang or plain:
        return found
    for side in (" -", " +"):
        places = [at for at, line in enumerate(lines) if (line[:1] or " ") in side]
        code = "\n".join(lines[at][1:].expandtabs(4) for at in places)
        coloured, _ = highlight(code, lang)
        for at, spans in zip(places, coloured, strict=False):
            found[at] = spans
    return found


_FIRST = 96
"""Lines of a hunk that are coloured when it comes into view; twice as many when they are passed."""


class Colours:
    """What has been coloured of one change: of each hunk its beginning, as far as it was seen."""

    def __init__(self, files: list[FileShown]) -> None:
        self._files = files
        self._kept: dict[tuple[int, int], list[list[Span]]] = {}

    def line(self, file: int, hunk: int, at: int) -> list[Span]:
        """The pieces of one line."""
        key = (file, hunk)
        known = self._kept.get(key, [])
        if at >= len(known):
            told = self._files[file]
            lines = told["hunks"][hunk]["lines"]
            upto = max(_FIRST, 2 * len(known), at + _FIRST // 2)
            plain = len(lines) > _MOST
            known = spans_of(told["path"], lines if plain else lines[:upto], plain=plain)
            self._kept[key] = known
        return known[at]
