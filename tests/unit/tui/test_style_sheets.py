"""A style sheet that names a widget which is not there styles nothing, and nobody is told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import textual.containers
import textual.screen
import textual.widgets
from textual.widget import Widget

TUI = Path(__file__).parents[3] / "tui"
_MODULES = vars(textual.containers), vars(textual.screen)
THEIRS = {
    *vars(textual.widgets)["__all__"],
    *(n for m in _MODULES for n, v in m.items() if isinstance(v, type) and issubclass(v, Widget)),
    "SelectCurrent",
    "Toast",
}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SELECTORS = re.compile(r"([^{};]+)\{")
TYPE = re.compile(r"(?<![\w#.$:-])[A-Z]\w*")


def sheets(modules: dict[Path, ast.Module]) -> Iterator[tuple[Path, str]]:
    """Every style sheet, those in the code too."""
    for path in TUI.rglob("*.tcss"):
        yield path, path.read_text("utf-8")
    for path, module in modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                named = isinstance(target, ast.Name) and target.id.endswith("CSS")
                if named and isinstance(node.value, ast.Constant):
                    yield path, str(node.value.value)


def test_every_type_that_a_style_sheet_names_is_a_widget() -> None:
    modules = {path: ast.parse(path.read_text("utf-8")) for path in TUI.rglob("*.py")}
    nodes = [node for module in modules.values() for node in ast.walk(module)]
    ours = {node.name for node in nodes if isinstance(node, ast.ClassDef) and node.bases}
    unknown = {
        f"{path.relative_to(TUI)}: {name}"
        for path, text in sheets(modules)
        for selector in SELECTORS.findall(COMMENT.sub("", text))
        for name in TYPE.findall(selector)
        if name not in ours | THEIRS
    }
    assert not unknown
