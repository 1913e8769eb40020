"""Files as a session's tools wrote them: their exact bytes, and whether they ran."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sessions import events as ev

_WRITE = {"Write", "write", "write_file", "create_file"}
_EDIT = {"Edit", "edit", "MultiEdit", "multiedit", "replace"}


@dataclass(slots=True)
class WrittenFile:
    """A file as it stood after the last tool call that changed it.

    `exact`: the text is every byte of it (a file that was edited but never seen whole is not
    reported). `ran`: the exit code of the last command that named it, None = none did.
    """

    path: str
    text: str
    turn: int
    seq: int
    exact: bool = True
    ran: int | None = None
    command: str = ""
    run_seq: int = 0
    """The event that says how that command ended."""


class FileTracker:
    """Follows writes and edits of one session."""

    def __init__(self) -> None:
        self._files: dict[str, WrittenFile] = {}

    def changed(self, call: ev.ToolCall, seq: int) -> None:
        """A tool call that changes a file has succeeded."""
        given = call.input
        path = str(given.get("file_path") or given.get("filePath") or given.get("path") or "")
        if not path:
            return
        if call.name in _WRITE and isinstance(given.get("content"), str):
            self._files[path] = WrittenFile(path, given["content"], call.turn, seq)
        elif call.name in _EDIT and path in self._files:
            file = self._files[path]
            for edit in given.get("edits") or [given]:
                file.text, file.exact = _edited(file.text, edit, file.exact)
            file.turn, file.seq, file.ran = call.turn, seq, None
            if not file.exact:
                del self._files[path]

    def ran(self, command: str, code: int | None, seq: int) -> None:
        """A command has ended, says event `seq`; files that it names have run."""
        for file in self._files.values():
            if PurePath(file.path).name in command:
                file.ran, file.command, file.run_seq = code, command, seq

    def files(self) -> list[WrittenFile]:
        """Files whose whole content is known."""
        return list(self._files.values())


def _edited(text: str, edit: Any, exact: bool) -> tuple[str, bool]:
    """The text after an edit as the tool made it, and whether that is certain."""
    if not isinstance(edit, dict):
        return text, False
    old = edit.get("old_string", edit.get("oldString"))
    new = edit.get("new_string", edit.get("newString"))
    if not isinstance(old, str) or not isinstance(new, str) or old not in text:
        return text, False
    count = -1 if edit.get("replace_all", edit.get("replaceAll")) else 1
    return text.replace(old, new, count), exact
