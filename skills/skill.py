"""One skill as it was found: what its SKILL.md says of it, where it lies, what it costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from skills import parse, validate
from skills import text as unseen
from skills.errors import Unreadable
from skills.frontmatter import Mapping, Value
from skills.parse import Document
from skills.tokens import of_size

MAX_FILES = 2_000
MAX_DEPTH = 6
MAX_LISTED = 1_536
"""Characters of a description that are kept; more is cut with `…`."""

# `- ` before a name, `: ` after it and the line's end.
_LISTING_EXTRA = 5


class Scope(StrEnum):
    """Where a skill comes from. Of two with one name, the first in this order is used."""

    PROJECT = "project"
    MINE = "mine"
    HOME = "home"
    CONFIGURED = "configured"
    BUNDLED = "bundled"


class State(StrEnum):
    """How a skill is switched in a session.

    `on`: listed with its description; `name-only`: listed by name; `manual`: the user alone may
    call it, the model does not hear of it; `off`: not mentioned at all.
    """

    ON = "on"
    NAME_ONLY = "name-only"
    MANUAL = "manual"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill folder that loads."""

    name: str
    description: str
    path: Path
    """The folder."""
    scope: Scope = Scope.MINE
    root: Path = Path()
    """The folder of skills it was found in."""
    shadowed_by: Path | None = None
    """The folder of the skill of the same name that is used in its place."""
    values: dict[str, Value] = field(default_factory=dict)
    """The frontmatter."""
    listing_tokens: int = 0
    body_tokens: int = 0
    mapping: Mapping | None = field(default=None, repr=False, compare=False)
    """How the frontmatter was written, where that is all the validator needs; else None."""
    front: str = field(default="", repr=False, compare=False)
    remarks: tuple[str, ...] = ()
    """What loading had to mend."""

    @property
    def findings(self) -> tuple[validate.Finding, ...]:
        """What is not by the letter of the specification."""
        if self.mapping is None:
            return validate.validate(self.path, thorough=False).findings
        return tuple(validate.check_mapping(self.mapping, self.front, self.path.name))

    @property
    def valid(self) -> bool:
        """Whether the specification's letter is kept."""
        return not self.findings

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was mended and what is not by the letter, one sentence each."""
        return self.remarks + tuple(finding.message for finding in self.findings)

    @property
    def file(self) -> Path:
        """The SKILL.md."""
        return self.path / parse.FILE

    @property
    def allowed_tools(self) -> tuple[str, ...]:
        """The tools that the skill asks for: a request to be shown, never a grant."""
        return split_tools(self.values.get("allowed-tools", ""))

    @property
    def argument_hint(self) -> str:
        """What to type after `/name`, as Claude Code's `argument-hint` says it."""
        return unseen.one_line(parse.text_of(self.values.get("argument-hint")))

    @property
    def default_state(self) -> State:
        """The state of a skill that a profile merely names."""
        asked = parse.text_of(self.values.get("disable-model-invocation")).lower()
        return State.MANUAL if asked == "true" else State.ON

    def document(self) -> Document:
        """The SKILL.md as it is now.

        Raises:
            Unreadable: it is gone or broken since it was found.
        """
        return parse.load(self.file)

    def body(self) -> str:
        """The instructions, without what is not seen."""
        return unseen.clean(self.document().body)

    def files(self) -> Iterator[Path]:
        """The files of the folder, relative to it, sorted, at most `MAX_FILES`."""
        return walk(self.path)


def split_tools(value: Value) -> tuple[str, ...]:
    """`Bash(git status) Read, Edit` → the three: blanks and commas part, not within brackets."""
    tools: list[str] = []
    depth = 0
    word = ""
    for char in parse.text_of(value) + " ":
        depth += (char == "(") - (char == ")")
        if depth <= 0 and (char.isspace() or char == ","):
            if word:
                tools.append(unseen.one_line(word))
            word = ""
        else:
            word += char
    if word.strip():
        tools.append(unseen.one_line(word))
    return tuple(tools)


def walk(folder: Path) -> Iterator[Path]:
    """Regular files below `folder`, relative to it, sorted; links are not followed.

    At most `MAX_FILES`, at most `MAX_DEPTH` folders deep; `.git` and caches are left out.
    """
    left = MAX_FILES
    for where, folders, files in os.walk(folder):
        here = Path(where).relative_to(folder)
        folders[:] = sorted(f for f in folders if f not in (".git", "__pycache__", "node_modules"))
        if len(here.parts) >= MAX_DEPTH:
            folders.clear()
        for name in sorted(files):
            full = Path(where, name)
            if full.is_symlink() or not full.is_file():
                continue
            left -= 1
            if left < 0:
                return
            yield here / name


def read(folder: Path, scope: Scope, root: Path) -> Skill:
    """The skill in `folder`.

    Raises:
        Unreadable: it does not load; `error.rule` says why.
    """
    return from_text(parse.decode(parse.read_bytes(f"{folder}/{parse.FILE}")), folder, scope, root)


def from_text(text: str, folder: Path, scope: Scope, root: Path) -> Skill:
    """The skill whose SKILL.md says `text`.

    Raises:
        Unreadable: as `parse.parse`, or nothing in it describes the skill.
    """
    document = parse.parse(text)
    values = document.values
    remarks = tuple(f"`{key}` is no YAML and was taken as text." for key in document.repaired)
    description = unseen.one_line(parse.text_of(values.get("description")))
    if not description:
        description = unseen.one_line(parse.first_paragraph(document.body))
        if not description:
            raise Unreadable(
                "The skill has no description, and no text that could stand for one.",
                "Add `description:` to its frontmatter.",
                rule="description-missing",
            )
        remarks += ("Its first paragraph stands in for the description that is missing.",)
    name = unseen.one_line(parse.text_of(values.get("name")))[: validate.MAX_NAME]
    name = name or unseen.one_line(folder.name) or "unnamed"
    if len(description) > MAX_LISTED:
        description = description[: MAX_LISTED - 1] + "…"
    # Where other programs would cut the frontmatter elsewhere, the validator reads the file anew.
    fenced = text.startswith("---\n") and document.fence.startswith("---")
    plain = fenced and "---" not in document.front
    return Skill(
        name=name,
        description=description,
        path=folder,
        scope=scope,
        root=root,
        values=values,
        listing_tokens=of_size(len(name) + len(description) + _LISTING_EXTRA),
        body_tokens=of_size(len(document.body)),
        mapping=document.mapping if plain else None,
        front=document.front if plain else "",
        remarks=remarks,
    )
