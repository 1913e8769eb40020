"""Pictures in a terminal: read, made small, and drawn as well as it can."""

from __future__ import annotations


def close_shelf(app: object) -> None:
    """The app ends: what it showed is taken out of the terminal."""
    kept = getattr(app, "_pictures", None)
    if kept is not None:
        kept.close()
