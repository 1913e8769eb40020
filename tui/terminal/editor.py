"""Lending the terminal to the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from sessions.errors import AgentdeckError
from skills import private_files

if TYPE_CHECKING:
    from textual.app import App


def edit_file(app: App[Any], path: Path) -> None:
    """The user's editor has the terminal until it ends. Raises AgentdeckError."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        with app.suspend():
            subprocess.run([*editor, str(path)], check=False)
    except SuspendNotSupported as error:
        raise AgentdeckError("There is no terminal here to lend to an editor.") from error
    except OSError as error:
        raise AgentdeckError(
            f"{editor[0]} can't be started: {error.strerror}.", "Set $EDITOR."
        ) from error
    app.refresh()


def edit_text(app: App[Any], text: str, folder: Path) -> str:
    """The text as the user's editor leaves it; the file goes then. Raises AgentdeckError."""
    path = folder / f"message-{os.getpid()}.md"
    try:
        private_files.write(path, text)
        edit_file(app, path)
        changed = path.read_text("utf-8", "replace")
    except OSError as error:
        raise AgentdeckError(f"{path} can't be written or read: {error.strerror}.") from error
    finally:
        path.unlink(missing_ok=True)
    # Editors end a file with a line's end, which a message does not have.
    return changed if text.endswith("\n") else changed.removesuffix("\n")
