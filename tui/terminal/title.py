"""The terminal window's title, by OSC 2: what goes on, for who looks at another window."""

from __future__ import annotations

from typing import Any


def set_title(app: Any, text: str) -> None:
    """Say it; nothing of it can steer the terminal."""
    driver = app._driver
    if driver is None:
        return
    safe = "".join(char for char in text if char.isprintable())[:80]
    driver.write(f"\x1b]2;{safe}\x07")
    driver.flush()
