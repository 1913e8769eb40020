"""One hunk, or all of one file, taken back in a checkout; what was there before stays under a ref.

`refs/agentdeck/undo/<session>` is a chain of commits, one for each thing that was taken back, each
with everything as it was just before: nothing that was ever shown is lost by it.
"""

from __future__ import annotations

import os
from pathlib import Path

from sessions.errors import NotFound
from sessions.tools.git import LITERAL, git, line, says
from sessions.worktrees import changes, snapshot
from sessions.worktrees.patch import FileChange, Hunk

REFS = "refs/agentdeck/undo/"
_APPLY = ("apply", "--whitespace=nowarn", "--reverse")
_WHOLE = ("added", "deleted", "type", "copied", "mode")


def take_back(folder: Path, base: str, session: str, path: str, hunk: str = "") -> str:
    """Take a hunk (by its id) or all of a file back to what it was at `base`; what was taken.

    Only files change; the index and all commits stay. Raises UsageError where it is not as it was
    shown, GitFault.
    """
    top, file, part = changes.find(folder, base, path, hunk)
    if part is not None and file.status not in _WHOLE:
        patch, told = _of_hunk(file, part), f"{path}, {part.header.decode()}"
    else:
        patch, told = _of_file(top, base, file), path
    _remember(top, session, [p for p in (path, file.old_path) if p])
    git(top, *_APPLY, "-", stdin=patch, doing=f"take {path} back")
    return told


def give_back(folder: Path, session: str) -> str:
    """Undo what was taken back last: the file is again as it was before; its path.

    Raises NotFound where nothing was, or nothing more.
    """
    top = Path(line(folder, "rev-parse", "--show-toplevel"))
    ref = REFS + session
    commit = says(top, "rev-parse", "--verify", "--quiet", ref)
    if not commit:
        raise NotFound("Nothing was taken back.")
    message = line(top, "show", "--no-patch", "--format=%B", commit)
    names = message.partition("\n\n")[2].split("\n")
    paths = [_unescaped(name) for name in names if name]
    if any(Path(p).is_absolute() or ".." in Path(p).parts for p in paths) or not paths:
        raise NotFound("What was taken back can't be told any more.", f"See {ref} with git.")
    for path in paths:
        if says(top, "cat-file", "-e", f"{commit}:{path}") is not None:
            git(top, "restore", f"--source={commit}", "--worktree", "--", path, env=LITERAL,
                doing=f"bring {path} back")  # fmt: skip
        else:
            (top / path).unlink(missing_ok=True)
    before = says(top, "rev-parse", "--verify", "--quiet", f"{commit}^2")
    if before:
        git(top, "update-ref", ref, before, commit)
    else:
        git(top, "update-ref", "-d", ref, commit)
    return paths[0]


def _remember(top: Path, session: str, paths: list[str]) -> None:
    ref = REFS + session
    head = says(top, "rev-parse", "--verify", "--quiet", "HEAD")
    before = says(top, "rev-parse", "--verify", "--quiet", ref)
    parents = [p for p in (head, before) if p]
    listed = "".join(f"{_escaped(path)}\n" for path in paths)
    commit = snapshot.snapshot(top, f"Before this was taken back:\n\n{listed}", parents)
    git(top, "update-ref", ref, commit)


def _escaped(path: str) -> str:
    """On one line, in plain ASCII: a commit's message holds no odd bytes."""
    return os.fsencode(path).decode("latin-1").encode("unicode_escape").decode()


def _unescaped(name: str) -> str:
    return os.fsdecode(name.encode().decode("unicode_escape").encode("latin-1"))


def _of_hunk(file: FileChange, part: Hunk) -> bytes:
    name = os.fsencode(file.path)
    if any(c < 0x20 or c in b'"\\' or c > 0x7E for c in name):
        old, new = _quoted(b"a/" + name), _quoted(b"b/" + name)
    else:
        old, new = b"a/" + name, b"b/" + name
    tab = b"\t" if b" " in name and not old.startswith(b'"') else b""
    head = b"diff --git %s %s\n--- %s%s\n+++ %s%s\n" % (old, new, old, tab, new, tab)
    return head + part.text()


def _quoted(name: bytes) -> bytes:
    out = b"".join(
        b"\\%03o" % c if c < 0x20 or c > 0x7E or c in b'"\\' else bytes([c]) for c in name
    )
    return b'"' + out + b'"'


def _of_file(top: Path, base: str, file: FileChange) -> bytes:
    """The whole patch of one file, binary or not."""
    paths = [p for p in (file.path, file.old_path) if p and file.status != "copied"]
    loose = [p for p in paths if file.untracked and p == file.path]
    words = [*changes.DIFF, "--binary", base, "--", *(paths or [file.path])]
    with changes.seen(top, loose) as env:
        return git(top, *words, env={**env, **LITERAL})
