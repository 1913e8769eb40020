"""One class name, one thing: no two public classes are called the same.

python tests/gates/names.py
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

PACKAGES = ("tui", "sessions", "skills")


def twice(root: Path) -> dict[str, list[str]]:
    """Names of classes that stand in more than one module, and where."""
    found: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(str(path.relative_to(root)))
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def main() -> int:
    """Say what was found; the exit code."""
    found = twice(Path(__file__).parents[2])
    for name, places in found.items():
        print(f"{name} is {len(places)} things: {', '.join(places)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
