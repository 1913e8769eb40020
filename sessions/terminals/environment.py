"""The environment of programs on terminals."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from sessions import VERSION
from sessions.tools import process

MARK = "AGENTDECK_TERMINAL"
"""Names the session that is the terminal, to `agentdeck notify` among others."""
_REACHED = ("AGENTDECK_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "DISPLAY",
            "WAYLAND_DISPLAY", "EDITOR", "VISUAL", "NO_COLOR")  # fmt: skip
_OTHERS = re.compile(
    r"TMUX.*|STY|WINDOW(ID)?|TERM_.*|TERMINFO(_DIRS)?|COLORTERM|KITTY_.*|WEZTERM_.*|ITERM_.*"
    r"|LC_TERMINAL.*|VTE_.*|GHOSTTY_.*|ALACRITTY_.*|KONSOLE_.*|GNOME_TERMINAL_.*|WT_.*|ZELLIJ.*"
    r"|VSCODE_.*|COLUMNS|LINES|AGENTDECK_TERMINAL"
)
"""What the terminal says in which the deck was started: this is another one."""


def environment(
    session_id: str, *, keys: bool, more: Sequence[str] = (), base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a program on a terminal is told. `keys`: all of the user's, keys among it."""
    base = os.environ if base is None else base
    if keys:
        passed = dict(base)
    else:
        passed = {k: v for k, v in process.environment(more, base).items() if k not in process.SET}
        passed |= {name: base[name] for name in _REACHED if name in base}
    passed = {k: v for k, v in passed.items() if not _OTHERS.fullmatch(k)}
    return passed | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TERM_PROGRAM": "agentdeck",
        "TERM_PROGRAM_VERSION": VERSION,
        MARK: session_id,
    }
