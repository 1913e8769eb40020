"""A patch as git prints it, read into files and hunks.

Own, since what is taken back must be the bytes that git gave, whatever their encoding; libraries
for it read text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sessions.record.closed_sets import FileStatus, StagedHow

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)", re.DOTALL)
_ESCAPE = re.compile(rb'\\(?:([0-7]{3})|([abtnvfr"\\]))')
_CHARS = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))


@dataclass(slots=True)
class Hunk:
    """One change and what is around it; `lines` begin with a space, `+`, `-` or a backslash."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: bytes
    lines: list[bytes] = field(default_factory=list)
    staged: StagedHow = ""
    """How much of it git's index holds: all, part, or nothing."""

    @property
    def header(self) -> bytes:
        """The line that a patch has for it."""
        return (
            f"@@ -{self.old_start},{self.old_count} +{self.new_start},{self.new_count} @@".encode()
        )

    def text(self) -> bytes:
        """As it stands in a patch."""
        return b"".join(line + b"\n" for line in [self.header, *self.lines])


@dataclass(slots=True)
class FileChange:
    """What became of one file. `status`: added, deleted, renamed, copied, type, mode, modified."""

    path: str
    old_path: str = ""
    status: FileStatus = "modified"
    binary: bool = False
    old_mode: str = ""
    new_mode: str = ""
    old_blob: str = ""
    new_blob: str = ""
    head: list[bytes] = field(default_factory=list)
    """The patch's lines before the first hunk."""
    hunks: list[Hunk] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    untracked: bool = False
    uncommitted: bool = False
    staged: StagedHow = ""
    before: str = ""
    """Where its earlier version is kept, without git."""

    def text(self, hunks: list[Hunk] | None = None) -> bytes:
        """The file's part of a patch, of these hunks alone where they are given."""
        head = b"".join(line + b"\n" for line in self.head)
        return head + b"".join(h.text() for h in (self.hunks if hunks is None else hunks))


def read(patch: bytes) -> list[FileChange]:
    """The files of a patch that was made with `--full-index`, prefixes `a/` and `b/`."""
    files: list[FileChange] = []
    lines = patch.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    left = [0, 0]  # lines of the hunk that are still to come, old and new
    for line in lines:
        if files and files[-1].hunks and (any(left) or line.startswith(b"\\")):
            _take(files[-1], line, left)
        elif line.startswith(b"diff --git "):
            files.append(FileChange(_name_of(line), head=[line]))
        elif files and (match := _HUNK.fullmatch(line)):
            old, new = int(match[2] or 1), int(match[4] or 1)
            files[-1].hunks.append(Hunk(int(match[1]), old, int(match[3]), new, match[5]))
            left[:] = old, new
        elif files:
            _header(files[-1], line)
    return _joined(files)


def _take(file: FileChange, line: bytes, left: list[int]) -> None:
    file.hunks[-1].lines.append(line)
    kind = line[:1]
    if kind == b"+":
        file.added += 1
        left[1] -= 1
    elif kind == b"-":
        file.removed += 1
        left[0] -= 1
    elif kind != b"\\":
        left[0] -= 1
        left[1] -= 1


def _header(file: FileChange, line: bytes) -> None:
    file.head.append(line)
    for start, name in _HEADERS:
        if line.startswith(start):
            name(file, line[len(start) :])
            return


def _blobs(file: FileChange, rest: bytes) -> None:
    found = re.match(rb"([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?", rest)
    if found:
        file.old_blob, file.new_blob = found[1].decode(), found[2].decode()
        if found[3] and not file.old_mode:
            file.old_mode = file.new_mode = found[3].decode()


def _new(file: FileChange, rest: bytes) -> None:
    file.status, file.new_mode = "added", rest.decode()


def _deleted(file: FileChange, rest: bytes) -> None:
    file.status, file.old_mode = "deleted", rest.decode()


def _old_mode(file: FileChange, rest: bytes) -> None:
    file.status, file.old_mode = "mode", rest.decode()


def _new_mode(file: FileChange, rest: bytes) -> None:
    file.new_mode = rest.decode()


def _from(file: FileChange, rest: bytes) -> None:
    file.status, file.old_path = "renamed", _path(rest)


def _copied(file: FileChange, rest: bytes) -> None:
    file.status, file.old_path = "copied", _path(rest)


def _to(file: FileChange, rest: bytes) -> None:
    file.path = _path(rest)


def _after(file: FileChange, rest: bytes) -> None:
    path = _path(rest.removesuffix(b"\t"))
    if path.startswith(("a/", "b/")):
        file.path = path[2:]
    if file.status == "mode":
        file.status = "modified"


def _binary(file: FileChange, rest: bytes) -> None:
    file.binary = True
    if file.status == "mode":
        file.status = "modified"


_HEADERS = (
    (b"index ", _blobs), (b"new file mode ", _new), (b"deleted file mode ", _deleted),
    (b"old mode ", _old_mode), (b"new mode ", _new_mode), (b"rename from ", _from),
    (b"copy from ", _copied), (b"rename to ", _to), (b"copy to ", _to), (b"--- ", _after),
    (b"+++ ", _after), (b"Binary files ", _binary), (b"GIT binary patch", _binary),
)  # fmt: skip


def _name_of(line: bytes) -> str:
    """The name in `diff --git a/x b/x`, where both are the same (else other lines say it)."""
    rest = line.removeprefix(b"diff --git ")
    if rest.startswith(b'"'):
        return _path(rest[: (len(rest) - 1) // 2])[2:]
    return _path(rest[: (len(rest) - 1) // 2][2:])


def _path(name: bytes) -> str:
    """A path as git prints it: in quotes with escapes where it holds what would not be seen."""
    if len(name) > 1 and name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_char, name[1:-1])
    return name.decode("utf-8", "surrogateescape")


def _char(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 8)])
    return bytes([_CHARS[match[2][0]]])


def _joined(files: list[FileChange]) -> list[FileChange]:
    """What became of another type (a file a link) is told as two changes; it is one."""
    found: list[FileChange] = []
    for file in files:
        last = found[-1] if found else None
        if last and last.path == file.path and (last.status, file.status) == ("deleted", "added"):
            last.status, last.new_mode, last.new_blob = "type", file.new_mode, file.new_blob
            last.hunks += file.hunks
            last.added += file.added
        else:
            found.append(file)
    return found
