"""No module imports itself by way of others, imports for the type checker included.

    python tests/gates/circles.py

Prints each circle, shortest way round first, and exits 1 if there is one. Imports inside of
functions count too: what is put off to the call is a circle all the same. Folders that import each
other by way of others are named, the most of them that hang together; they fail nothing.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("tui", "sessions", "skills")
Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """All modules by their dotted name."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


def graph(root: Path) -> Graph:
    """Who imports whom."""
    known = modules(root)
    return {
        name: {other for other in imports(path, known) if other != name}
        for name, path in known.items()
    }


def circles(found: Graph) -> list[list[str]]:
    """For each knot of modules its shortest way round."""
    ways: list[list[str]] = []
    done: set[str] = set()
    for start in sorted(found):
        way = _way_back(found, start) if start not in done else None
        if way:
            ways.append(way)
            done.update(way)
    return sorted(ways, key=len)


def _way_back(found: Graph, start: str) -> list[str] | None:
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for following in sorted(found[way[-1]]):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def largest_knot(found: Graph) -> set[str]:
    """The most folders (loose modules count as one each) of which each reaches all others."""
    above: Graph = {}
    for name, others in found.items():
        inside = _folder(name)
        above.setdefault(inside, set()).update({_folder(other) for other in others} - {inside})
    reached = {name: _reached(above, name) for name in above}
    knots = ({b for b in ways if a in reached[b]} for a, ways in reached.items() if a in ways)
    return max(knots, key=len, default=set())


def _folder(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _reached(found: Graph, start: str) -> set[str]:
    """What one comes to from `start`, itself only where there is a way back."""
    left, seen = [start], set[str]()
    while left:
        ahead = found[left.pop()] - seen
        seen |= ahead
        left += ahead
    return seen


def main() -> int:
    """Say what was found; the exit code."""
    modules_found = graph(Path(__file__).parents[2])
    if knot := largest_knot(modules_found):
        print(f"folders that import each other ({len(knot)}):", ", ".join(sorted(knot)))
    found = circles(modules_found)
    for way in found:
        print("circle:", " -> ".join([*way, way[0]]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
