"""What git follows: the folders and files by which a repository makes git run something.

A command in the sandbox works with git: it commits, switches, rebases, in the main checkout, in a
linked worktree and in a subfolder alike. It must not leave anything by which the user's next git
command, outside, runs what the sandboxed one wrote. So every git folder is a border of its own:
it can't be moved or replaced, `GUARDED` in it can't be changed, and what was not there before is
looked at afterwards.

Sources: gitrepository-layout(5), git-config(1), git-worktree(1) of git 2.39.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

GUARDED = ("hooks", "config", "config.worktree", "commondir", "gitdir")
"""In any git folder: hooks run; configurations name programs; the others say where both are."""
_MAX_FOLDERS = 50_000
_MAX_NESTED = 300
_SMALL = 256 * 2**10

# What a new repository's configuration may hold: nothing by which git runs a program.
_HARMLESS = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode"
    r"|symlinks|worktree|autocrlf|eol|safecrlf|sparsecheckout(cone)?|abbrev|quotepath)"
    r"|extensions\.(objectformat|refstorage|worktreeconfig|partialclone|compatobjectformat)"
    r"|remote\..*\.(url|pushurl|fetch|push|tagopt|promisor|partialclonefilter|prune|mirror)"
    r"|branch\..*\.(remote|merge|rebase|pushremote|description)|branch\.auto.*"
    r"|submodule\..*\.(url|active|branch)|submodule\.active|user\.(name|email)"
    r"|(init|color|advice|gc|pull|merge|rebase|fetch|index|pack|push|commit|log|status|tag)"
    r"\.(defaultbranch|ui|auto|rebase|ff|conflictstyle|autostash|prune|threads|default|gpgsign"
    r"|verbose|date|short|[a-z]*hint|detachedhead|autodetach|quiet)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GitFolder:
    """The repository that a folder is part of.

    `own`: the git folder of this checkout; `common`: the one that all of its worktrees share (the
    same in a main checkout). `pointer`: the `.git` file of a worktree or submodule.
    """

    own: Path
    common: Path
    pointer: Path | None = None


def repository(root: Path) -> GitFolder | None:
    """The repository of `root`, found upwards as git does; None where there is none.

    A `.git` file counts only if what it points to points back: a forged one makes no other
    repository of the user's a part of this workspace.
    """
    for folder in (root, *root.parents):
        git = folder / ".git"
        if git.is_symlink():
            return None
        if git.is_dir():
            return GitFolder(git, git)
        if git.is_file():
            return _pointed(git)
    return None


def _pointed(git: Path) -> GitFolder | None:
    words = _small(git)
    if not words.startswith("gitdir:"):
        return None
    own = Path(os.path.normpath(git.parent / words.removeprefix("gitdir:").strip()))
    if not (own / "HEAD").is_file() or own.resolve() != own:
        return None
    shared = _small(own / "commondir").strip()
    if shared:
        common = Path(os.path.normpath(own / shared))
        back = Path(os.path.normpath(own / _small(own / "gitdir").strip()))
        if back != git or own.parent != common / "worktrees" or not (common / "HEAD").is_file():
            return None
        return GitFolder(own, common, git)
    tree = _values(own / "config").get("core.worktree", "")
    if tree and Path(os.path.normpath(own / tree)) == git.parent:
        return GitFolder(own, own, git)
    return None


def folders_of(common: Path) -> list[Path]:
    """A repository's git folders: itself, its worktrees', its submodules'."""
    found = [common]
    for below in ("worktrees", "modules"):
        try:
            inside = list(os.walk(common / below)) if (common / below).is_dir() else []
        except OSError:
            continue
        for path, _, files in inside[:_MAX_FOLDERS]:
            if "HEAD" in files and not path.endswith("/logs"):
                found.append(Path(path))
    return found


@dataclass(slots=True)
class Nested:
    """The repositories within a workspace, found again at the price of a stat per folder."""

    root: Path
    _below: dict[str, tuple[int, list[str], bool]] = field(default_factory=dict)
    """Of each folder: its time, its subfolders, whether it holds a git folder (or is one)."""

    def look(self) -> tuple[set[Path], set[Path]]:
        """Git folders, and `.git` files, anywhere in the workspace."""
        folders: set[Path] = set()
        files: set[Path] = set()
        fresh: dict[str, tuple[int, list[str], bool]] = {}
        waiting = [str(self.root)]
        while waiting and len(fresh) < _MAX_FOLDERS and len(folders) < _MAX_NESTED:
            path = waiting.pop()
            known = self._folder(path)
            if known is None:
                continue
            fresh[path] = known
            waiting += known[1]
            if known[2]:
                git = Path(path, ".git")
                if is_git_folder(Path(path)):
                    folders.add(Path(path))  # a bare one
                if git.is_dir() and not git.is_symlink():
                    folders.add(git)
                elif git.is_file():
                    files.add(git)
        self._below = fresh
        return folders, files

    def _folder(self, path: str) -> tuple[int, list[str], bool] | None:
        try:
            time = os.lstat(path).st_mtime_ns
            known = self._below.get(path)
            if known is not None and known[0] == time:
                return known
            below: list[str] = []
            names: set[str] = set()
            with os.scandir(path) as entries:
                for entry in entries:
                    names.add(entry.name)
                    if entry.name != ".git" and entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
        except OSError:
            return None
        return time, below, ".git" in names or names >= {"HEAD", "objects", "refs"}


def is_git_folder(path: Path) -> bool:
    """Whether git would take it for a repository's own folder."""
    parts = ("HEAD", "objects", "refs")
    return all(os.path.lexists(path / part) for part in parts)


def guarded(folder: Path) -> tuple[list[Path], list[Path]]:
    """What can't be changed in a git folder, and what may not appear in it."""
    paths = [folder / name for name in GUARDED]
    there = [p for p in paths if os.path.lexists(p)]
    return there, [p for p in paths if p not in there]


def followed(folder: Path, root: Path) -> Iterator[Path]:
    """Files and folders of the workspace that a repository's configuration names.

    Included files, the folder of hooks, and programs of filters, aliases and monitors.
    """
    for key, value in _values(folder / "config", includes=True).items():
        if key.startswith(("remote.", "branch.", "submodule.", "user.")):
            continue
        names = [value]
        with contextlib.suppress(ValueError):
            names += shlex.split(value.lstrip("!"))[:2]
        for name in names:
            for start in (root, folder):
                path = Path(os.path.normpath(start / os.path.expanduser(name)))  # noqa: PTH111
                inside = path.is_relative_to(root) and path != root
                if name and inside and os.path.lexists(path) and not _large_folder(key, path):
                    yield path


def _large_folder(key: str, path: Path) -> bool:
    """A folder that is named by chance; only the one of hooks is meant."""
    return path.is_dir() and key not in ("core.hookspath", "init.templatedir")


def faults(folder: Path) -> Iterator[Path]:
    """What a git folder that is new holds by which git would run something."""
    hooks = folder / "hooks"
    if hooks.is_symlink():
        yield hooks
    elif hooks.is_dir():
        yield from (p for p in sorted(hooks.iterdir()) if p.suffix != ".sample")
    for name in ("config", "config.worktree"):
        path = folder / name
        if path.is_symlink() or (path.exists() and not _is_harmless(path)):
            yield path
    if os.path.lexists(folder / "commondir") and _small(folder / "commondir").strip() != "../..":
        yield folder / "commondir"


def _is_harmless(config: Path) -> bool:
    values = _values(config)
    if not values and _small(config).strip():
        return False  # git itself can't read it
    return all(_HARMLESS.fullmatch(key) for key in values)


def _values(config: Path, *, includes: bool = False) -> dict[str, str]:
    """A configuration's keys as git reads them; nothing where it can't."""
    if not config.is_file():
        return {}
    ask = ["git", "config", "--file", str(config), "--null", "--list"]
    if includes:
        ask.append("--includes")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ask, capture_output=True, timeout=10, stdin=subprocess.DEVNULL, cwd="/", env=clean
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, str] = {}
    for entry in done.stdout.decode("utf-8", "replace").split("\0"):
        key, _, value = entry.partition("\n")
        if key:
            found[key if key not in found else f"{key}.{len(found)}"] = value
    return found


def _small(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_SMALL).decode("utf-8", "replace")
    except OSError:
        return ""
