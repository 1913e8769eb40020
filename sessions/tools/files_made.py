"""Files that appeared or changed in a working directory while a command ran.

They are found after it (`deferred_file_scan` says when) by the time at which the system last noted
a change (a program can't set that one), in folders that are neither hidden nor ignored by git, and
in those that the configuration names.
Bounded in entries, time and what is told; links, devices and repositories within are left alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sessions.record.event_parts import FileMade
from sessions.tools import git
from sessions.tools.ignored_but_scanned import IgnoredButScanned

PICTURES = frozenset(
    {".svg", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
    | {".ico"}
)
_WORDS = """
.md .txt .rst .tex .pdf .docx .odt .pptx .epub .ipynb .qmd .rmd .csv .tsv .json .jsonl .ndjson
.yaml .yml .xml .toml .xlsx .ods .parquet .feather .arrow .sqlite .db .geojson .npy .npz .bib .ics
.vcf .srt .wav .mp3 .mp4 .py .sh .js .ts .rb .pl .r .go .rs .sql .lua .jl .c .cpp .h .java .kt .css
"""
_KEPT = PICTURES | frozenset(_WORDS.split())
_FOLDERS = """
node_modules __pycache__ venv env target dist build site-packages vendor bower_components htmlcov
"""
_LEFT_OUT = frozenset(_FOLDERS.split())
"""Folders of what tools keep for themselves, where no git says so."""
_LOOK = """
ls cat head tail less grep egrep rg wc pwd which stat du df file date whoami id uname ps printenv
type true echo
"""
_LOOKS = frozenset(_LOOK.split())
_GIT_LOOKS = frozenset({"status", "log", "diff", "show", "blame", "branch", "rev-parse"})

_NONE = IgnoredButScanned()

_OF_A_FOLDER = 20
"""Files of one folder that are told before those of others."""
MOST_ENTRIES = 100_000
MOST_S = 2.0
MOST_TOLD = 100
_MOST_DEPTH = 16
_HASHED = 2**20
_ALL_HASHED = 20 * 2**20
_GIT_S = 10.0


def worth(path: str) -> bool:
    """Whether a person might keep a file of that name: a picture, data, a report, code."""
    return PurePosixPath(path).suffix.lower() in _KEPT


def only_looks(command: str) -> bool:
    """Whether a plain command makes nothing, so that there is nothing to look for."""
    words = command.split()
    if not words or any(mark in command for mark in "<>|;&`$\n("):
        return False
    if words[0] == "git":
        return len(words) > 1 and words[1] in _GIT_LOOKS
    return words[0] in _LOOKS


@dataclass(slots=True)
class MadeFiles:
    """What was found."""

    files: list[FileMade] = field(default_factory=list)
    more: int = 0
    """Files beyond those told; at least so many where not all was looked at."""


@dataclass(frozen=True, slots=True)
class RunSpan:
    """From when to when a command ran, by the system's clock."""

    begun_ns: int
    ended_ns: int = 2**63


@dataclass(frozen=True, slots=True)
class _Changed:
    path: str
    size: int
    at_ns: int


def look(
    root: Path,
    since_ns: int,
    *,
    named: IgnoredButScanned = _NONE,
    clock: Callable[[], float] = time.monotonic,
) -> MadeFiles:
    """The files below `root` that changed at `since_ns` (of the system's clock) or later."""
    found = look_for(root, [RunSpan(since_ns)], named=named, clock=clock)
    return found[0] if found is not None else MadeFiles()


def look_for(
    root: Path,
    spans: Sequence[RunSpan],
    *,
    named: IgnoredButScanned = _NONE,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> list[MadeFiles] | None:
    """The files below `root` that each of some commands changed; None where it was `stopped`.

    A file is of the command that began last of those that ran when it was changed. What is `named`
    is looked in though it is hidden, a tool's own or ignored by git.
    """
    end = clock() + MOST_S
    since_ns = min(span.begun_ns for span in spans)
    # False too where a folder may not be read.
    in_git = any(os.path.exists(folder / ".git") for folder in (root, *root.parents))  # noqa: PTH110
    found: list[_Changed] = []
    level, left = [""], MOST_ENTRIES
    for _ in range(_MOST_DEPTH):
        folders: list[str] = []
        for folder in level:
            if stopped():
                return None
            if left <= 0 or clock() > end:
                break
            left -= _scan(root, folder, since_ns, found, folders, named)
        level = (
            _not_ignored(root, folders, named.opens, named.holds) if in_git and folders else folders
        )
        if not level:
            break
    by_span: dict[int, list[_Changed]] = {}
    for each in found:
        ran = [(s.begun_ns, n) for n, s in enumerate(spans) if s.begun_ns <= each.at_ns]
        ran = [(at, n) for at, n in ran if each.at_ns <= spans[n].ended_ns]
        if ran:
            by_span.setdefault(max(ran)[1], []).append(each)
    return [_told(root, by_span.get(n, []), in_git, named) for n in range(len(spans))]


def _told(root: Path, found: list[_Changed], in_git: bool, named: IgnoredButScanned) -> MadeFiles:
    """Those of one command, what a person may keep first, with hashes of what is small."""
    found = _first_of_each_folder(found)
    if in_git and found:
        kept = set(_not_ignored(root, [each.path for each in found[: 10 * MOST_TOLD]], named.holds))
        found = [each for each in found if each.path in kept]
    made = MadeFiles(more=max(0, len(found) - MOST_TOLD))
    room = _ALL_HASHED
    for each in found[:MOST_TOLD]:
        digest = _digest(root / each.path) if each.size <= min(_HASHED, room) else ""
        room -= each.size if digest else 0
        made.files.append({"path": each.path, "size": each.size, "sha256": digest})
    return made


def _first_of_each_folder(found: list[_Changed]) -> list[_Changed]:
    """What a person may keep first, and of no folder so many that they hide what else was made."""
    seen: Counter[str] = Counter()
    keyed = []
    for each in sorted(found, key=lambda each: each.path):
        kept, folder = worth(each.path), each.path.rpartition("/")[0]
        seen[folder] += kept
        keyed.append((not kept, seen[folder] > _OF_A_FOLDER, each))
    keyed.sort(key=lambda key: key[:2])
    return [each for _, _, each in keyed]


def _scan(
    root: Path,
    folder: str,
    since_ns: int,
    found: list[_Changed],
    folders: list[str],
    named: IgnoredButScanned,
) -> int:
    """Look at one folder; how many entries it has."""
    count = 0
    before = f"{folder}/" if folder else ""
    all_told = named.holds(folder) or not _private(folder)
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                count += 1
                if count > MOST_ENTRIES:
                    break
                name = entry.name
                if name == ".git":
                    if folder:
                        return count  # a repository within: its files are its own
                    continue
                path, hidden = before + name, name.startswith(".")
                if entry.is_dir(follow_symlinks=False):
                    if not (hidden or name in _LEFT_OUT) or named.opens(path):
                        folders.append(path)
                    continue
                if (hidden or not all_told) and not named.holds(path):
                    continue
                status = entry.stat(follow_symlinks=False)
                if status.st_ctime_ns >= since_ns and stat.S_ISREG(status.st_mode):
                    found.append(_Changed(path, status.st_size, status.st_ctime_ns))
    except OSError:
        return count + 1  # gone, or not ours to read
    return count


def _private(folder: str) -> bool:
    """Whether it lies in a hidden folder or in one that tools keep for themselves."""
    return any(part[0] == "." or part in _LEFT_OUT for part in folder.split("/") if part)


def _not_ignored(root: Path, paths: Sequence[str], *unless: Callable[[str], bool]) -> list[str]:
    """Those that git does not ignore, and those that are named; all, where git can't say."""
    asked = b"\0".join(os.fsencode(path) for path in paths) + b"\0"
    try:
        done = git.run(root, ["check-ignore", "-z", "--stdin"], stdin=asked, timeout_s=_GIT_S)
    except git.GitFault:
        return list(paths)
    ignored = set(git.names(done.stdout))
    return [path for path in paths if path not in ignored or any(named(path) for named in unless)]


def _digest(path: Path) -> str:
    """The hash of a small file's content, "" if it can't be read whole."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            data = file.read(_HASHED + 1)
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest() if len(data) <= _HASHED else ""
