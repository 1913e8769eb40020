"""Where drafts lie: each whole or not there, whoever is killed and whenever.

A draft is replaced by putting the old one aside (`.name.before`), writing the new one and only
then taking the old one away; one that is thrown away is put aside (`.name.gone`) first. What a
crash leaves aside is settled by whoever looks next. A lock keeps the engine and the command line
from each other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessions.errors import AgentdeckError, NotFound
from sessions.harvest.draft import SkillDraft, sha256, slug
from sessions.harvest.draft_record import DraftRecord, recorded
from sessions.paths import private_folder
from skills import private_files

_BEFORE = ".before"
_GONE = ".gone"
_LOCK = ".lock"


class Shelf:
    """The drafts in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Names of all drafts."""
        if not self.folder.is_dir():
            return []
        with self._locked():
            return self._names()

    def draft(self, name: str) -> SkillDraft:
        """A draft as it lies there, edits included. Raises NotFound or UsageError."""
        if not self.folder.is_dir():
            raise _missing(name)
        with self._locked():
            folder = self.folder / slug(name)
            if not folder.is_dir():
                raise _missing(name)
            return SkillDraft.read(folder)

    def recorded(self, name: str) -> DraftRecord:
        """What a draft was when it was written."""
        return recorded(self.folder / slug(name))

    def touched(self, name: str) -> bool:
        """Whether somebody, or a model, has worked on a draft since it was made."""
        draft, written = self.draft(name), self.recorded(name)
        hashes = {path: sha256(data) for path, data in draft.files.items()}
        if draft.rounds or hashes != written.get("sha256"):
            return True
        return written.get("skill_md", "") != draft.skill_md()

    def add(self, draft: SkillDraft) -> SkillDraft:
        """Put a draft there, under a name that is free if its own is taken."""
        private_folder(self.folder)
        with self._locked():
            draft.name = self._free(draft.name)
            draft.write(self.folder)
        return draft

    def free(self, name: str) -> str:
        """The name, or one like it, that no draft has."""
        return self._free(name) if self.folder.is_dir() else name

    def replace(self, old: str, draft: SkillDraft) -> SkillDraft:
        """Put a draft in the place of another, which stays until the new one is whole."""
        with self._locked():
            there, kept = self.folder / old, self.folder / f".{old}{_BEFORE}"
            there.rename(kept)
            try:
                draft.write(self.folder)
            except BaseException:
                kept.rename(there)
                raise
            shutil.rmtree(kept, ignore_errors=True)
        return draft

    def take_away(self, name: str) -> None:
        """Throw a draft away."""
        with self._locked():
            gone = self.folder / f".{name}{_GONE}"
            (self.folder / name).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    # -- parts

    def _names(self) -> list[str]:
        here = (p for p in self.folder.iterdir() if not p.name.startswith("."))
        return sorted(p.name for p in here if (p / "harvest.json").exists())

    def _free(self, name: str) -> str:
        taken, free, number = set(self._names()), name, 2
        while free in taken:
            free, number = f"{name[:60]}-{number}", number + 1
        return free

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            fd = private_files.lock(self.folder / _LOCK)
        except OSError as error:
            raise AgentdeckError(
                f"{self.folder} can't be used: {error.strerror}.", "Check its permissions."
            ) from error
        try:
            self._settle()
            yield
        finally:
            os.close(fd)

    def _settle(self) -> None:
        """Bring in order what somebody left who was killed; nobody else is at it now."""
        for aside in list(self.folder.glob(".*")):
            if aside.name == _LOCK:
                continue
            name = aside.name.removeprefix(".").removesuffix(_BEFORE)
            if aside.name.endswith(_BEFORE) and not (self.folder / name).exists():
                aside.rename(self.folder / name)
            else:
                shutil.rmtree(aside, ignore_errors=True)


def _missing(name: str) -> NotFound:
    return NotFound(f"There is no draft {name}.", "Make one from the basket.")
