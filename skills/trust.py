"""Which skills a person has looked at, and whether they are still what was looked at.

One JSON file keeps the sha256 of every file of every skill that was reviewed, and the project
folders that are trusted. A skill that changed drops back to review, with the files that changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from skills import private_files
from skills.errors import NeedsReview, SkillError
from skills.parse import FILE
from skills.shapes import ChangedHow, SkillFileChanged, SkillRecorded, TrustRecord
from skills.skill import Scope, Skill

VERSION = 1
MAX_FILES = 5_000
MAX_BYTES = 256 * 1024 * 1024
_WORDS = ("name", "sha256", "at", "source")
_LEFT_OUT = frozenset({".git", "__pycache__", ".DS_Store"})


class Trust(StrEnum):
    """How a skill stands."""

    BUNDLED = "bundled"
    """It came with agentdeck."""
    REVIEWED = "reviewed"
    """A person has looked at exactly these files."""
    NEW = "new"
    """Nobody has looked at it yet."""
    CHANGED = "changed"
    """Files changed since somebody looked."""
    FOLDER = "folder"
    """It belongs to a project folder that is not trusted."""


@dataclass(frozen=True, slots=True)
class SkillChange:
    """One file that changed since the review."""

    path: str
    how: ChangedHow

    def to_json(self) -> SkillFileChanged:
        """As one JSON object."""
        return {"path": self.path, "how": self.how}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a skill stands, and whether it may be used as it is."""

    trust: Trust
    usable: bool
    changes: tuple[SkillChange, ...] = ()
    folder: Path | None = None
    """The project folder whose trust is missing."""
    sha256: str = ""


def digest(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` by its path in it; of a link, its target.

    Raises:
        SkillError: it is too big to be checked, or can't be read.
    """
    sums: dict[str, str] = {}
    total = 0
    for where, full in _entries(folder):
        try:
            status = full.lstat()
            if stat.S_ISLNK(status.st_mode):
                sums[where] = "link:" + os.readlink(full)  # noqa: PTH115  (its exact bytes)
                continue
            if not stat.S_ISREG(status.st_mode):
                sums[where] = f"special:{stat.S_IFMT(status.st_mode):o}"
                continue
            total += status.st_size
            _bound(folder, len(sums), total)
            sums[where] = _sum(full)
        except OSError as error:
            raise SkillError(f"{full} can't be read: {error.strerror}.") from error
    if not (folder / FILE).is_file():
        raise SkillError(f"{folder} has no SKILL.md any more.", "Look whether it was moved.")
    if (folder / FILE).is_symlink():
        # The link stays the same when what it leads to is swapped.
        sums[FILE] += ":" + _sum((folder / FILE).resolve())
    return sums


def _bound(folder: Path, files: int, size: int) -> None:
    if files > MAX_FILES or size > MAX_BYTES:
        raise SkillError(
            f"{folder} is too big to be checked file by file.",
            f"At most {MAX_FILES:,} files and {MAX_BYTES >> 20} MiB.",
        )


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, folders, files in os.walk(folder):
        here = Path(where)
        linked = [f for f in folders if (here / f).is_symlink()]
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT and f not in linked)
        for name in sorted([*files, *linked]):
            if name not in _LEFT_OUT:
                yield (here / name).relative_to(folder).as_posix(), here / name


def fingerprint(folder: Path) -> str:
    """Changes whenever a file below `folder` is written (by its inode's change time): cheap."""
    parts: list[str] = []
    for where, full in _entries(folder):
        try:
            # Followed for SKILL.md, which may be a link; the others are what they are.
            status = full.stat() if where == FILE else full.lstat()
        except OSError:
            return ""
        parts.append(f"{where}\0{status.st_size}\0{status.st_ino}\0{status.st_ctime_ns}")
        if len(parts) > MAX_FILES:
            return ""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def whole(sums: dict[str, str]) -> str:
    """One sum over all of a skill's files: what the journal says that was used."""
    text = "".join(f"{path}\0{value}\n" for path, value in sorted(sums.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Lock:
    """The record of reviews at `path`; several processes may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = TrustRecord(skills={}, folders={})
        self._stamp: tuple[int, int] | None = None
        self._unchanged: dict[str, str] = {}

    def standing(self, skill: Skill) -> Standing:
        """How `skill` stands now.

        Raises:
            SkillError: its files can't be read.
        """
        if skill.scope is Scope.BUNDLED:
            return Standing(Trust.BUNDLED, True)
        self._read()
        if skill.scope is Scope.PROJECT and not self.folder_trusted(folder := _project(skill)):
            return Standing(Trust.FOLDER, False, folder=folder)
        entry = self._entry(skill)
        if "files" not in entry:
            # What I wrote or put there myself needs no leave of mine; what `add` fetched does.
            return Standing(Trust.NEW, skill.scope is Scope.MINE and not entry.get("source"))
        return self._compare(skill, entry)

    def _compare(self, skill: Skill, entry: SkillRecorded) -> Standing:
        key = _key(skill)
        mark = fingerprint(skill.path)
        sha256 = entry.get("sha256", "")
        if mark and self._unchanged.get(key) == mark + sha256:
            return Standing(Trust.REVIEWED, True, sha256=sha256)
        sums = digest(skill.path)
        changes = tuple(_changes(entry["files"], sums))
        if changes:
            return Standing(Trust.CHANGED, False, changes, sha256=whole(sums))
        self._unchanged[key] = mark + sha256
        return Standing(Trust.REVIEWED, True, sha256=sha256)

    def require(self, skill: Skill) -> str:
        """Make sure that `skill` may be used now; the sum of its files ("" for a bundled one).

        One of mine is recorded as it is at its first use, so that a later change is noticed.

        Raises:
            NeedsReview: a person has to look first; the message says at what.
        """
        standing = self.standing(skill)
        if not standing.usable:
            raise _refusal(skill, standing)
        if standing.trust is Trust.NEW:
            return self.trust(skill)
        return standing.sha256

    def trust(self, skill: Skill) -> str:
        """Record that a person has looked at the skill as it is now; the sum of its files.

        Raises:
            SkillError: its files can't be read, or the record can't be written.
        """
        sums = digest(skill.path)

        def change(data: TrustRecord) -> None:
            now: SkillRecorded = {
                "name": skill.name,
                "files": sums,
                "sha256": whole(sums),
                "at": _now(),
            }
            data["skills"].setdefault(_key(skill), {}).update(now)

        self._write(change)
        return whole(sums)

    def fetched(self, folder: Path, source: str) -> None:
        """Record that `folder` came from elsewhere, so that its first use needs a review."""

        def change(data: TrustRecord) -> None:
            data["skills"][os.path.realpath(folder)] = {"source": source, "at": _now()}

        self._write(change)

    def distrust(self, skill: Skill) -> None:
        """Take the review back: whosesoever it is, somebody has to look before the next use."""

        def change(data: TrustRecord) -> None:
            entry = data["skills"].get(_key(skill), SkillRecorded())
            data["skills"][_key(skill)] = {
                "source": entry.get("source") or "review taken back",
                "at": _now(),
            }

        self._write(change)

    def source(self, skill: Skill) -> str:
        """Where `add` fetched it from, or ""."""
        self._read()
        return self._entry(skill).get("source", "")

    def trust_folder(self, folder: Path, trusted: bool = True) -> None:
        """Trust the project `folder` (or no longer): its skills may then be reviewed and used."""
        key = os.path.realpath(folder)

        def change(data: TrustRecord) -> None:
            if trusted:
                data["folders"][key] = _now()
            else:
                data["folders"].pop(key, None)

        self._write(change)

    def folder_trusted(self, folder: Path) -> bool:
        """Whether `folder` itself, or one above it, was trusted."""
        self._read()
        folders = self._data["folders"]
        if not folders:
            return False
        real = Path(os.path.realpath(folder))
        return any(str(above) in folders for above in (real, *real.parents))

    def _entry(self, skill: Skill) -> SkillRecorded:
        return self._data["skills"].get(_key(skill), SkillRecorded())

    def _read(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._data = None, TrustRecord(skills={}, folders={})
            return
        except OSError as error:
            raise SkillError(f"{self.path} can't be read: {error.strerror}.") from error
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._data = self._parse()
            self._stamp = stamp

    def _parse(self) -> TrustRecord:
        try:
            data: Any = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            # A record that can't be read trusts nothing; the next review writes a new one.
            data = {}
        known = _table(data)
        skills = {
            key: _recorded(_table(entry)) for key, entry in _table(known.get("skills")).items()
        }
        folders = {key: str(since) for key, since in _table(known.get("folders")).items()}
        return {"skills": skills, "folders": folders}

    def _write(self, change: Callable[[TrustRecord], object]) -> None:
        """Apply `change` to the record as it is on disk now."""
        try:
            with self._held():
                self._stamp = None
                self._read()
                change(self._data)
                self._replace()
        except OSError as error:
            raise SkillError(
                f"{self.path} can't be written: {error.strerror}.",
                "Make its folder writable.",
            ) from error

    def _replace(self) -> None:
        text = json.dumps({"version": VERSION, **self._data}, indent=1, sort_keys=True)
        private_files.write(self.path, text)
        self._stamp = None

    @contextmanager
    def _held(self) -> Iterator[None]:
        private_files.folder(self.path.parent)
        with private_files.locked(self.path.with_suffix(".lock")):
            yield


def _changes(before: dict[str, str], now: dict[str, str]) -> Iterator[SkillChange]:
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield SkillChange(path, "removed")
        elif path not in before:
            yield SkillChange(path, "added")
        elif before[path] != now[path]:
            yield SkillChange(path, "changed")


def _table(told: object) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _recorded(told: dict[str, Any]) -> SkillRecorded:
    """A skill of the record; what is not as this version writes it counts as little as it can:
    files that are no table were never reviewed, a sum that is none is no file's."""
    kept = {**told, **{key: str(told[key] or "") for key in _WORDS if key in told}}
    if isinstance(files := kept.pop("files", None), dict):
        kept["files"] = {path: str(value) for path, value in files.items()}
    return cast("SkillRecorded", kept)  # with what a newer version has there


def _refusal(skill: Skill, standing: Standing) -> NeedsReview:
    if standing.trust is Trust.FOLDER:
        return NeedsReview(
            f"The skill {skill.name} belongs to {standing.folder}, which is not trusted.",
            f"Look at it, then: agentdeck skills trust --folder {standing.folder}",
        )
    if standing.trust is Trust.CHANGED:
        names = ", ".join(change.path for change in standing.changes[:5])
        more = len(standing.changes) - 5
        names += f" and {more} more" if more > 0 else ""
        what = f"The skill {skill.name} changed since it was reviewed: {names}."
    else:
        what = f"Nobody has reviewed the skill {skill.name} yet."
    return NeedsReview(what, f"Look at it, then: agentdeck skills trust {skill.name}")


def _project(skill: Skill) -> Path:
    """The project folder of a skill found in `<folder>/.agents/skills`."""
    return skill.root.parent.parent


def _key(skill: Skill) -> str:
    return os.path.realpath(skill.path)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
