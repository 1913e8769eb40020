"""Conversations as other harnesses record them: `others FOLDER MEGABYTES`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import harvest

FOLDERS = {"Claude Code": "claude", "Codex": "codex", "Gemini": "gemini"}


def main() -> None:
    """As the module says."""
    for harness, folder in FOLDERS.items():
        harvest._lines(Path(sys.argv[1]) / folder, harness, float(sys.argv[2]) * 1e6)


if __name__ == "__main__":
    main()
