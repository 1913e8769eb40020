"""Taking a skill in, and out again.

Everything is gathered in a folder of its own beside the library, synced, and comes in by one
rename: after a crash there is the whole skill or nothing. A skill is copied, never linked. What
is removed lies in a trash and can be put back.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from skills import archive, entries, fetch, private_files
from skills import text as unseen
from skills.discover import PARTIAL, Root, Scanner
from skills.entries import Entries, refused, shown, skipped
from skills.errors import NotThere, Refused, Several, SkillError, Taken
from skills.shapes import RemovedFrom
from skills.skill import Scope, Skill, read

_STALE_S = 24 * 3600.0
_ORIGIN = "origin.json"


@dataclass(frozen=True, slots=True)
class Removed:
    """A skill in the trash: its name, where it was, where it lies now, when it went."""

    name: str
    was: Path
    now: Path
    at: str


def add(
    source: str, mine: Path, trash: Path, *, only: str = "", name: str = "", replace: bool = False
) -> Skill:
    """Copy the skill at `source` (a folder, a zip or `.skill` archive, a git URL) into `mine`.

    Args:
        only: which one, where the source holds several.
        name: what its folder shall be called; the skill's own name otherwise.
        replace: put a skill that has the name already into the trash first.

    Raises:
        Refused: what may not come in; `entry` names it.
        SkillError: it can't be fetched, read or written.
    """
    with _staging(mine) as staging:
        folder = _look_in(source, staging)
        found = _choose(folder, only)
        called = entries.skill_name(name or _name_of(found, source, folder))
        ready = staging / "ready" / called
        ready.parent.mkdir(mode=0o700)
        _copy(_inside(found.path, folder), ready)
        _sync_folders(ready)
        target = mine / called
        if os.path.lexists(target):
            if not replace:
                raise Taken(
                    f"You have a skill {called} already.",
                    "Remove it, replace it with --replace, or add it --as another NAME.",
                    entry=called,
                )
            remove(target, trash)
        ready.rename(target)
        private_files.sync_folder(mine)
    return read(target, Scope.MINE, mine)


def _look_in(source: str, staging: Path) -> Path:
    """The folder to look for the skill in: the source itself, or what it unpacks to."""
    path = Path(source).expanduser()
    if not os.path.lexists(path) and fetch.is_url(source):
        return fetch.clone(fetch.parse_url(source), staging / "clone")
    if path.is_dir():
        return path.absolute()
    if path.is_file():
        if path.name.lower() == "skill.md":
            return path.absolute().parent
        unpacked = staging / "unpacked"
        unpacked.mkdir(mode=0o700)
        archive.unpack(path, unpacked)
        return unpacked
    if os.path.lexists(path):
        raise refused(source, "is neither a folder nor a file")
    raise SkillError(
        f"There is no {shown(source)}.",
        "Give a folder, a .zip or .skill archive, or a git address (https://…).",
    )


def _inside(skill: Path, folder: Path) -> Path:
    """`skill`, unless a link leads to it from within `folder` and out of it."""
    if not skill.resolve().is_relative_to(folder.resolve()):
        raise refused(skill.relative_to(folder).as_posix(), "is a link that leaves the folder")
    return skill


def _choose(folder: Path, only: str) -> Skill:
    """The one skill in `folder`, or the one that is called `only`."""
    found = Scanner().scan([Root(folder, Scope.MINE)])
    skills = found.skills
    if only:
        wanted = unseen.fold(only)
        skills = [s for s in skills if wanted in (unseen.fold(s.name), unseen.fold(s.path.name))]
        skills.sort(key=lambda s: unseen.fold(s.path.name) != wanted)  # its folder's name is unique
    if len(skills) == 1 or (skills and only):
        return skills[0]
    if skills:
        called = [s.name for s in skills]
        # Of one name twice, the folders tell them apart.
        names = sorted(s.name if called.count(s.name) == 1 else shown(s.path.name) for s in skills)
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        said = f"There are {len(names)} skills in it: {', '.join(names[:20])}{more}."
        raise Several(said, "Say --skill NAME.", names)
    if found.broken:
        broken = found.broken[0]
        where = broken.path.relative_to(folder) / "SKILL.md"
        raise Refused(f"{where} does not load: {broken.why}", entry=str(where))
    what = f"no skill {shown(only)}" if only else "no SKILL.md"
    raise Refused(f"There is {what} in it; nothing was taken.", "A skill is a folder with one.")


def _name_of(skill: Skill, source: str, folder: Path) -> str:
    """The skill's own name if it can be a folder's, else that of the folder it came in."""
    if entries.SAFE_NAME.match(skill.name):
        return skill.name
    # At the top of an archive or a folder there is no folder's name but the source's.
    came_in = Path(source.rstrip("/")).stem if skill.path == folder else skill.path.name
    return came_in if entries.SAFE_NAME.match(came_in) else skill.name


def _copy(source: Path, target: Path) -> None:
    """Copy a folder; a link to a file in it is copied as the file it leads to.

    Raises:
        Refused: a link that leaves the folder, a special file, a name that may not be.
        SkillError: something can't be read or written.
    """
    seen = Entries()
    top = source.resolve()
    try:
        target.mkdir(mode=0o700)
        for where, folders, files in os.walk(source, onerror=_raise):
            here = Path(where).relative_to(source)
            for name in sorted(folders):  # a copy, for `folders` is pruned
                path = (here / name).as_posix()
                if skipped(path):
                    folders.remove(name)
                    continue
                if (source / path).is_symlink():
                    raise refused(path, "is a link to a folder")
                seen.folder(path)
                (target / path).mkdir(mode=0o700)
            folders.sort()
            for name in sorted(files):
                path = (here / name).as_posix()
                if not skipped(path):
                    _copy_file(source, top, path, target, seen)
    except OSError as error:
        name = shown(str(error.filename or source))
        raise SkillError(f"{name} can't be copied: {error.strerror or error}.") from error


def _raise(error: OSError) -> None:
    raise error


def _copy_file(source: Path, top: Path, path: str, target: Path, seen: Entries) -> None:
    full = source / path
    try:
        # What lies behind links in a circle would be a guess.
        real = full.resolve(strict=True) if full.is_symlink() else full
    except RuntimeError as error:  # before Python 3.13; else OSError
        raise refused(path, "is a link in a circle") from error
    if full.is_symlink() and not real.is_relative_to(top):
        raise refused(path, "is a link that leaves the folder")
    descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refused(path, "is neither a file nor a folder")
        seen.file(path, status.st_size)
        mode = 0o700 if status.st_mode & 0o100 else 0o600
        with archive.create(target / path, mode) as out:
            copied = 0
            while chunk := stream.read(65_536):
                copied += len(chunk)
                if copied > status.st_size:
                    seen.grow(path, len(chunk))
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())


@contextmanager
def _staging(mine: Path) -> Iterator[Path]:
    """A folder beside the skills in which one comes together; gone afterwards, whatever happens."""
    try:
        private_files.folder(mine)
        _sweep(mine)
        staging = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=mine))
    except OSError as error:
        raise SkillError(
            f"{mine} can't be written: {error.strerror or error}.", "Make it writable."
        ) from error
    try:
        yield staging
    except OSError as error:
        raise SkillError(f"The skill can't be put in place: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sweep(mine: Path) -> None:
    """Clear away what a crash left of an earlier attempt."""
    for left in mine.glob(f"{PARTIAL}*"):
        if not left.is_symlink() and time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _sync_folders(folder: Path) -> None:
    for where, _, _ in os.walk(folder):
        private_files.sync_folder(Path(where))


def write(files: dict[str, bytes], name: str, mine: Path, trash: Path, replace: bool) -> Skill:
    """Put a skill that was made here (its files by path) into `mine`, as `add` does.

    Raises:
        Refused: as `add`.
        SkillError: as `add`.
    """

    def fill(folder: Path) -> None:
        seen = Entries()
        for path, data in files.items():
            target = folder / seen.file(path, len(data))
            private_files.folder(target.parent)
            with archive.create(target, 0o600) as out:
                out.write(data)

    return _from_maker(fill, name, mine, trash, replace)


def _from_maker(
    fill: Callable[[Path], None], name: str, mine: Path, trash: Path, replace: bool
) -> Skill:
    with tempfile.TemporaryDirectory(prefix=PARTIAL) as made:
        folder = Path(made) / entries.skill_name(name)
        folder.mkdir(mode=0o700)
        fill(folder)
        return add(str(folder), mine, trash, name=name, replace=replace)


def remove(folder: Path, trash: Path) -> Removed:
    """Move the skill in `folder` (or the link to one) to `trash`.

    Raises:
        SkillError: it can't be moved.
    """
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    try:
        private_files.folder(trash)
        slot = Path(tempfile.mkdtemp(prefix=f"{at}-", dir=trash))
        origin: RemovedFrom = {"name": folder.name, "was": str(folder.absolute()), "at": at}
        with archive.create(slot / _ORIGIN, 0o600) as out:
            out.write(json.dumps(origin).encode())
        kept = slot / "skill"
        try:
            folder.rename(kept)
        except OSError:
            # Another file system: copied first, so that nothing is lost in between.
            shutil.copytree(folder, kept, symlinks=True)
            shutil.rmtree(folder)
    except OSError as error:
        raise SkillError(
            f"{shown(str(folder))} can't be removed: {error.strerror or error}."
        ) from error
    return Removed(folder.name, folder.absolute(), kept, at)


def removed(trash: Path) -> list[Removed]:
    """What lies in the trash, the latest first."""
    found: list[Removed] = []
    for slot in sorted(trash.glob("*"), reverse=True) if trash.is_dir() else []:
        try:
            origin = _origin(slot / _ORIGIN)
            item = Removed(origin["name"], Path(origin["was"]), slot / "skill", origin["at"])
        except (OSError, ValueError, msgspec.ValidationError):
            continue
        if os.path.lexists(item.now):
            found.append(item)
    return found


def _origin(file: Path) -> RemovedFrom:
    # json: a name that is no text in UTF-8 is written with surrogates, which msgspec refuses.
    return msgspec.convert(json.loads(file.read_text(encoding="utf-8")), RemovedFrom)


def undo(trash: Path, name: str = "") -> Path:
    """Put the skill that was removed last (or the last one called `name`) back; its folder.

    Raises:
        NotThere: nothing of that name lies in the trash.
        SkillError: its place is taken, or it can't be moved.
    """
    item = next((r for r in removed(trash) if not name or r.name == name), None)
    if item is None:
        what = f"No skill {shown(name)} lies" if name else "Nothing lies"
        raise NotThere(f"{what} in the trash.")
    if os.path.lexists(item.was):
        raise SkillError(f"{item.was} is there again.", "Remove that one first.")
    try:
        private_files.folder(item.was.parent)
        try:
            item.now.rename(item.was)
        except OSError:
            shutil.copytree(item.now, item.was, symlinks=True)
        shutil.rmtree(item.now.parent, ignore_errors=True)
    except OSError as error:
        raise SkillError(f"{item.was} can't be put back: {error.strerror or error}.") from error
    return item.was
