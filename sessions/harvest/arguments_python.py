"""A Python script's own file names as its arguments: found and put by its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from sessions.harvest.parameters import CommandParameter, with_free_names

_TAKES = re.compile(
    r"\b(?:argv|argparse|optparse|click|typer|docopt|getopt|fire|absl|input\(|fileinput)"
)


def rewritten(
    script: str, takes: Sequence[CommandParameter]
) -> tuple[str, list[CommandParameter]] | None:
    """The script that takes those files as arguments, and them; None where it is not certain."""
    if _TAKES.search(script):
        return None
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken = with_free_names(takes, named)
    places = [(node, each) for each in taken for node in _texts(tree, each)]
    if any(each.folder and _within_another(tree, each.recorded) for each in taken):
        return None
    if {each.name for _, each in places} != {each.name for each in taken}:
        return None
    lines = script.split("\n")
    for node, each in sorted(places, key=lambda p: (p[0].lineno, p[0].col_offset), reverse=True):
        if not _put(lines, node, each):
            return None
    at = _begins(tree)
    changed = "\n".join([*lines[:at], *_head(tree, taken), *lines[at:]])
    try:
        compile(changed, "script", "exec")
    except (SyntaxError, ValueError):
        return None
    return changed, taken


def _texts(tree: ast.AST, given: CommandParameter) -> Iterator[ast.Constant]:
    """Where the name stands as a text of its own, or, of a folder, at the beginning of one."""
    parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in ast.walk(n)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in parts:
            continue
        within = given.folder and str(node.value).startswith(f"{given.recorded}/")
        if isinstance(node.value, str) and (node.value == given.recorded or within):
            yield node


def _within_another(tree: ast.AST, folder: str) -> bool:
    """Whether a folder stands within a text that is put together, where it can't be replaced."""
    said = re.compile(rf"(?<![\w/]){re.escape(folder)}(?:/|\Z)")
    return any(
        isinstance(part, ast.Constant) and said.search(str(part.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    )


def _put(lines: list[str], node: ast.Constant, given: CommandParameter) -> bool:
    """The argument's name in the place of a text, if it stands on one line as it was read."""
    number, end = node.lineno - 1, node.end_col_offset
    if node.end_lineno != node.lineno or end is None:
        return False
    line = lines[number].encode()
    said, quote = line[node.col_offset : end].decode()[1:-1], chr(line[node.col_offset])
    rest = said.removeprefix(given.recorded)
    if said != node.value or rest == said or quote not in "'\"" or set(rest) & set("{}\\"):
        return False  # with a prefix, or written in another way
    put = f"f{quote}{{{given.name}}}{rest}{quote}" if rest else given.name
    lines[number] = (line[: node.col_offset] + put.encode() + line[end:]).decode()
    return True


def _begins(tree: ast.Module) -> int:
    """The line behind the imports at the beginning."""
    at = 0
    for node in tree.body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not text and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        at = node.end_lineno or at
    return at


def _head(tree: ast.Module, taken: list[CommandParameter]) -> Iterator[str]:
    imported = any(
        alias.name == "sys" and alias.asname is None
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    )
    if not imported:
        yield "import sys"
    yield ""
    for number, each in enumerate(taken, 1):
        yield f"{each.name} = sys.argv[{number}] if len(sys.argv) > {number} else {each.recorded!r}"
