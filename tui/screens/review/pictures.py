"""Pictures of a change, before beside after."""

from __future__ import annotations

import base64
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from rich.segment import Segment
from textual.strip import Strip

from sessions.api.worktrees import FileShown, PictureSides
from tui.pictures.decode import SUFFIXES
from tui.pictures.drawn_picture import Shown, make
from tui.pictures.not_drawn import NotDrawn
from tui.pictures.strips import joined
from tui.pictures.terminal_support import BLOCKS, PictureSupport
from tui.terminal import glyphs
from tui.view.palette import Palette

_WIDTH, _HEIGHT = 44, 14
"""Cells of one side."""
_MOST = 20
_GAP = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture as it was and as it is; None where it is not there. `why`: it can't be drawn."""

    old: Shown | None
    new: Shown | None
    why: str = ""

    @property
    def lines(self) -> int:
        """How many rows it takes: a heading and the picture."""
        return 1 + max((p.height for p in (self.old, self.new) if p), default=0)

    def strip(self, line: int, width: int, palette: Palette) -> Strip:
        """One of its rows."""
        side = side_of(width)
        empty = palette[""]
        if line == 0:
            words = self.why or f"  {_head('before', self.old):{side + _GAP}}" + _head(
                "after", self.new
            )
            return Strip([Segment(words, palette["muted"])]).adjust_cell_length(width, empty)
        parts = [Strip([Segment("  ", empty)])]
        for picture in (self.old, self.new):
            blank = Strip([Segment(" " * side, empty)], side)
            parts.append(picture.strip(line - 1, side, empty) if picture else blank)
            parts.append(Strip([Segment(" " * _GAP, empty)]))
        return joined(parts).adjust_cell_length(width, empty)


def side_of(width: int) -> int:
    """Cells of one side, in rows of so many."""
    return min(_WIDTH, max(1, (width - _GAP - 2) // 2))


def _head(when: str, picture: Shown | None) -> str:
    return f"{when}: {'{} × {}'.format(*picture.size)}" if picture else f"{when}: not there"


def to_draw(files: list[FileShown], known: Container[str]) -> list[str]:
    """The files that are pictures, and have not been drawn yet."""
    found = [
        str(f["path"]) for f in files
        if _drawable(f) and f["path"] not in known
    ]  # fmt: skip
    return [] if glyphs.is_ascii() else found[:_MOST]


def _drawable(file: FileShown) -> bool:
    """Pictures, and words by which one is drawn, whose text is shown besides."""
    suffix = PurePath(str(file["path"])).suffix.lower()
    return suffix == ".svg" or (file["binary"] and suffix in SUFFIXES)


def pairs(
    told: Mapping[str, PictureSides], powers: PictureSupport = BLOCKS, side: int = _WIDTH
) -> dict[str, Pair]:
    """What the engine told of them, made small for sides of so many cells. For a thread."""
    return {path: _pair(sides, powers, side) for path, sides in told.items()}


def _pair(sides: PictureSides, powers: PictureSupport, side: int) -> Pair:
    if sides["why"]:
        return Pair(None, None, f"  It is not drawn: {sides['why']}.")
    try:
        return Pair(_read(sides["old"], powers, side), _read(sides["new"], powers, side))
    except NotDrawn as error:
        return Pair(None, None, f"  It is not drawn: {error}.")


def _read(data: str, powers: PictureSupport, side: int) -> Shown | None:
    return make(base64.b64decode(data), side, _HEIGHT, powers) if data else None
