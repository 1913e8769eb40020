"""A style sheet that names a widget which is not there styles nothing, and nobody is told."""

from __future__ import annotations

import re
from pathlib import Path

import textual.containers
import textual.screen
import textual.widgets

TUI = Path(__file__).parents[3] / "tui"
_NAMED = re.compile(r"(?<![\w#.$:&-])([A-Z][A-Za-z]+)(?=[\s.:,>{#])")


def test_every_type_in_a_style_sheet_is_a_widget_that_there_is() -> None:
    sources = [path.read_text() for path in TUI.rglob("*.py")]
    ours = {name for text in sources for name in re.findall(r"^class (\w+)\(", text, re.MULTILINE)}
    theirs = {
        *vars(textual.widgets)["__all__"],
        *dir(textual.containers),
        *dir(textual.screen),
        "SelectCurrent",
        "Toast",
    }
    sheets = {path.name: path.read_text() for path in TUI.rglob("*.tcss")}
    for text in sources:
        for number, found in enumerate(re.findall(r'CSS = """(.*?)"""', text, re.DOTALL)):
            sheets[f"{found.strip()[:20]} {number}"] = found
    unknown = {}
    for name, text in sheets.items():
        without = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        selectors = " ".join(re.findall(r"(?:^|[{};])([^{};:]*(?::[\w-]+[^{};:]*)*)\{", without))
        if gone := set(_NAMED.findall(f"{selectors} ")) - ours - theirs:
            unknown[name] = sorted(gone)
    assert unknown == {}
