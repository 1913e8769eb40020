"""Pictures in a transcript: as many rows as they take, drawn when they have come."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import unquote

from rich.style import Style
from textual.strip import Strip

from sessions.record.event_parts import FileMade, KeptFile
from sessions.record.summary_parts import Attachment
from sessions.safety.sanitise import clean_line
from tui.pictures.decode import SUFFIXES
from tui.pictures.drawn_picture import Shown
from tui.pictures.picture_cache import Found, Missing
from tui.view.line import Line, Span, cells, wrap
from tui.view.pieces import Piece, TextPiece
from tui.view.split import Part
from tui.words.text import one_line

Get = Callable[[Path, int, int, str], Found | None]
_SHOWN = re.compile(r"\[image: files/([0-9A-Za-z_-]{1,80}\.(?:png|jpg|gif|webp|svg))\]")
_NAMED = re.compile(r"!?\[([^\[\]\n]{0,200})\]\((<[^<>\n]+>|[^()<>\s]+)(?:\s+\"[^\"\n]*\")?\)")
"""A paragraph that is a picture in Markdown, or a link to one."""
_MOST_MADE = 4
"""Pictures of one command that are drawn; Harvest has them all."""
MOST_WIDTH, MOST_HEIGHT = 48, 12
"""Cells of one picture in a transcript."""


class PictureLine(Line):
    """One row of a picture."""

    __slots__ = ("picture", "row")

    def __init__(self, picture: Shown, row: int, before: tuple[Span, ...]) -> None:
        super().__init__(before, len("".join(text for text, _ in before)))
        self.picture = picture
        self.row = row

    def drawn(self, width: int, empty: Style) -> Strip:
        """Its cells, exactly so many."""
        return self.picture.strip(self.row, width, empty)


class PicturePiece(Piece):
    """A picture's file. `get`: where pictures come from; without it, it is named."""

    __slots__ = ("_before", "_get", "_state", "_words", "path")

    def __init__(
        self, path: Path, name: str, get: Get | None, before: tuple[Span, ...] = (),
        state: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        self.path = path
        self._get = get
        self._before = before
        self._words = name
        self._state = state

    @property
    def source(self) -> str:
        return self._words

    def render(self, width: int) -> list[Line]:
        room = min(MOST_WIDTH, width - sum(cells(text) for text, _ in self._before))
        found = None
        if self._get and room >= 4:
            found = self._get(self.path, room, MOST_HEIGHT, self._state)
        words = self._words
        if isinstance(found, Shown):
            lines: list[Line] = [
                PictureLine(found, row, self._before) for row in range(found.height)
            ]
            return [*lines, *wrap([(f"{words} {_size(found)}", "muted")], width, self._before)]
        if isinstance(found, Missing):
            words += f" is not drawn: {one_line(found.why)}"
        return wrap([(words, "muted")], width, self._before)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where a session's pictures lie (`files/`), and where drawn ones come from."""

    files: Path | None = None
    get: Get | None = None
    folder: Path | None = None
    """Where the session works."""

    def made(self, told: list[FileMade] | None, before: tuple[Span, ...]) -> list[Piece]:
        """The pictures among the files that a command made, as they are now."""
        found: list[Piece] = []
        for each in told if isinstance(told, list) and self.folder is not None else ():
            path = PurePath(str(each.get("path") or "") if isinstance(each, dict) else "")
            inside = not path.is_absolute() and ".." not in path.parts
            if inside and path.suffix.lower() in SUFFIXES and len(found) < _MOST_MADE:
                said = f"[made: {clean_line(str(path))}]"
                state = str(each.get("sha256") or each.get("size") or "")
                where = Path(str(self.folder)) / path
                found.append(PicturePiece(where, said, self.get, before, state))
        return found

    def piece(self, told: Attachment | KeptFile, what: str, before: tuple[Span, ...] = ()) -> Piece:
        """What stands for a file of a message or a result: a picture, or its name."""
        path, name, media = str(told), "", ""  # an older record may have its path alone
        if isinstance(told, dict):
            path, name = str(told.get("path") or ""), str(told.get("name") or "")
            media = str(told.get("media_type") or "")
        base = Path(path).name
        said = f"[{what}: {clean_line(name or path)}]"
        drawn = media.startswith("image/") or base.endswith(".svg")
        if not (drawn and base and self.files is not None):
            return TextPiece(said, "muted", before)
        # Only what lies there: a record may name anything.
        return PicturePiece(self.files / base, said, self.get, before)

    def shown(self, part: Part) -> Piece | None:
        """What stands for a paragraph that shows a picture and says nothing else."""
        if part.kind != "md" or self.get is None or part.text.lstrip()[:1] not in ("[", "!"):
            return None
        text = part.text.strip()
        piece: PicturePiece | None = None
        if told := _SHOWN.fullmatch(text):  # by the record, of what an agent showed
            if self.files is not None:
                piece = PicturePiece(self.files / told[1], f"[image: {told[1]}]", self.get)
        elif part.final and (named := _NAMED.fullmatch(text)):
            piece = self._named(*named.groups())
        if piece is not None:
            piece.gap = part.gap
        return piece

    def _named(self, alt: str, address: str) -> PicturePiece | None:
        """A picture of the session's folder that an answer names; what lies elsewhere is text.

        What is on the web is not fetched: who wrote the answer would learn that it was looked at.
        """
        address = unquote(address.strip("<>").removeprefix("file://"))
        if self.folder is None or PurePath(address).suffix.lower() not in SUFFIXES:
            return None
        try:
            folder = Path(str(self.folder)).resolve()
            path = (folder / address).resolve(strict=True)
            if not (path.is_relative_to(folder) and path.is_file()):
                return None
            state = str(path.stat().st_mtime_ns)
        except (OSError, ValueError, RuntimeError):  # links in a circle
            return None
        name = clean_line(alt.strip() or str(path.relative_to(folder)))
        return PicturePiece(path, f"[image: {name}]", self.get, state=state)


NO_PICTURES = Pictures()


def _size(found: Shown) -> str:
    return "{} × {}".format(*found.size)
