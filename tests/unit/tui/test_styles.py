"""A style names a widget that there is: one that was renamed would lose its looks in silence."""

from __future__ import annotations

import re
from pathlib import Path

import textual

TUI = Path(__file__).parents[3] / "tui"
CLASS = re.compile(r"^class (\w+)[(\[]", re.MULTILINE)
SELECTORS = re.compile(r"([^{}]+)\{")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TYPE = re.compile(r"(?<![\w.#:$-])[A-Z]\w*")


def classes(folder: Path) -> set[str]:
    """The names of all classes below a folder that are of another: widgets are."""
    return {n for file in folder.rglob("*.py") for n in CLASS.findall(file.read_text("utf-8"))}


def test_every_type_in_a_style_sheet_is_a_class() -> None:
    there = classes(TUI) | classes(Path(textual.__file__).parent)
    missing = {
        f"{sheet.relative_to(TUI)}: {name}"
        for sheet in TUI.rglob("*.tcss")
        for selector in SELECTORS.findall(COMMENT.sub("", sheet.read_text("utf-8")))
        for name in TYPE.findall(selector)
        if name not in there
    }
    assert not missing
