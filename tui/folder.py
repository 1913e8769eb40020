"""The directory that the deck was started in."""

from __future__ import annotations

import os
from pathlib import Path


def here() -> str:
    """Its path, also where it is gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return os.environ.get("PWD") or str(Path.home())
