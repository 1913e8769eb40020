"""Skills: loading them, beside reading and YAML-parsing the same files.

    python -m tests.bench.skills_loading [FOLDER...]

With folders (public collections, say) it loads every folder in them that has a SKILL.md, says
how many load, why the others do not, and the time of each. Without, it makes its own, of the
sizes of 24 public collections: description 166 characters at the median and 435 at the 90th
percentile, body 4,373 and 14,242; 11 % of the folders with a script.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from skills.discover import Root, Scanner
from skills.errors import Unreadable
from skills.library import Library, SkillPlaces
from skills.skill import Scope, read
from tests.bench.harness.figure import Figure, Target, beside, timed
from tests.bench.harness.table import plain

FOLDERS = 3_700
_TEXT = (
    "use when the user asks for a report table chart of data and wants to read write check files "
    "with python before it runs test build deploy review design of an interface or a document"
)
_WORDS = _TEXT.split()


def make(root: Path, count: int = FOLDERS, seed: int = 1) -> list[Path]:
    """Write `count` skill folders of realistic sizes below `root`; the SKILL.md files."""
    rng = random.Random(seed)
    files: list[Path] = []
    for number in range(count):
        folder = root / f"skill-{number:05d}"
        folder.mkdir(parents=True)
        size = max(60, min(1_000, int(rng.lognormvariate(5.11, 0.75))))
        front = [f"name: {folder.name}", f"description: {_prose(rng, size)}"]
        if rng.random() < 0.3:
            front.append("license: MIT")
        if rng.random() < 0.25:
            front.append("metadata:\n  author: somebody\n  version: '1.0'")
        if rng.random() < 0.15:
            front.append("version: 1.0.0")
        body = max(200, min(120_000, int(rng.lognormvariate(8.38, 0.92))))
        text = "---\n" + "\n".join(front) + "\n---\n\n# Skill\n\n" + _prose(rng, body) + "\n"
        files.append(folder / "SKILL.md")
        files[-1].write_text(text, encoding="utf-8")
        if rng.random() < 0.11:
            (folder / "scripts").mkdir()
            (folder / "scripts" / "run.py").write_text("print('hello')\n", encoding="utf-8")
    return files


def _prose(rng: random.Random, size: int) -> str:
    words: list[str] = []
    length = 0
    while length < size:
        words.append(rng.choice(_WORDS))
        length += len(words[-1]) + 1
    return " ".join(words)[:size].strip()


def bare(files: list[Path]) -> int:
    """Read the files and parse their frontmatter with PyYAML's C loader, nothing more."""
    fence = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
    parsed = 0
    for file in files:
        match = fence.match(file.read_text(encoding="utf-8"))
        if match and isinstance(yaml.load(match.group(1), Loader=yaml.CSafeLoader), dict):
            parsed += 1
    return parsed


def figures(quick: bool) -> Iterator[Figure]:
    """A cold and a warm scan, the panel's scan of a thousand, and what a listing costs."""
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "skills"
        files = make(root, FOLDERS)
        roots = [Root(root, Scope.MINE)]
        cold, read = beside(lambda: Scanner().scan(roots), lambda: bare(files), rounds)
        scanner = Scanner()
        found = scanner.scan(roots)
        what = "read and YAML-parsed bare"
        yield Figure(f"load {FOLDERS:,} folders", cold, "ms", Target(1.5, "ratio"), what, read)
        each = [taken / FOLDERS for taken in cold]
        yield Figure("load a folder", each, "ms", Target(1), what, [r / FOLDERS for r in read])
        yield Figure(
            "load again, nothing changed", timed(lambda: scanner.scan(roots), rounds), "ms"
        )
        thousand = Path(name) / "thousand"
        make(thousand, 1_000, seed=2)
        home = Path(name) / "home"
        library = Library(SkillPlaces(mine=thousand, keep=Path(name) / "keep", home=home))
        yield Figure("the panel's scan, 1,000 skills, first", [_once(library, home)], "ms")
        again = timed(lambda: library.scan(home), rounds)
        yield Figure("the panel's scan, 1,000 skills", again, "ms", Target(100))
        tokens = statistics.median(s.listing_tokens for s in found.skills)
        yield Figure("listing of an enabled skill", [tokens], "tokens", Target(100))
        yield Figure(
            "folders that load", [len(found.skills)], "folders", Target(FOLDERS, least=True)
        )


def _once(library: Library, home: Path) -> float:
    began = time.perf_counter()
    library.scan(home)
    return (time.perf_counter() - began) * 1000


@dataclass
class Tally:
    """What loading a tree of skills gave. Times are in ms, one a folder."""

    loaded: int = 0
    mended: int = 0
    """Of those that loaded: with a value that was no YAML and was taken as text."""
    fronted: int = 0
    """Folders whose SKILL.md begins with frontmatter that is closed."""
    failed: dict[str, list[Path]] = field(default_factory=dict)
    """By rule; `crash: …` is a fault of ours."""
    times: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


def tally(root: Path) -> Tally:
    """Load every folder below `root` that has a SKILL.md, nested ones as well."""
    told = Tally()
    for where, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "node_modules")]
        if "SKILL.md" not in files:
            continue
        folder = Path(where)
        began = time.perf_counter()
        try:
            skill = read(folder, Scope.MINE, root)
        except Unreadable as error:
            told.failed.setdefault(error.rule, []).append(folder)
        except Exception as error:  # what is counted here must never happen
            told.failed.setdefault(f"crash: {error!r}", []).append(folder)
        else:
            told.loaded += 1
            told.mended += bool(skill.remarks)
            told.tokens.append(skill.listing_tokens)
        told.times.append((time.perf_counter() - began) * 1000)
        told.fronted += _FENCED.match((folder / "SKILL.md").read_bytes()) is not None
    return told


_FENCED = re.compile(rb"(?:\xef\xbb\xbf)?\s*---[^\n]*\n.*?\n---", re.DOTALL)


def report(root: Path) -> bool:
    """Print what loading the folders below `root` gave; whether 99 % load and none crashes."""
    told = tally(root)
    count = len(told.times)
    print(f"{root}: {count:,} folders, {told.fronted:,} with frontmatter, {told.loaded:,} loaded")
    if not count:
        return False
    slow = sorted(told.times)
    print(
        f"  a folder: {statistics.median(slow):.3f} ms at the median, "
        f"{slow[int(0.99 * (count - 1))]:.3f} at p99, {slow[-1]:.3f} at most"
    )
    if told.tokens:
        print(f"  listing: {statistics.median(told.tokens):.0f} tokens at the median")
    print(f"  mended: {told.mended:,}")
    for rule, folders in sorted(told.failed.items()):
        print(f"  {rule}: {len(folders):,}, as {folders[0]}")
    crashed = any(rule.startswith("crash") for rule in told.failed)
    return not crashed and told.loaded >= 0.99 * told.fronted


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(0 if all([report(Path(name)) for name in sys.argv[1:]]) else 1)
    print(plain("Skills", list(figures(quick=False))))
