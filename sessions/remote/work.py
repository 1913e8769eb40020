"""A plan's task on the machine where its session lives: its files, its check, what comes back.

Asked by the engine that runs the plan, through the commands `work.*`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.work import Brought, Changed, CheckSaid, Packed
from sessions.errors import NotFound, UsageError
from sessions.ids import is_id
from sessions.paths import Places, private_folder
from sessions.plans import check, watch
from sessions.record import events as ev
from sessions.record.closed_sets import BroughtKind
from sessions.remote.bundles import Cache, branch_packed
from sessions.remote.file_parts import ANSWER, MOST_BYTES, MOST_FILES, PART, unpacked
from sessions.remote.old_bundles import INCOMING, OUTGOING, swept
from sessions.safety.sanitise import clean
from sessions.tools.git import GitFault, git, says
from sessions.worktrees import land, review
from skills import private_files

if TYPE_CHECKING:
    from sessions.engine.whole_deck import WholeDeck
    from sessions.runtime.session import Session

_OWN = {"answer.txt", "check.txt"}
_BRANCH = "branch"


def cache(places: Places) -> Cache:
    """The repositories of this machine."""
    return Cache(places.data / "repositories")


def received(places: Places, name: str, offset: int, data: str) -> int:
    """One part of a file that comes; how much of it is here. Raises UsageError."""
    path = _incoming(places, name)
    raw = unpacked(data)
    if not offset:
        private_files.write(path, raw, synced=False)
        return len(raw)
    with os.fdopen(private_files.append(path), "ab") as file:
        if file.tell() != offset:
            raise UsageError(f"The file {name} is {file.tell()} bytes long, not {offset}.")
        file.write(raw)
        return file.tell()


def _incoming(places: Places, name: str) -> Path:
    if not is_id(name):
        raise UsageError("A file that comes is named by an id.")
    return private_folder(places.data / INCOMING) / name


def taken_in(places: Places, name: str, repository: str) -> None:
    """A bundle that has come whole. Raises GitFault."""
    path = _incoming(places, name)
    try:
        cache(places).take(repository, path)
    finally:
        path.unlink(missing_ok=True)


def place(
    places: Places, session: str, repository: str, commit: str, inner: str, author: Sequence[str],
    ref: str = "",
) -> Path:  # fmt: skip
    """Where a task's session is to work: in a clone of its own, or in an empty folder."""
    if not is_id(session):
        raise UsageError("A session is named by an id.")
    target = places.data / "tasks" / session
    if not repository:
        return private_folder(target)
    target /= repository.rpartition("-")[0] or repository
    if ref and not ref.startswith("refs/heads/"):
        raise UsageError(f"{clean(ref)[:80]!r} names no branch.")
    cache(places).clone(repository, commit, target, author, ref)
    folder = (target / inner).resolve()
    if not folder.is_relative_to(target.resolve()):
        raise UsageError("The directory of the task lies outside its repository.")
    return private_folder(folder)


async def checked(
    deck: WholeDeck, session: Session, argv: Sequence[str], minutes: float, answer: str
) -> CheckSaid:
    """Run a task's check as the session's own commands are run."""
    file = str(check.answer_file(session.folder / "files", answer))
    argv = [part.replace(ANSWER, file) for part in argv]
    verdict = await check.in_session(deck, deck.features.tools, session, argv, minutes)
    return {
        "ok": verdict.ok, "code": verdict.code, "output": verdict.output,
        "seconds": verdict.seconds,
    }  # fmt: skip


async def changed(deck: WholeDeck, session: Session) -> Changed:
    """What a session has changed so far."""
    events = watch.events_of(session)
    found = await watch.changes_of(deck.features.worktrees, session, events)
    return {"files": found.files, "diff": found.diff, "loose": found.loose, "head": found.head}


async def committed(deck: WholeDeck, session: Session, message: str, loose: list[str]) -> str:
    """Put what a session left uncommitted on its branch; the commit."""
    tree = review.own(session.summary)
    if tree is None:
        return ""
    work = partial(land.commit_all, Path(tree["path"]), message, loose)
    try:
        return await deck.features.worktrees.run(work)
    except GitFault:
        now = await changed(deck, session)
        if set(loose) & set(now["loose"]):
            raise
        return now["head"]  # asked once more, because the answer was lost: it is committed


async def landed(deck: WholeDeck, session: Session, told: ev.WorktreeLanded, head: str) -> None:
    """A session's branch was landed where it came from: it goes on from there, if it is at `head`.

    Raises UsageError, GitFault.
    """
    tree = review.own(session.summary)
    if tree is None or session.working:
        raise UsageError("A turn runs, or there is no worktree.")
    await deck.features.worktrees.run(_moved, Path(tree["path"]), told, head)
    await session.recorder.emit_synced(told)


def _moved(path: Path, told: ev.WorktreeLanded, head: str) -> None:
    if says(path, "rev-parse", "HEAD") == head:
        git(path, "reset", "--quiet", "--keep", told.commit, doing="move the session's branch")
    if says(path, "rev-parse", "--verify", "--quiet", told.onto):
        git(path, "update-ref", told.onto, told.commit, doing="name what was landed")


async def packed(deck: WholeDeck, session: Session) -> Packed:
    """What is to come back of a task: its branch as a bundle, and files up to a limit."""
    tree = review.own(session.summary)
    head, size = "", 0
    await asyncio.to_thread(swept, deck.places)
    if tree is not None:
        into = deck.places.data / OUTGOING / f"{session.id}.bundle"
        head = await deck.features.worktrees.run(
            branch_packed, Path(tree["path"]), session.summary.branch, tree["base"], into
        )
        size = into.stat().st_size if head else 0
    brought, left = await asyncio.to_thread(_files, session, tree is None)
    return {
        "branch": session.summary.branch if head else "", "head": head, "size": size,
        "base": str(tree["base"]) if tree else "", "files": brought, "left": left,
    }  # fmt: skip


def _files(session: Session, all_of_it: bool) -> tuple[list[Brought], list[str]]:
    """What the record names, and what lies in the task's own folder (or what was kept of it)."""
    root = Path(session.summary.cwd)
    found: list[Brought] = []
    left: list[str] = []
    total = 0
    for kind, base, path in _candidates(session, root, all_of_it):
        status = path.lstat()
        name = os.fsdecode(path.relative_to(base))
        if not stat.S_ISREG(status.st_mode):
            continue
        if len(found) >= MOST_FILES or total + status.st_size > MOST_BYTES:
            left.append(f"{clean(name)} ({status.st_size:,} bytes)")
            continue
        total += status.st_size
        found.append({"kind": kind, "name": name, "size": status.st_size})
    return found, left[:MOST_FILES]


def _candidates(
    session: Session, root: Path, all_of_it: bool
) -> list[tuple[BroughtKind, Path, Path]]:  # fmt: skip
    files = session.folder / "files"
    found: list[tuple[BroughtKind, Path, Path]] = [
        ("record", files, p) for p in sorted(files.glob("*")) if p.name not in _OWN
    ]
    if all_of_it:
        made = (p for p in sorted(root.rglob("*")) if ".git" not in p.relative_to(root).parts)
        found += [("made", root, p) for p in made if p.is_file()]
        return found
    named = {root / path for path in byproducts(session)}
    inside = [
        p for p in sorted(named) if p.is_file() and p.resolve().is_relative_to(root.resolve())
    ]
    found += [("made", root, p) for p in inside]
    return found


def byproducts(session: Session) -> list[str]:
    """Paths of what the record says was made, in the worktree and perhaps not on its branch."""
    found: dict[str, None] = {}
    for event in session.journal.events():
        if isinstance(event, ev.Byproduct) and event.path:
            found.setdefault(event.path)
        elif isinstance(event, ev.FilesMade):
            found.update(dict.fromkeys(str(f.get("path", "")) for f in event.files))
    return [path for path in found if path]


def read(deck: WholeDeck, session: Session, kind: str, name: str, offset: int) -> str:
    """One part of what comes back, in base 64; "" at its end. Raises NotFound."""
    roots = {
        _BRANCH: deck.places.data / OUTGOING,
        "record": session.folder / "files",
        "made": Path(session.summary.cwd),
    }
    root = roots.get(kind)
    if root is None:
        raise UsageError(f"Nothing of the kind {kind[:20]!r} comes back.")
    path = root / (f"{session.id}.bundle" if kind == _BRANCH else name)
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        raise NotFound(f"There is no file {clean(name)[:200]}.")
    with path.open("rb") as file:
        file.seek(offset)
        return base64.b64encode(file.read(PART)).decode()
