"""Whether a session can work in a directory."""

from __future__ import annotations

import os
from pathlib import Path


def lack_of(folder: Path) -> str:
    """What keeps a session from working there, as a sentence; "" = nothing."""
    try:
        there = folder.is_dir()
    except OSError as error:  # one above it may not be entered
        return f"The directory {folder} can't be reached: {error.strerror}."
    if not there:
        return f"There is no directory {folder}."
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"You have no right to read the directory {folder}."
    return ""
