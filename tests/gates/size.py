"""Files stay short: a warning above 400 lines, a failure above 600."""

from __future__ import annotations

import sys
from pathlib import Path

WARN, FAIL = 400, 600
FOLDERS = ("sessions", "skills", "tui", "tests")


def long_files(root: Path) -> list[tuple[int, Path]]:
    """Python and style files above the first mark, longest first; not what a program wrote."""
    found = []
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in (".py", ".tcss"):
                text = path.read_text("utf-8")
                lines = text.count("\n")
                if lines > WARN and "\nMade by `python -m" not in text[:200]:
                    found.append((lines, path.relative_to(root)))
    return sorted(found, reverse=True)


def main() -> int:
    """Print what is long; 1 if something is too long."""
    too_long = 0
    for lines, path in long_files(Path(__file__).parents[2]):
        over = lines > FAIL
        too_long += over
        print(f"{'too long' if over else 'long'}: {path} ({lines} lines)")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
