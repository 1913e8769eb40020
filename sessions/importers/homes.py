"""Where each harness keeps its conversations, and what its environment moves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_MAC = ("Library", "Application Support")


def homes(home: Path | None = None, env: Mapping[str, str] | None = None) -> dict[str, list[Path]]:
    """Each harness's files and folders, whether they are there or not.

    With a `home` alone, nothing of this process's environment counts.
    """
    given = env if env is not None else {} if home else os.environ
    root = home or Path.home()

    def moved(name: str, *usual: str) -> Path:
        told = given.get(name, "").strip()
        return Path(told).expanduser() if told else root.joinpath(*usual)

    codex = moved("CODEX_HOME", ".codex")
    qwen = moved("QWEN_HOME", ".qwen")
    if given.get("QWEN_RUNTIME_DIR"):
        qwen = Path(given["QWEN_RUNTIME_DIR"]).expanduser()
    cursor = [
        Path(given[name]).expanduser()
        for name in ("CURSOR_DATA_DIR", "CURSOR_CONFIG_DIR")
        if given.get(name, "").strip()
    ]
    data = moved("XDG_DATA_HOME", ".local", "share")
    config = moved("XDG_CONFIG_HOME", ".config")
    return {
        "claude-code": [moved("CLAUDE_CONFIG_DIR", ".claude") / "projects"],
        "codex": [codex / "sessions", codex / "archived_sessions"],
        # OPENCODE_DB is a file, beside the usual one where it is only a name.
        "opencode": [data / "opencode" / (given.get("OPENCODE_DB", "").strip() or "opencode.db")],
        # It stands for the home folder there, not for .gemini.
        "gemini": [moved("GEMINI_CLI_HOME") / ".gemini" / "tmp"],
        "qwen": [qwen / "projects"],
        "copilot": [moved("COPILOT_HOME", ".copilot") / "session-state"],
        "kimi": [
            moved("KIMI_CODE_HOME", ".kimi-code") / "sessions",
            moved("KIMI_SHARE_DIR", ".kimi") / "sessions",
        ],
        "vibe": [moved("VIBE_HOME", ".vibe") / "logs" / "session"],
        "goose": [
            Path(given["GOOSE_PATH_ROOT"]).expanduser() / "data" / "sessions"
            if given.get("GOOSE_PATH_ROOT", "").strip()
            else data / "goose" / "sessions"
        ],
        "cursor": [
            # Transcripts before what the command line has of the same conversations.
            *(each / "projects" for each in (*cursor, root / ".cursor")),
            *(each / "chats" for each in (*cursor, root / ".cursor")),
            config / "Cursor" / "User" / "globalStorage" / "state.vscdb",
            root.joinpath(*_MAC, "Cursor", "User", "globalStorage", "state.vscdb"),
        ],
    }


def default_paths(home: Path | None = None, env: Mapping[str, str] | None = None) -> list[Path]:
    """Those that are there."""
    found = [path for paths in homes(home, env).values() for path in paths]
    return [path for path in found if path.exists()]
