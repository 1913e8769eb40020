"""A draft and a skill that is there already, brought together before a second one is made.

Three versions meet: what was written when the skill was harvested (kept in its `harvest.json`),
what the user has made of it since, and the draft. What the user wrote is never lost: where both
changed the same place, both stand between conflict marks, and the draft can't be installed
before they are gone.
"""

from __future__ import annotations

import json
from pathlib import Path

from sessions import events as ev
from sessions.harvest.draft import Draft, Line, sha256, split
from sessions.harvest.neighbours import three_way

CONFLICT = "<<<<<<< yours"


def conflicts(text: str) -> int:
    """How many places still stand between conflict marks."""
    return sum(line == CONFLICT for line in text.splitlines())


def merged(draft: Draft, folder: Path) -> Draft:
    """The draft as a new version of the skill in `folder`, the user's edits kept.

    Raises:
        OSError: the skill can't be read.
    """
    mine_md = (folder / "SKILL.md").read_text("utf-8", "replace")
    name, description, body = split(mine_md)
    before = _recorded(folder)
    base_md = str(before.get("skill_md") or "")
    _, base_description, base_body = split(base_md) if base_md else ("", "", "")
    if base_md:
        new = _titled(draft.body.strip("\n"), base_body.strip("\n"))
        text = three_way(base_body.strip("\n"), body.strip("\n"), new).text
    else:
        text = _appended(body, draft.body)
    merged_draft = Draft(
        name or folder.name,
        draft.description if base_md and description == base_description else description,
    )
    receipts = {line.text: line.receipt for line in draft.lines if line.receipt}
    receipts = {**_receipts_of(base_md, before), **receipts}
    merged_draft.lines = [
        Line(line, receipts.get(line, "")) for line in text.strip("\n").split("\n")
    ]
    merged_draft.receipts = {**dict(before.get("receipts") or {}), **draft.receipts}
    merged_draft.changed_files = list(draft.changed_files)
    merged_draft.redactions = dict(draft.redactions)
    merged_draft.flags = [
        f for f in draft.flags if not f.startswith("merged") and not f.startswith("both")
    ]
    _files(merged_draft, draft, folder, before)
    merged_draft.rounds = [
        *(before.get("rounds") or []),
        *draft.rounds,
        {"at": ev.now(), "by": "merge", "into": folder.name},
    ]
    merged_draft.version = int(before.get("version") or 1) + 1
    merged_draft.into = folder.name
    if count := conflicts(text):
        merged_draft.flags.append(
            f"merged with {folder.name}: {count} places were changed by both; both stand there"
        )
    return merged_draft


def _files(made: Draft, draft: Draft, folder: Path, before: ev.JSON) -> None:
    """Files of both; where the user has changed one that the draft brings anew, both are kept."""
    known = dict(before.get("sha256") or {})
    made.file_receipts = {**dict(before.get("files") or {}), **draft.file_receipts}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or relative in ("SKILL.md", "harvest.json"):
            continue
        made.files[relative] = path.read_bytes()
    for name, data in draft.files.items():
        mine = made.files.get(name)
        if mine is None or mine == data or known.get(name) == sha256(mine):
            made.files[name] = data
            continue
        stem, dot, suffix = name.rpartition(".")
        beside = f"{stem}-draft{dot}{suffix}" if dot else f"{name}-draft"
        made.files[beside] = data
        made.file_receipts[beside] = draft.file_receipts.get(name, "")
        made.file_receipts.pop(name, None)
        made.flags.append(f"both changed {name}: yours is kept, the draft's is {beside}")


def _recorded(folder: Path) -> ev.JSON:
    try:
        data = json.loads((folder / "harvest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _receipts_of(base_md: str, before: ev.JSON) -> dict[str, str]:
    lines = base_md.split("\n")
    found: dict[str, str] = {}
    for number, receipt in dict(before.get("lines") or {}).items():
        if str(number).isdecimal() and 0 < int(number) <= len(lines):
            found[lines[int(number) - 1]] = str(receipt)
    return found


def _titled(body: str, like: str) -> str:
    """The draft's body under the title that the skill has: its own comes from its name alone."""
    title, (first, newline, rest) = like.split("\n", 1)[0], body.partition("\n")
    both = title.startswith("# ") and first.startswith("# ")
    return f"{title}{newline}{rest}" if both else body


def _appended(mine: str, new: str) -> str:
    """The user's own text, and below it what of the draft is not in it."""
    known = {line.strip() for line in mine.splitlines()}
    rest: list[str] = []
    for line in new.splitlines():
        if line.startswith("# ") or (line.strip() and line.strip() in known):
            continue
        rest.append(line)
    kept = [
        line
        for at, line in enumerate(rest)
        if not line.startswith("## ") or any(later.strip() for later in rest[at + 1 : at + 3])
    ]
    return mine.rstrip("\n") + "\n\n" + "\n".join(kept).strip("\n") + "\n"
