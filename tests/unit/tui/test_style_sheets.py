"""A style sheet that names a class that is not there styles nothing, and says nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import textual

TUI = Path(__file__).parents[3] / "tui"


def sheets(tree: dict[Path, ast.Module]) -> Iterator[tuple[Path, str]]:
    """Every style sheet, those in the code too."""
    for path in TUI.rglob("*.tcss"):
        yield path, path.read_text()
    for path, module in tree.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                named = isinstance(target, ast.Name) and target.id in ("DEFAULT_CSS", "CSS")
                if named and isinstance(node.value, ast.Constant):
                    yield path, str(node.value.value)


def test_every_type_that_a_style_sheet_names_is_a_class() -> None:
    tree = {path: ast.parse(path.read_text()) for path in TUI.rglob("*.py")}
    nodes = (node for module in tree.values() for node in ast.walk(module))
    known = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    for path in Path(textual.__file__).parent.rglob("*.py"):
        known |= set(re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE))
    for path, text in sheets(tree):
        for selector in re.findall(r"([^{};]+)\{", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
            for name in re.findall(r"(?<![\w#.$:-])([A-Z]\w+)", selector):
                assert name in known, f"{path.name}: {name}"
