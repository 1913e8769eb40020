"""Which emulator there is on this machine, if any; imported when the first terminal is shown."""

from __future__ import annotations

from sessions.errors import AgentdeckError
from tui.terminals.emulator import Emulator


class NoEmulator(AgentdeckError):
    """There is no emulator on this machine."""


def missing() -> str:
    """Why there is no emulator here and what to do; "" where there is one."""
    try:
        import pyghostty  # noqa: F401
    except (ImportError, OSError):
        return "Terminals need the extra `terminal`: pip install 'agentdeck-tui[terminal]'."
    return ""


def warm_up() -> None:
    """Import it: a quarter of a second, so aside."""
    import tui.terminals.ghostty  # noqa: F401


def make(columns: int, rows: int) -> Emulator:
    """An emulator of this size. Raises NoEmulator."""
    if why := missing():
        raise NoEmulator("There is no terminal emulator on this machine.", why)
    from tui.terminals.ghostty import Ghostty

    return Ghostty(columns, rows)
