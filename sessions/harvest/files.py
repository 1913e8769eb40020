"""Files as a session's tools wrote them: their exact bytes, and whether they ran.

What a file holds is told by the call (`Write`, `Edit`, a patch, a here-document), by the diffs
that an agent reports, or by the diff of a change; where the journal has the hash of what was
written, the text must have it too. A file whose bytes are not certain is not told at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import Any

from sessions.harvest import commands, patch
from sessions.record import events as ev
from sessions.record.event_parts import FileDiff

_WRITE = {"Write", "write", "write_file", "create_file"}
_EDIT = {"Edit", "edit", "MultiEdit", "multiedit", "replace"}
_SKILL_FOLDERS = {"scripts", "references", "assets"}
_CHANGES = _WRITE | _EDIT | {"apply_patch"}


@dataclass(slots=True)
class WrittenFile:
    """A file as it stood after the last tool call that changed it.

    `exact`: the text is every byte of it (a file that was edited but never seen whole is not
    reported). `ran`: the exit code of the last command that ran it, None = none did.
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
    printed: str = ""
    """The end of what its last good run printed."""
    failed: tuple[str, str] | None = None
    """The last command that ran it and failed, and what that printed."""


class FileTracker:
    """Follows writes and edits of one session. `cwd`: where its paths begin."""

    def __init__(self) -> None:
        self.cwd = ""
        self._files: dict[str, WrittenFile] = {}
        self._hashes: dict[tuple[str, str], str] = {}
        """What a call left in a file: by call and place."""

    def hashed(self, event: ev.FileChanged) -> None:
        """A file was changed by a tool of the deck's; its result is still to come."""
        self._hashes[event.call, self.place(event.path)] = event.after_sha256

    def changed(self, call: ev.ToolCall, result: ev.ToolResult) -> None:
        """A tool call that is no command has succeeded."""
        if text := _patch_of(call):
            self._patch(text, call.turn, result.seq)
            return
        own = _path_of(call)
        for path in _paths(call, result):
            place = self.place(path)
            known = self._files.get(place)
            before = known.text if known else None
            texts = [t for t in _texts(call, result, path, before) if t is not None]
            exact = self._exact(texts, self._hashes.pop((call.call, place), ""))
            if exact is not None:
                name = own if self.place(own) == place else path  # as the model called it
                self._files[place] = WrittenFile(name, exact, call.turn, result.seq)
            else:
                self._files.pop(place, None)

    def ran(
        self, command: str, code: int | None, call: ev.ToolCall, seq: int, printed: str = ""
    ) -> None:
        """A command has ended, says event `seq`: what it wrote out, and what it ran."""
        if patch.BEGIN in command:
            if code == 0:
                self._patch(command[command.index(patch.BEGIN) :], call.turn, seq)
            return
        if code == 0 and "<<" in command:
            for path, text in commands.written(command):
                self._files[self.place(path)] = WrittenFile(path, text, call.turn, seq)
        words = commands.run_words(command)
        last = {commands.last_part(word) for word in words}
        for place, file in self._files.items():
            if commands.last_part(place) not in last:
                continue  # nearly all: what is compared in full names a file of that name
            if any(commands.names(word, place) for word in words):
                file.ran, file.command, file.run_seq = code, command, seq
                if code == 0:
                    file.printed = printed
                else:
                    file.failed = command, printed

    def at(self, call: ev.ToolCall) -> WrittenFile | None:
        """The file that a call wrote, as it stands now."""
        return self._files.get(self.place(_path_of(call)))

    def files(self) -> list[WrittenFile]:
        """Files whose whole content is known."""
        return list(self._files.values())

    # -- parts

    def place(self, path: str) -> str:
        """Where a file is, by the path that a call gave."""
        return _place(self.cwd, path) if path else ""

    def _exact(self, texts: list[str], digest: str) -> str | None:
        """The text that has the hash; the first one where none was recorded."""
        if not digest:
            return texts[0] if texts else None
        for text in texts:
            for each in (text, text.replace("\n", "\r\n"), f"\ufeff{text}"):
                data = each.encode("utf-8", "surrogateescape")
                if hashlib.sha256(data).hexdigest() == digest:
                    return each
        return None

    def _patch(self, text: str, turn: int, seq: int) -> None:
        for kind, path, lines in patch.changes(text):
            place = self.place(path)
            known = self._files.pop(place, None)
            after = None
            if kind == "add":
                after = patch.added(lines)
            elif kind == "update" and known is not None:
                after = patch.updated(known.text, lines)
            if after is not None:
                self._files[place] = WrittenFile(path, after, turn, seq)


def skill_folders(
    files: Sequence[WrittenFile], tracker: FileTracker
) -> tuple[list[tuple[WrittenFile, dict[str, WrittenFile]]], list[WrittenFile]]:
    """Each SKILL.md with the files of its folder by their paths there, and all other files.

    In the working directory itself only the folders of skills (`scripts/`, …) belong to it.
    """
    places = {tracker.place(f.path): f for f in files}
    found = []
    for place in sorted(places, key=lambda each: -each.count("/")):
        if place.rpartition("/")[2] != "SKILL.md" or place not in places:
            continue
        folder = PurePosixPath(place).parent
        mine: dict[str, WrittenFile] = {}
        for other in list(places):
            if other == place or not PurePosixPath(other).is_relative_to(folder):
                continue
            inside = PurePosixPath(other).relative_to(folder)
            if str(folder) != normpath(tracker.cwd) or inside.parts[0] in _SKILL_FOLDERS:
                mine[str(inside)] = places.pop(other)
        found.append((places.pop(place), mine))
    kept = {id(file) for file in places.values()}
    return found, [f for f in files if id(f) in kept]


@lru_cache(maxsize=1024)
def _place(cwd: str, path: str) -> str:
    return normpath(join(cwd, path))


def _patch_of(call: ev.ToolCall) -> str:
    given = call.input.get("input", call.input.get("patch", call.input.get("patchText")))
    return given if isinstance(given, str) and patch.BEGIN in given else ""


def _paths(call: ev.ToolCall, result: ev.ToolResult) -> list[str]:
    """The files that a call has changed."""
    data = result.data
    told = [str(each.get("path") or "") for each in _diffs(result)]
    if isinstance(data.get("changed"), list):
        told += [str(path) for path in data["changed"]]
    if not told and call.name in _CHANGES:
        told = [_path_of(call)]
    return [path for path in dict.fromkeys(told) if path]


def _path_of(call: ev.ToolCall) -> str:
    given = call.input
    return str(given.get("file_path") or given.get("filePath") or given.get("path") or "")


def _texts(
    call: ev.ToolCall, result: ev.ToolResult, path: str, before: str | None
) -> Iterator[str | None]:
    """What the file may hold now, the surest first."""
    given = call.input
    edits = given.get("edits") or [given]
    if isinstance(given.get("content"), str) and call.name not in _EDIT - {"edit"}:
        yield given["content"]
    elif before is not None and _is_edit(edits):
        yield _edited(before, edits)
    for each in _diffs(result):
        if each.get("path") == path:
            yield _after(each, before)
    if isinstance(diff := result.data.get("diff"), str):
        yield patch.patched("" if before is None else before, diff)


def _diffs(result: ev.ToolResult) -> list[FileDiff]:
    """The changes that an agent tells."""
    told = result.data.get("diffs")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _after(diff: FileDiff, before: str | None) -> str | None:
    """The file after an agent's diff: of a whole file, or of a part of one that is known."""
    old, new = diff.get("old"), diff.get("new")
    if not isinstance(new, str):
        return None
    if not old or old == before:
        return new
    if before is not None and before.count(str(old)) == 1:
        return before.replace(str(old), new)
    return None


def _is_edit(edits: Any) -> bool:
    return isinstance(edits, list) and all(
        isinstance(e, dict) and ("old_string" in e or "oldString" in e) for e in edits
    )


def _edited(text: str, edits: list[ev.JSON]) -> str | None:
    """The text after edits as the tool made them, or None where that is not certain."""
    for edit in edits:
        old = edit.get("old_string", edit.get("oldString"))
        new = edit.get("new_string", edit.get("newString"))
        if not isinstance(old, str) or not isinstance(new, str) or old not in text:
            return None
        count = -1 if edit.get("replace_all", edit.get("replaceAll")) else 1
        text = text.replace(old, new, count)
    return text
