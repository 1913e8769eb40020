"""All skills of one installation: found, reviewed, taken in and out.

Reading is cheap and may be done on every look: what did not change is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skills import install
from skills import text as unseen
from skills.discover import Broken, FoundSkills, Root, Scanner, roots
from skills.errors import NotThere, SkillError
from skills.install import Removed
from skills.review import SkillReview, review
from skills.skill import Scope, Skill
from skills.trust import Lock, Standing


@dataclass(frozen=True, slots=True)
class SkillPlaces:
    """Where skills are, and where the library keeps its own: reviews and the trash."""

    mine: Path
    keep: Path
    """A folder of the library's own: `trust.json`, `trash/`."""
    home: Path | None = None
    """Whose other programs' folders are looked at; None: the user's home."""
    configured: tuple[Path, ...] = ()

    @property
    def trash(self) -> Path:
        """Where removed skills lie."""
        return self.keep / "trash"


class Library:
    """The skills that are seen from a working directory, and what may be done with them."""

    def __init__(self, places: SkillPlaces) -> None:
        self.places = places
        self.lock = Lock(places.keep / "trust.json")
        self._scanner = Scanner()
        self._found = FoundSkills()

    def roots(self, cwd: Path | None = None) -> list[Root]:
        """The folders of skills seen from `cwd`, existing or not, first to last."""
        places = self.places
        return roots(cwd, places.mine, places.home, places.configured)

    def scan(self, cwd: Path | None = None) -> list[Skill]:
        """All skills seen from `cwd`, those of the first root first; shadowed ones are marked."""
        self._found = self._scanner.scan(self.roots(cwd), self.lock.folder_trusted)
        return list(self._found.skills)

    def names(self, cwd: Path | None = None) -> list[str]:
        """What the skills seen from `cwd` are called, shadowed ones too."""
        return [skill.name for skill in self.scan(cwd)]

    @property
    def broken(self) -> list[Broken]:
        """The folders that did not load at the last scan."""
        return list(self._found.broken)

    @property
    def notices(self) -> list[str]:
        """Where the last scan stopped early."""
        return list(self._found.notices)

    def get(self, name: str, cwd: Path | None = None) -> Skill:
        """The skill called `name` that is used in `cwd`.

        Raises:
            NotThere: there is none; the hint names the nearest.
        """
        skills = [skill for skill in self.scan(cwd) if skill.shadowed_by is None]
        return pick(skills, name, self._found.broken)

    def standing(self, skill: Skill) -> Standing:
        """Whether `skill` may be used as it is; see `skills.trust`."""
        return self.lock.standing(skill)

    def require(self, skill: Skill) -> str:
        """The sum of the skill's files, if it may be used now.

        Raises:
            NeedsReview: a person has to look at it first.
        """
        return self.lock.require(skill)

    def review(self, skill: Skill) -> SkillReview:
        """What is shown before its first use."""
        return review(skill)

    def add(self, source: str, *, only: str = "", name: str = "", replace: bool = False) -> Skill:
        """Take a skill in, as `skills.install.add`; its first use will need a review.

        Raises:
            Refused: what may not come in.
            SkillError: it can't be fetched, read or written.
        """
        places = self.places
        skill = install.add(
            source, places.mine, places.trash, only=only, name=name, replace=replace
        )
        self.lock.fetched(skill.path, unseen.one_line(source))
        return skill

    def remove(self, skill: Skill) -> Removed:
        """Move one of mine to the trash.

        Raises:
            SkillError: it is not mine, or can't be moved.
        """
        if skill.scope is not Scope.MINE:
            raise SkillError(
                f"{skill.name} is not one of your skills: it lies in {skill.path}.",
                "Switch it off instead.",
            )
        return install.remove(skill.path, self.places.trash)

    def undo(self, name: str = "") -> Path:
        """Put back what was removed last, or the last one called `name`.

        Raises:
            SkillError: there is nothing to put back, or no room for it.
        """
        return install.undo(self.places.trash, name)


def pick(skills: Iterable[Skill], name: str, broken: Iterable[Broken] = ()) -> Skill:
    """The skill of `skills` that is called `name`; case and hyphens are forgiven.

    Raises:
        NotThere: there is none; the hint names the nearest.
    """
    import difflib

    by_name = {skill.name: skill for skill in reversed(list(skills))}
    if name in by_name:
        return by_name[name]
    wanted = unseen.fold(name)
    folded = {unseen.fold(key): skill for key, skill in by_name.items()}
    if wanted in folded:
        return folded[wanted]
    for item in broken:
        if unseen.fold(item.path.name) == wanted:
            raise NotThere(f"The skill in {item.path} does not load: {item.why}")
    near = difflib.get_close_matches(wanted, folded, n=3)
    hint = f"Did you mean {', '.join(folded[n].name for n in near)}?" if near else ""
    raise NotThere(f"There is no skill {unseen.one_line(name)[:80]}.", hint or "See: skills list")
