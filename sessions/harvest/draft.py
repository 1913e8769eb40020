"""A skill that is being made: its files, and the receipt of every line.

A draft is data until it is written; `write` puts it into a folder whole or not at all.
`harvest.json` beside SKILL.md holds the receipts (which session, turn and event each line and
file came from), what was taken out, the rounds of revision and the checks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath

from sessions.api.harvest import CheckShown, DraftReceipt, DraftRound
from sessions.errors import UsageError
from sessions.harvest.draft_record import DraftRecord, recorded
from skills import private_files

FORMAT = 1
MODEL = "model"
"""The receipt of a line that no session said: the model's own."""
MAX_DESCRIPTION = 1024
"""Characters that the Agent Skills specification allows."""
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of SKILL.md's body. `receipt`: a byproduct's id, `model`, or "" (structure)."""

    text: str
    receipt: str = ""


@dataclass(slots=True)
class SkillDraft:
    """Name, description, body and files of a skill in the making."""

    name: str
    description: str
    lines: list[DraftLine] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """By path inside the folder, `scripts/…`, `references/…`, `assets/…`."""
    receipts: dict[str, DraftReceipt] = field(default_factory=dict)
    """Of each byproduct used: where it came from and its signals."""
    file_receipts: dict[str, str] = field(default_factory=dict)
    """Of each file: its byproduct's id."""
    changed_files: list[str] = field(default_factory=list)
    """Files whose bytes differ from what was recorded, because something was taken out."""
    redactions: dict[str, int] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    """What the user should look at: instructions found in the material, paths, …"""
    rounds: list[DraftRound] = field(default_factory=list)
    checks: dict[str, CheckShown] = field(default_factory=dict)
    version: int = 1
    into: str = ""
    """The skill of mine that this draft is a new version of; "" = a skill of its own."""

    @property
    def body(self) -> str:
        """The Markdown below the frontmatter."""
        return "\n".join(line.text for line in self.lines).strip() + "\n"

    def skill_md(self) -> str:
        """SKILL.md as it is written."""
        import yaml

        front = yaml.safe_dump(
            {"name": self.name, "description": self.description},
            allow_unicode=True,
            sort_keys=False,
            width=10_000,
        )
        return f"---\n{front}---\n\n{self.body}"

    def harvest_json(self) -> DraftRecord:
        """The receipts, as they stand beside SKILL.md."""
        offset = self.skill_md()[: -len(self.body)].count("\n") + 1
        return {
            "format": FORMAT,
            "version": self.version,
            "name": self.name,
            "lines": {
                str(offset + number): line.receipt
                for number, line in enumerate(self.lines)
                if line.receipt
            },
            "files": self.file_receipts,
            "changed_files": self.changed_files,
            "receipts": self.receipts,
            "redactions": self.redactions,
            "flags": self.flags,
            "rounds": self.rounds,
            "checks": self.checks,
            "into": self.into,
            # What was written here, so that later edits by hand can be told from it.
            "skill_md": self.skill_md(),
            "sha256": {name: sha256(data) for name, data in sorted(self.files.items())},
        }

    def all_files(self) -> dict[str, bytes]:
        """Every file of the folder."""
        receipts = json.dumps(self.harvest_json(), indent=1, ensure_ascii=True)
        return {
            "SKILL.md": self.skill_md().encode("utf-8", "replace"),
            "harvest.json": receipts.encode("ascii") + b"\n",
            **self.files,
        }

    def write(self, parent: Path, *, shared: bool = False) -> Path:
        """Write the folder `parent/<name>`, whole or not at all, and return it.

        For the user alone, unless it is `shared`: written to where the user keeps such things.

        Raises:
            UsageError: the folder is there already.
        """
        import os
        import shutil
        import tempfile

        target = parent / self.name
        if target.exists():
            raise UsageError(f"{target} is there already.", "Choose another name or folder.")
        private_files.folder(parent)
        making = Path(tempfile.mkdtemp(prefix=f".{self.name}-", dir=parent))
        try:
            for name, data in self.all_files().items():
                file = making / safe_path(name)
                private_files.folder(file.parent)
                with os.fdopen(private_files.create(file), "wb") as handle:
                    handle.write(data)
                    handle.flush()
                    os.fsync(handle.fileno())
            if shared:
                _share(making)
            making.rename(target)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        return target

    @staticmethod
    def is_version(folder: Path) -> bool:
        """Whether the skill in `folder` was harvested as a new version of one before it."""
        try:
            return bool(recorded(folder).get("into"))
        except (OSError, ValueError):
            return False

    @classmethod
    def read(cls, folder: Path) -> SkillDraft:
        """A draft back from its folder, with whatever the user has edited in it.

        Raises:
            UsageError: it is no draft.
        """
        try:
            written = recorded(folder)
            text = (folder / "SKILL.md").read_text("utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder} is no draft: {error}.") from error
        name, description, body = split(text)
        draft = cls(name or folder.name, description)
        draft.files = {
            str(path.relative_to(folder).as_posix()): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            and not path.is_symlink()
            and path.name not in ("SKILL.md", "harvest.json")
        }
        draft.receipts = written.get("receipts", {})
        draft.redactions = written.get("redactions", {})
        draft.flags = written.get("flags", [])
        draft.rounds = written.get("rounds", [])
        draft.checks = written.get("checks", {})
        draft.version, draft.into = written.get("version", 1), written.get("into", "")
        draft.file_receipts = written.get("files", {})
        draft.changed_files = written.get("changed_files", [])
        before = written.get("skill_md") or text
        draft.lines = _with_receipts(body, before, written.get("lines", {}))
        return draft


def split(skill_md: str) -> tuple[str, str, str]:
    """Name, description and body of a SKILL.md; empty where they are not there."""
    import yaml

    found = re.match(r"---\r?\n(.*?)\r?\n---[ \t]*\r?\n(.*)", skill_md, re.S)
    if found is None:
        return "", "", skill_md
    try:
        front = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return "", "", found[2]
    if not isinstance(front, dict):
        return "", "", found[2]
    return str(front.get("name") or ""), str(front.get("description") or ""), found[2]


def front_keys(skill_md: str) -> list[str]:
    """The keys of a SKILL.md's frontmatter."""
    found = re.match(r"---\r?\n(.*?)\r?\n---", skill_md, re.S)
    return re.findall(r"^([\w-]+)\s*:", found[1], re.M) if found else []


def _with_receipts(body: str, before: str, receipts: Mapping[str, str]) -> list[DraftLine]:
    """The body's lines with the receipts that still stand: an edited line has lost its own.

    `receipts` are by line number of the text as it was written (`before`).
    """
    lines = body.strip("\n").split("\n")
    old = before.split("\n")
    matcher = SequenceMatcher(None, old, lines, autojunk=False)
    kept = {m.b + i: m.a + i for m in matcher.get_matching_blocks() for i in range(m.size)}
    return [
        DraftLine(line, receipts.get(str(kept[number] + 1), "") if number in kept else "")
        for number, line in enumerate(lines)
    ]


def sha256(data: bytes) -> str:
    """The hash by which a file is known again."""
    return hashlib.sha256(data).hexdigest()


def slug(text: str, *, words: int = 5) -> str:
    """A skill name from words: lower-case letters, digits, single hyphens, 64 at most."""
    parts = [part for part in _SLUG.split(text.lower()) if part][:words]
    return "-".join(parts)[:64].strip("-") or "harvested-skill"


def safe_path(name: str) -> PurePosixPath:
    """A path inside the folder. Raises UsageError for one that leaves it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise UsageError(f"A skill's file can't be called {name!r}.")
    return path


def _share(folder: Path) -> None:
    """Give a folder the modes that whatever its user makes has."""
    from sessions.safety import user_umask

    for path in (folder, *folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~user_umask.current())
