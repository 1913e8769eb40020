"""What loading skills costs, against reading and YAML-parsing the same files.

    python -m tests.bench.skills_loading [COUNT]

Sizes are those of 24 public collections: description 166 characters at the median and 435 at
the 90th percentile, body 4,373 and 14,242; 11 % of the folders with a script.
"""

from __future__ import annotations

import gc
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from skills.discover import Root, Scanner
from skills.library import Library, Places
from skills.skill import Scope

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


def _best(work: Callable[[], object], times: int = 5) -> float:
    """The median of `times` runs, in seconds."""
    taken = []
    for _ in range(times):
        gc.collect()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(count: int = FOLDERS) -> dict[str, Any]:
    """The figures: seconds for the bare read, for a cold and a warm scan, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "skills"
        files = make(root, count)
        roots = [Root(root, Scope.MINE)]
        bare(files)
        read = _best(lambda: bare(files))
        cold = _best(lambda: Scanner().scan(roots))
        scanner = Scanner()
        found = scanner.scan(roots)
        warm = _best(lambda: scanner.scan(roots))
        thousand = Path(name) / "thousand"
        make(thousand, 1_000, seed=2)
        home = Path(name) / "home"
        library = Library(Places(mine=thousand, keep=Path(name) / "keep", home=home))
        library.scan(home)
        panel = _best(lambda: library.scan(home))
        return {
            "folders": count,
            "loaded": len(found.skills),
            "bare_s": round(read, 4),
            "cold_s": round(cold, 4),
            "ratio": round(cold / read, 3),
            "per_folder_ms": round(cold / count * 1000, 4),
            "warm_s": round(warm, 4),
            "thousand_warm_ms": round(panel * 1000, 2),
            "listing_tokens_median": statistics.median(s.listing_tokens for s in found.skills),
        }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else FOLDERS), indent=2))
