"""Which skills of the library are near a draft, and how the two can be brought together.

Similarity without a model: names by their words, text by shingles of three words (Jaccard),
code by its normalised lines. Update and extend are offered before a second skill is made.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sessions.api.harvest import NeighbourShown
from sessions.harvest.draft import SkillDraft, split
from sessions.record.closed_sets import MergedHow
from sessions.record.textlines import lines as split_lines

T = TypeVar("T")

_WORD = re.compile(r"[^\W_]+")
NEAR = 0.18
SAME = 0.55
_READ_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A skill near a draft. Similarities from 0 to 1.

    `offer`: `update` (it is about the same), `split` (`parts` of the draft belong to it, the rest
    does not) or `extend` (add to it what it lacks). `parts`: those of the draft's files that it
    has, if they are not all of them.
    """

    name: str
    path: str
    name_likeness: float
    text_likeness: float
    code_likeness: float
    offer: MergedHow
    parts: tuple[str, ...] = ()

    def to_json(self) -> NeighbourShown:
        """For the panel."""
        return {
            "name": self.name,
            "path": self.path,
            "name_likeness": self.name_likeness,
            "text_likeness": self.text_likeness,
            "code_likeness": self.code_likeness,
            "offer": self.offer,
            "parts": list(self.parts),
        }

    @property
    def likeness(self) -> float:
        """The strongest of the three, names counting half."""
        return max(self.name_likeness / 2, self.text_likeness, self.code_likeness)


def neighbours(draft: SkillDraft, folders: Iterable[Path], most: int = 5) -> list[Neighbour]:
    """Skills of `folders` (skill folders) that are near the draft, nearest first."""
    text = f"{draft.description}\n{draft.body}"
    code = {path: data.decode("utf-8", "replace") for path, data in draft.files.items()}
    found: list[Neighbour] = []
    for folder in folders:
        near = _compare(draft.name, text, code, folder)
        if near is not None:
            found.append(near)
    return sorted(found, key=lambda n: n.likeness, reverse=True)[:most]


def _compare(name: str, text: str, code: dict[str, str], folder: Path) -> Neighbour | None:
    skill_md = _read(folder / "SKILL.md")
    if skill_md is None:
        return None
    their_name, description, body = split(skill_md)
    by_name = jaccard(set(_words(name)), set(_words(their_name or folder.name)))
    by_text = jaccard(shingles(text), shingles(f"{description}\n{body}"))
    theirs = _code_of(folder)
    ours = {path: set(_code_lines(source)) for path, source in code.items()}
    by_code = jaccard(set().union(*ours.values()), theirs)
    parts = tuple(path for path, lines in ours.items() if _held(lines, theirs) >= SAME)
    parts = parts if len(parts) < len(ours) else ()
    near = Neighbour(
        their_name or folder.name,
        str(folder),
        round(by_name, 3),
        round(by_text, 3),
        round(by_code, 3),
        _offer(by_name, by_text, by_code, bool(parts)),
        parts,
    )
    return near if near.likeness >= NEAR or by_name == 1.0 else None


def _offer(by_name: float, by_text: float, by_code: float, partly: bool) -> MergedHow:
    if partly and by_name < 1.0:
        return "split"
    return "update" if max(by_text, by_code) >= SAME or by_name == 1.0 else "extend"


def _held(lines: set[str], theirs: set[str]) -> float:
    """The share of some lines of code that a skill has."""
    return len(lines & theirs) / len(lines) if lines else 0.0


def _code_of(folder: Path) -> set[str]:
    """The lines of code in a skill's files."""
    theirs: set[str] = set()
    for name in ("scripts", "assets", "references"):
        for path in sorted((folder / name).rglob("*"))[:100] if (folder / name).is_dir() else []:
            if path.is_file() and not path.is_symlink() and (text := _read(path)) is not None:
                theirs |= set(_code_lines(text))
    return theirs


def shingles(text: str, size: int = 3) -> set[tuple[str, ...]]:
    """Runs of `size` words."""
    words = _words(text)
    return {tuple(words[i : i + size]) for i in range(max(0, len(words) - size + 1))}


def jaccard(one: set[T], other: set[T]) -> float:
    """|A ∩ B| / |A ∪ B| (Jaccard 1901); 0 for two empty sets."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _code_lines(text: str) -> list[str]:
    lines = (re.sub(r"\s+", "", line) for line in text.splitlines())
    return [line for line in lines if len(line) > 8 and not line.startswith(("#", "//", "--"))]


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_READ_LIMIT).decode("utf-8", "replace")
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Merge:
    """Three versions of a text brought together; `conflicts` counts marked places."""

    text: str
    conflicts: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of one place in the three versions; alike where nobody changed it."""

    base: list[str]
    mine: list[str]
    theirs: list[str]

    @property
    def clash(self) -> bool:
        """Both changed it, and not alike."""
        return self.mine != self.theirs and self.base not in (self.mine, self.theirs)


def three_way(base: str, mine: str, theirs: str) -> Merge:
    """Merge two edits of `base`: the user's (`mine`) and the draft's (`theirs`).

    Line-wise diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007): where only
    one side changed, that side is taken; where both did, both stand between conflict marks.

    By hand: merge3 is under the GPL, glues its marks to a last line without an end (findings/), and
    does not give the places side by side that `three_way_diff` shows.
    """
    out: list[str] = []
    conflicts = 0
    for chunk in chunks(base, mine, theirs):
        if chunk.clash:
            out += ["<<<<<<< yours", *chunk.mine, "=======", *chunk.theirs, ">>>>>>> draft"]
            conflicts += 1
        else:
            out += chunk.theirs if chunk.mine == chunk.base else chunk.mine
    return Merge("\n".join(out) + "\n", conflicts)


def three_way_diff(base: str, mine: str, theirs: str) -> str:
    """The three versions as one diff: `y` marks what the user changed, `d` what the draft does.

    Each line is `y+`, `y-`, `d+` or `d-` and its text, or two blanks where all agree; `!!` stands
    before a place that both changed.
    """
    lines: list[str] = []
    for chunk in chunks(base, mine, theirs):
        if chunk.base == chunk.mine == chunk.theirs:
            lines += [f"   {line}" for line in chunk.base]
            continue
        if chunk.clash:
            lines.append("!! changed by you and by the draft")
        for mark, side in (("y", chunk.mine), ("d", chunk.theirs)):
            if side != chunk.base:
                lines += [f"{mark}- {line}" for line in chunk.base]
                lines += [f"{mark}+ {line}" for line in side]
    return "\n".join(lines)


def chunks(base: str, mine: str, theirs: str) -> Iterator[Chunk]:
    """The three versions side by side, in order."""
    base_lines, my_lines, their_lines = (split_lines(t) for t in (base, mine, theirs))
    mine_at = _matches(base_lines, my_lines)
    theirs_at = _matches(base_lines, their_lines)
    stable = [n for n in range(len(base_lines)) if n in mine_at and n in theirs_at]
    b = m = t = 0
    for n in [*stable, None]:
        b_end, m_end, t_end = (
            (len(base_lines), len(my_lines), len(their_lines))
            if n is None
            else (n, mine_at[n], theirs_at[n])
        )
        if b < b_end or m < m_end or t < t_end:
            yield Chunk(base_lines[b:b_end], my_lines[m:m_end], their_lines[t:t_end])
        if n is not None:
            same = [base_lines[n]]
            yield Chunk(same, same, same)
            b, m, t = b_end + 1, m_end + 1, t_end + 1


def _matches(base: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    blocks = difflib.SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {b.a + i: b.b + i for b in blocks for i in range(b.size)}
