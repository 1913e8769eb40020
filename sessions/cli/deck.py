"""`agentdeck` alone: the deck."""

from __future__ import annotations


def open_deck(read_only: bool = False) -> int:
    """Open the deck in this terminal; the exit code. Raises AgentdeckError."""
    from tui.terminal import first_frame

    try:
        from sessions.tls import without_tls

        without_tls.import_asyncio()
        from tui.app import run

        return run(read_only=read_only)
    finally:
        first_frame.leave()  # before anything is said of what went wrong
