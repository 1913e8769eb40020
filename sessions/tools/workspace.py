"""What a path is: where it really leads, and which of the user's borders it crosses.

A path is resolved once, links and `..` as the kernel would, and compared by components. The
comparison that gives rights (inside the workspace) is exact; the ones that take them away
(secrets, steering files, agentdeck's own) are forgiving, see `protected_paths.fold`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sessions.paths import Places
from sessions.tools import protected_paths, unicode_names
from sessions.tools.fault import ToolFault

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
    """A path as it is. `asked`: how it was asked for, where that leads elsewhere by its words.

    `own`: one of the session's `files/`. `skill`: a skill's file. `secret`, `steering`,
    `forbidden`: why, or "".
    """

    asked: str
    path: Path
    inside: bool
    own: bool = False
    skill: bool = False
    secret: str = ""
    steering: str = ""
    forbidden: str = ""

    @property
    def shown(self) -> str:
        """The real path, and what was asked for where that differs."""
        return f"{self.path} (asked for as {self.asked!r})" if self.asked else str(self.path)


class Guard:
    """The borders of one session's workspace.

    `root` comes from the user, never from a tool's argument. `skills`: folders of skills.
    """

    def __init__(
        self, root: Path, files: Path, places: Places, skills: Sequence[Path] = ()
    ) -> None:
        self.root = root.resolve()
        self.files = files.resolve()
        self.places = places
        own = [places.config_file.parent, places.data, places.state, places.run]
        self.own_folders = tuple(p.resolve() for p in own)
        self._own = tuple(protected_paths.folded(p) for p in self.own_folders)
        self._config = protected_paths.folded(places.config_file.resolve())
        found = (os.path.realpath(p.expanduser()) for p in (places.my_skills, *skills))
        self.skill_folders = tuple(map(Path, found))  # `resolve` fails of a link to itself
        self._skills = tuple(protected_paths.folded(p) for p in self.skill_folders)

    def look(self, asked: str) -> Target:
        """Resolve a path and say what it is. Raises ToolFault for what can be no path."""
        if not asked.strip():
            raise ToolFault("The path is empty.")
        if _CONTROL.search(asked):
            raise ToolFault(f"The path holds control characters: {asked!r}.")
        if len(os.fsencode(asked)) > 4000:
            raise ToolFault("The path is too long.")
        base = Path(asked).expanduser() if asked == "~" or asked.startswith("~/") else asked
        try:
            path = Path(os.path.realpath(unicode_names.as_stored(self.root / base)))
        except OSError as error:
            raise ToolFault(f"{asked}: {error.strerror}.") from error
        if any(len(os.fsencode(part)) > 255 for part in path.parts):
            raise ToolFault("A name in the path is too long.")
        plain = os.path.normpath(self.root / base) == str(path)
        return self.judge(path, "" if plain else asked)

    def judge(self, path: Path, asked: str = "") -> Target:
        """Say what a path is that has been resolved already."""
        own = path == self.files or path.is_relative_to(self.files)
        return Target(
            asked=asked,
            path=path,
            inside=path == self.root or path.is_relative_to(self.root),
            own=own,
            skill=any(path == s or path.is_relative_to(s) for s in self.skill_folders),
            secret=protected_paths.secret(path),
            steering=self._steering(path),
            forbidden="" if own else self._forbidden(path),
        )

    def _steering(self, path: Path) -> str:
        if why := protected_paths.steering(path):
            return why
        parts = protected_paths.folded(path)
        for skills in self._skills:
            if parts[: len(skills)] == skills:
                return "skills steer sessions"
        return ""

    def _forbidden(self, path: Path) -> str:
        """Why no tool may touch it: agentdeck's own configuration, records and socket."""
        parts = protected_paths.folded(path)
        if parts == self._config:
            return "it is agentdeck's own configuration"
        if self._in_skills(parts):
            return ""
        root = protected_paths.folded(self.root)
        within = parts[: len(root)] == root
        for own in self._own:
            # A workspace may lie in one of agentdeck's folders: a worktree, a sandbox of tests.
            if parts[: len(own)] == own and not (within and root[: len(own)] == own):
                return "it belongs to agentdeck itself"
        beyond = parts[len(root) :] if within else parts
        return "it belongs to agentdeck itself" if ".agentdeck" in beyond else ""

    def _in_skills(self, parts: tuple[str, ...]) -> bool:
        return any(parts[: len(skills)] == skills for skills in self._skills)
