"""Where skills lie, and finding them there.

Roots, first to last: the project's (`.agents/skills`, `.claude/skills` and what other agents read
there, from the working directory upwards to the repository's top), mine, those of other programs
at home, configured folders, bundled ones. Of two skills with one name the first is used and the
other is shown as shadowed; a project that is not trusted comes last, so that entering a folder
can't put its own skill in the place of one of mine.

Everything is bounded: a root costs at most `MAX_FOLDERS` folders, `MAX_DEPTH` deep; a walk stops
at a SKILL.md, and a link back to where it came from is not followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from skills import text as unseen
from skills.errors import Unreadable
from skills.parse import FILE, decode, read_bytes
from skills.skill import Scope, Skill, from_text

MAX_DEPTH = 6
MAX_FOLDERS = 20_000
_UPWARDS = 40
_NEVER = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv"})
PARTIAL = ".agentdeck-"
"""How folders are called while they are being made; nothing in them is a skill yet."""
_HARNESS = (
    ".agents/skills",
    ".claude/skills",
    ".codex/skills",
    ".opencode/skills",
    ".qwen/skills",
    ".github/skills",
)
# What other programs keep besides (notes of their documentation; a missing folder costs one stat).
_HOME = (
    ".agents/skills",
    ".claude/skills",
    ".codex/skills",
    ".gemini/skills",
    ".config/opencode/skills",
    ".config/opencode/skill",
    ".config/agents/skills",
    ".copilot/skills",
    ".opencode/skills",
    ".qwen/skills",
    ".vibe/skills",
)
BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of skills. `project`: the folder whose trust its skills need, else None."""

    path: Path
    scope: Scope
    project: Path | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A folder with a SKILL.md that does not load, and why."""

    path: Path
    scope: Scope
    why: str
    rule: str = ""


@dataclass(slots=True)
class FoundSkills:
    """What a scan gave; `notices` say where it stopped early."""

    skills: list[Skill] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def project_folders(cwd: Path, home: Path) -> list[Path]:
    """`cwd` and the folders above it: up to the repository's top, else to below home or `/`."""
    cwd = Path(os.path.abspath(cwd))  # noqa: PTH100
    above = [cwd, *cwd.parents][:_UPWARDS]
    folders: list[Path] = []
    for folder in above:
        if folder == home:
            break
        folders.append(folder)
        if os.path.exists(folder / ".git"):  # noqa: PTH110 - False too where it may not be read
            break
    return folders


def roots(
    cwd: Path | None, mine: Path, home: Path | None = None, configured: Iterable[Path] = ()
) -> list[Root]:
    """All folders of skills in their order, existing or not, each once."""
    home = Path.home() if home is None else home
    found: list[Root] = []
    for folder in project_folders(cwd, home) if cwd is not None else []:
        found += (Root(folder / sub, Scope.PROJECT, folder) for sub in _HARNESS)
    found.append(Root(mine, Scope.MINE))
    found += (Root(home / sub, Scope.HOME) for sub in _HOME)
    found += (Root(path.expanduser(), Scope.CONFIGURED) for path in configured)
    found.append(Root(BUNDLED, Scope.BUNDLED))
    known: set[Path] = {mine}
    unique: list[Root] = []
    for root in found:
        # My own folder may be one of the harnesses' or lie in the project: it is mine.
        if root.path in known and root.scope is not Scope.MINE:
            continue
        known.add(root.path)
        unique.append(root)
    return unique


class Scanner:
    """Finds skills below roots; keeps what did not change since the last scan."""

    def __init__(self) -> None:
        self._cache: dict[str, tuple[tuple[int, int, int], Skill | Broken]] = {}

    def scan(
        self, roots: Iterable[Root], trusted: Callable[[Path], bool] = lambda folder: True
    ) -> FoundSkills:
        """All skills below `roots`, the used ones before those they shadow."""
        found = FoundSkills()
        seen: set[str] = set()
        ordered = sorted(roots, key=lambda r: r.project is not None and not trusted(r.project))
        for root in ordered:
            _Walk(self, root, found, seen).run()
        found.skills = shadow(found.skills)
        return found

    def skill(self, folder: str, root: Root, found: FoundSkills) -> bool:
        """Take the skill in `folder`, if there is one."""
        file = f"{folder}/{FILE}"
        try:
            status = os.stat(file)  # noqa: PTH116  (a Path for each of thousands would be the cost)
        except OSError:
            return self._dangling(file, folder, root, found)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        cached = self._cache.get(folder)
        if cached is None or cached[0] != stamp or cached[1].scope is not root.scope:
            cached = (stamp, _read(file, folder, root))
            self._cache[folder] = cached
        if isinstance(cached[1], Skill):
            found.skills.append(cached[1])
        else:
            found.broken.append(cached[1])
        return True

    @staticmethod
    def _dangling(file: str, folder: str, root: Root, found: FoundSkills) -> bool:
        if not Path(file).is_symlink():
            return False
        why = "Its SKILL.md is a link to nothing."
        found.broken.append(Broken(Path(folder), root.scope, why, "no-skill-md"))
        return True


def _read(file: str, folder: str, root: Root) -> Skill | Broken:
    try:
        return from_text(decode(read_bytes(file)), Path(folder), root.scope, root.path)
    except Unreadable as error:
        return Broken(Path(folder), root.scope, unseen.one_line(error.message), error.rule)


class _Walk:
    """One walk over one root."""

    def __init__(self, scanner: Scanner, root: Root, found: FoundSkills, seen: set[str]) -> None:
        self._scanner, self._root, self._found, self._seen = scanner, root, found, seen
        self._left = MAX_FOLDERS

    def run(self) -> None:
        top = str(self._root.path)
        if os.path.isdir(top):  # noqa: PTH112
            self._visit(top, os.path.realpath(top), 0)
        if self._left < 0:
            text = f"{unseen.one_line(top)}: only the first {MAX_FOLDERS:,} folders were looked at."
            self._found.notices.append(text)

    def _visit(self, folder: str, real: str, depth: int) -> None:
        """`real` is `folder` without links; a folder is looked at once, whatever leads to it."""
        self._left -= 1
        if self._left < 0 or real in self._seen:
            return
        self._seen.add(real)
        if self._scanner.skill(folder, self._root, self._found) or depth >= MAX_DEPTH:
            return
        for name, is_link in _folders(folder):
            below = f"{folder}/{name}"
            self._visit(below, os.path.realpath(below) if is_link else f"{real}/{name}", depth + 1)


def _folders(folder: str) -> list[tuple[str, bool]]:
    """The folders in `folder` by name, and whether each is a link."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry.name, entry.is_symlink())
                for entry in entries
                if entry.name not in _NEVER
                and not entry.name.startswith(PARTIAL)
                and _is_folder(entry)
            )
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def shadow(skills: Iterable[Skill]) -> list[Skill]:
    """Mark every skill whose name (case and hyphens aside) was taken by one before it."""
    used: dict[str, Path] = {}
    marked: list[Skill] = []
    for skill in skills:
        winner = used.setdefault(unseen.fold(skill.name), skill.path)
        by = None if winner == skill.path else winner
        marked.append(skill if skill.shadowed_by == by else replace(skill, shadowed_by=by))
    return marked
