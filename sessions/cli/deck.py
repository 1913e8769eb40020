"""`agentdeck` alone: the deck."""

from __future__ import annotations


def open_deck(read_only: bool = False) -> int:
    """Open the deck in this terminal; the exit code. Raises AgentdeckError."""
    from sessions import without_tls

    without_tls.import_asyncio()
    from tui.app import run

    return run(read_only=read_only)
