"""A change as rows: by file and hunk, old and new under each other or side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from sessions.api.worktrees import FileShown, HunkShown

_STATUS = {
    "added": "new", "deleted": "deleted", "renamed": "renamed", "copied": "copied",
    "type": "of another type", "mode": "other mode",
}  # fmt: skip


class Cell(NamedTuple):  # a large change has thousands: these are made three times as quickly
    """One line of a file. `mark`: a space, `+`, `-` or a backslash; `at`: its place in the hunk.

    `old`, `new`: its number before and after, 0 where it is not there.
    """

    mark: str
    text: str
    old: int
    new: int
    at: int


RowKind = Literal["file", "hunk", "line", "note", "comment", "picture"]


class DiffRow(NamedTuple):
    """One row on screen; of a picture, `text` says which line.

    `cells`: one, or the old and the new side (None: nothing stands there).
    """

    kind: RowKind
    file: int
    hunk: int = -1
    cells: tuple[Cell | None, ...] = ()
    text: str = ""

    @property
    def cell(self) -> Cell | None:
        """The line that a comment is about: the new side's, where there is one."""
        return next((c for c in reversed(self.cells) if c is not None), None)


def rows_of(
    files: list[FileShown], *, split: bool, said: dict[tuple[str, int, int], str],
    drawn: Mapping[str, int] = MappingProxyType({}),
) -> list[DiffRow]:  # fmt: skip
    """All rows. `said`: comments by path, old and new number; `drawn`: lines of pictures."""
    found: list[DiffRow] = []
    for number, file in enumerate(files):
        found.append(DiffRow("file", number, text=heading(file)))
        if not file["hunks"]:
            found.append(DiffRow("note", number, text=_without(file)))
        lines_of_it = range(drawn.get(file["path"], 0))
        found += [DiffRow("picture", number, text=str(n)) for n in lines_of_it]
        for at, hunk in enumerate(file["hunks"]):
            found.append(DiffRow("hunk", number, at, text=_place(hunk)))
            cells = list(_cells(hunk))
            lines = _paired(cells) if split else [(cell,) for cell in cells]
            rows = [DiffRow("line", number, at, line) for line in lines]
            found += _with_comments(rows, file["path"], said) if said else rows
    return found


def _with_comments(
    rows: list[DiffRow], path: str, said: dict[tuple[str, int, int], str]
) -> Iterator[DiffRow]:
    for row in rows:
        yield row
        cell = row.cell
        words = said.get((path, cell.old, cell.new)) if cell else None
        if words is not None:
            yield row._replace(kind="comment", text=words)


def heading(file: FileShown) -> str:
    """A file's name and what became of it."""
    name = f"{file['old_path']} → {file['path']}" if file["old_path"] else str(file["path"])
    told = [_STATUS[file["status"]]] if file["status"] in _STATUS else []
    if file["old_mode"] != file["new_mode"] and file["old_mode"] and file["new_mode"]:
        told.append(f"mode {file['old_mode']} → {file['new_mode']}")
    told += ["not tracked"] if file["untracked"] else []
    told += ["not committed"] if file["uncommitted"] and not file["untracked"] else []
    told += [{"all": "staged", "part": "partly staged"}[file["staged"]]] if file["staged"] else []
    figures = f"+{file['added']} -{file['removed']}" if file["hunks"] else ""
    return "  ".join(part for part in (name, figures, ", ".join(told)) if part)


def _without(file: FileShown) -> str:
    if file["binary"]:
        return "No text: it can be taken back as a whole."
    return "No line has changed."


def _place(hunk: HunkShown) -> str:
    old = f"{hunk['old_start']},{hunk['old_count']}"
    new = f"{hunk['new_start']},{hunk['new_count']}"
    told = {"all": "staged  ", "part": "partly staged  "}.get(hunk["staged"], "")
    return f"@@ -{old} +{new} @@ {told}{hunk['heading']}".rstrip()


def _cells(hunk: HunkShown) -> Iterator[Cell]:
    old, new = hunk["old_start"], hunk["new_start"]
    for at, line in enumerate(hunk["lines"]):
        mark, text = line[:1] or " ", line[1:].expandtabs(4)
        if mark == "\\":
            yield Cell(mark, text.strip(), 0, 0, at)
            continue
        yield Cell(mark, text, 0 if mark == "+" else old, 0 if mark == "-" else new, at)
        old += mark != "+"
        new += mark != "-"


def _paired(cells: list[Cell]) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Old and new side by side: what was removed beside what was added in its place."""
    gone: list[Cell] = []
    come: list[Cell] = []

    def flush() -> Iterator[tuple[Cell | None, Cell | None]]:
        for at in range(max(len(gone), len(come))):
            yield (
                gone[at] if at < len(gone) else None,
                come[at] if at < len(come) else None,
            )
        gone.clear()
        come.clear()

    for cell in cells:
        if cell.mark == "-":
            if come:
                yield from flush()
            gone.append(cell)
        elif cell.mark == "+":
            come.append(cell)
        elif cell.mark == " ":
            yield from flush()
            yield cell, cell
    yield from flush()
