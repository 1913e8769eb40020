"""A draft and a skill that is there already, brought together before a second one is made.

Three versions meet: what was written when the skill was harvested (kept in its `harvest.json`),
what the user has made of it since, and the draft. What the user wrote is never lost: where both
changed the same place, both stand between conflict marks, and the draft can't be installed
before they are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessions.api.harvest import DraftConflict
from sessions.errors import UsageError
from sessions.harvest.draft import MAX_DESCRIPTION, MODEL, DraftLine, SkillDraft, sha256, split
from sessions.harvest.draft_record import DraftRecord, recorded
from sessions.harvest.similar_skills import three_way, three_way_diff
from sessions.record import events as ev
from sessions.record.closed_sets import KeptOf, one_of
from sessions.record.textlines import lines

CONFLICT = "<<<<<<< yours"
_MARKS = (CONFLICT, "=======", ">>>>>>> draft")


def conflicts(text: str) -> int:
    """How many places still stand between conflict marks."""
    return sum(line == CONFLICT for line in lines(text))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that the user and the draft both changed. `name`: a file's, or "" for the text."""

    name: str
    yours: str
    draft: str

    def to_json(self) -> DraftConflict:
        """For the panel."""
        return {"name": self.name, "yours": self.yours, "draft": self.draft}


def places(draft: SkillDraft) -> list[Conflict]:
    """What is left to decide in a merged draft: places of the text, then files kept twice."""
    found = [
        Conflict("", _said(draft.lines[a + 1 : middle]), _said(draft.lines[middle + 1 : end]))
        for a, middle, end in _marked(draft.lines)
    ]
    for name, beside in _twice(draft):
        yours, theirs = draft.files[name], draft.files[beside]
        found.append(
            Conflict(name, yours.decode("utf-8", "replace"), theirs.decode("utf-8", "replace"))
        )
    return found


def resolved(draft: SkillDraft, number: int, keep: str) -> None:
    """Decide place `number` of `places(draft)`, in place: `yours`, `draft` or `both`.

    Raises:
        UsageError: there is no such place or choice.
    """
    marked, twice = _marked(draft.lines), _twice(draft)
    side: KeptOf | None = one_of(KeptOf, keep, None)
    if side is None or not 0 <= number < len(marked) + len(twice):
        raise UsageError("There is no such place to decide.", "Say yours, draft or both.")
    if number < len(marked):
        a, middle, end = marked[number]
        yours, theirs = draft.lines[a + 1 : middle], draft.lines[middle + 1 : end]
        chosen = {"yours": yours, "draft": theirs, "both": yours + theirs}[side]
        draft.lines[a : end + 1] = chosen
    else:
        name, beside = twice[number - len(marked)]
        if side == "draft":
            draft.files[name] = draft.files[beside]
            draft.file_receipts[name] = draft.file_receipts.get(beside, "")
        if side != "both":
            draft.files.pop(beside)
            draft.file_receipts.pop(beside, None)
        draft.flags = [flag for flag in draft.flags if not flag.startswith(f"both changed {name}:")]
    left = conflicts(draft.body)
    draft.flags = [flag for flag in draft.flags if not flag.startswith("merged with") or left]


def _marked(lines: Sequence[DraftLine]) -> list[tuple[int, int, int]]:
    """Where conflict marks stand: beginning, middle, end."""
    found: list[tuple[int, int, int]] = []
    at: list[int] = []
    for number, line in enumerate(lines):
        if line.text == _MARKS[len(at)]:
            at.append(number)
            if len(at) == 3:
                found.append((at[0], at[1], at[2]))
                at = []
    return found


def _twice(draft: SkillDraft) -> list[tuple[str, str]]:
    """Files that both changed, and under which name the draft's lies beside; not decided yet."""
    names = [
        flag.removeprefix("both changed ").split(": yours is kept")[0]
        for flag in draft.flags
        if flag.startswith("both changed ")
    ]
    return [(n, b) for n in names if n in draft.files and (b := _beside(n)) in draft.files]


def _beside(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-draft{dot}{suffix}" if dot else f"{name}-draft"


def _said(lines: Sequence[DraftLine]) -> str:
    return "\n".join(line.text for line in lines)


def split_off(draft: SkillDraft, parts: Iterable[str]) -> tuple[SkillDraft, SkillDraft]:
    """A draft in two: what goes with these files, and the rest, which keeps the name.

    A line goes where the file goes that shares its receipt or that it names; other lines stay.

    Raises:
        UsageError: all of it would go, or nothing.
    """
    chosen = [name for name in parts if name in draft.files]
    others = [name for name in draft.files if name not in chosen]
    if not chosen or not others:
        raise UsageError(
            "There is nothing to split: all of its files belong to one skill.",
            "Update that skill, or extend it.",
        )
    theirs = {draft.file_receipts[name] for name in chosen if name in draft.file_receipts}
    theirs -= {draft.file_receipts[name] for name in others if name in draft.file_receipts}

    def goes(line: DraftLine) -> bool:
        return line.receipt in theirs or any(name in line.text for name in chosen)

    part, rest = _piece(draft, chosen), _piece(draft, others)
    part.lines = [line for line in draft.lines if not line.receipt or goes(line)]
    rest.lines = [line for line in draft.lines if not goes(line)]
    for each in (part, rest):
        each.lines = _without_empty_sections(each.lines)
    return part, rest


def _piece(draft: SkillDraft, names: Sequence[str]) -> SkillDraft:
    piece = SkillDraft(draft.name, draft.description)
    piece.files = {name: draft.files[name] for name in names}
    piece.file_receipts = {n: r for n, r in draft.file_receipts.items() if n in names}
    piece.receipts = dict(draft.receipts)
    piece.changed_files = [name for name in draft.changed_files if name in names]
    piece.redactions, piece.flags = dict(draft.redactions), list(draft.flags)
    piece.rounds, piece.version = list(draft.rounds), draft.version
    return piece


def _without_empty_sections(lines: Sequence[DraftLine]) -> list[DraftLine]:
    """The lines without headings (below the first) that nothing stands under."""
    kept: list[DraftLine] = []
    for number, line in enumerate(lines):
        if line.text.startswith("## "):
            below = next((x for x in lines[number + 1 :] if x.text.strip()), None)
            if below is None or below.text.startswith("## "):
                continue
        if line.text.strip() or (kept and kept[-1].text.strip()):
            kept.append(line)
    return kept


def merged(draft: SkillDraft, folder: Path, *, extend: bool = False) -> SkillDraft:
    """The draft as a new version of the skill in `folder`, the user's edits kept.

    With `extend` nothing of the skill's text is changed: what it lacks is added below.

    Raises:
        OSError: the skill can't be read.
    """
    mine_md = (folder / "SKILL.md").read_text("utf-8", "replace")
    name, description, body = split(mine_md)
    before = _recorded(folder)
    base_md = before.get("skill_md", "")
    _, base_description, base_body = split(base_md) if base_md else ("", "", "")
    kept = _only_there(base_md, before, draft) if base_md and not extend else {}
    if base_md and not extend:
        new = _titled(draft.body.strip("\n"), base_body.strip("\n"))
        new = _with_kept(new, kept)
        sides = (base_body.strip("\n"), body.strip("\n"), new)
        text, told = three_way(*sides).text, three_way_diff(*sides)
    else:
        text = _appended(body, draft.body)
        told = three_way_diff(body, body, text)
    if base_md and not extend and description == base_description:
        both = f"{description} {draft.description}" if kept else draft.description
        description = both if len(both) <= MAX_DESCRIPTION else description
    merged_draft = SkillDraft(name or folder.name, description)
    receipts = {line.text: line.receipt for line in draft.lines if line.receipt}
    receipts = {**_receipts_of(base_md, before), **receipts}
    merged_draft.lines = [
        DraftLine(line, receipts.get(line, "")) for line in text.strip("\n").split("\n")
    ]
    merged_draft.receipts = {**before.get("receipts", {}), **draft.receipts}
    merged_draft.changed_files = list(draft.changed_files)
    merged_draft.redactions = dict(draft.redactions)
    merged_draft.flags = [
        f for f in draft.flags if not f.startswith("merged") and not f.startswith("both")
    ]
    _files(merged_draft, draft, folder, before)
    merged_draft.rounds = [
        *before.get("rounds", []),
        *draft.rounds,
        {"at": ev.now(), "by": "merge", "into": folder.name, "three_way": told},
    ]
    merged_draft.version = before.get("version", 1) + 1
    merged_draft.into = folder.name
    if count := conflicts(text):
        merged_draft.flags.append(
            f"merged with {folder.name}: {count} places were changed by both; both stand there"
        )
    return merged_draft


def _files(made: SkillDraft, draft: SkillDraft, folder: Path, before: DraftRecord) -> None:
    """Files of both; where the user has changed one that the draft brings anew, both are kept."""
    known = before.get("sha256", {})
    made.file_receipts = {**before.get("files", {}), **draft.file_receipts}
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
        beside = _beside(name)
        made.files[beside] = data
        made.file_receipts[beside] = draft.file_receipts.get(name, "")
        made.file_receipts.pop(name, None)
        made.flags.append(f"both changed {name}: yours is kept, the draft's is {beside}")


def _recorded(folder: Path) -> DraftRecord:
    try:
        return recorded(folder)
    except (OSError, ValueError):
        return {}


def _receipts_of(base_md: str, before: DraftRecord) -> dict[str, str]:
    lines = base_md.split("\n")
    found: dict[str, str] = {}
    for number, receipt in before.get("lines", {}).items():
        if number.isdecimal() and 0 < int(number) <= len(lines):
            found[lines[int(number) - 1]] = receipt
    return found


def _only_there(base_md: str, before: DraftRecord, draft: SkillDraft) -> dict[str, list[str]]:
    """Lines of the skill that rest on what the draft does not know, by the heading above them.

    A draft of the same material may say it all anew; one of other material adds to what is there.
    """
    receipts = _receipts_of(base_md, before)
    known = {*draft.receipts, *draft.file_receipts.values()}
    of_other = not known & {r for r in receipts.values() if r and r != MODEL}
    body, heading = split(base_md)[2], ""
    kept: dict[str, list[str]] = {}
    for line in body.split("\n"):
        if line.startswith("#"):
            heading = line if line.startswith("## ") else ""
            continue
        receipt = receipts.get(line, MODEL)
        rests = of_other if receipt == MODEL else receipt not in known
        if line.strip() and rests and not any(f"`{name}`" in line for name in draft.files):
            kept.setdefault(heading, []).append(line)
    return kept


def _with_kept(body: str, kept: dict[str, list[str]]) -> str:
    """The body with these lines at the beginning of their sections; new sections at its end."""
    lines = body.split("\n")
    for heading, told in kept.items():
        mark = heading or next((x for x in lines if x.startswith("# ")), "")
        if mark not in lines:
            lines += ["", heading, "", *told]
            continue
        at = lines.index(mark) + 1
        at += at < len(lines) and not lines[at].strip()
        more = [line for line in told if line not in lines]
        lines[at:at] = more if heading else [*more, ""] if more else []
    return "\n".join(lines)


def _titled(body: str, like: str) -> str:
    """The draft's body under the title that the skill has: its own comes from its name alone."""
    title, (first, newline, rest) = like.split("\n", 1)[0], body.partition("\n")
    both = title.startswith("# ") and first.startswith("# ")
    return f"{title}{newline}{rest}" if both else body


def _appended(mine: str, new: str) -> str:
    """The user's own text, and below it what of the draft is not in it."""
    known = {line.strip() for line in lines(mine)}
    rest: list[str] = []
    for line in lines(new):
        if line.startswith("# ") or (line.strip() and line.strip() in known):
            continue
        rest.append(line)
    kept = [
        line
        for at, line in enumerate(rest)
        if not line.startswith("## ") or any(later.strip() for later in rest[at + 1 : at + 3])
    ]
    return mine.rstrip("\n") + "\n\n" + "\n".join(kept).strip("\n") + "\n"
