"""Worktrees and review in a repository of 50,000 files, beside bare git; opening a large change.

    python -m tests.bench.worktrees

The repository is made by `git fast-import`; 270 files are changed in its worktree, 20 of those
not tracked. CPU is that of git and of this process together.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from sessions.record.summary import Summary
from sessions.worktrees import changes, make, review
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.table import plain
from tests.support.deckrig import Rig
from tui.screens.review.screen import ChangeReview
from tui.terminal.output_guard import GuardedApp
from tui.view.compositor import LeanScreen

FILES = 50_000
LINES = 5_000
_AS = ("-c", "user.name=n", "-c", "user.email=a@b", "-c", "gc.auto=0")


def git(cwd: Path, *words: str, stdin: bytes | None = None) -> bytes:
    """What git prints."""
    done = subprocess.run(
        ["git", *_AS, *words], cwd=cwd, capture_output=True, check=True, input=stdin
    )
    return done.stdout


def repository(folder: Path, files: int) -> Path:
    """A repository with one commit of so many files, 100 in a folder."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    parts = [b"commit refs/heads/main\ncommitter n <a@b> 1700000000 +0000\ndata 4\none\n\n"]
    for number in range(files):
        text = b"value = %d\n" % number * 20
        at = b"src/p%d/s%d/f%d.py" % (number // 2000, number // 100, number % 100)
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (at, len(text), text))
    git(folder, "fast-import", "--quiet", stdin=b"".join(parts))
    return folder


def _cpu() -> float:
    used = [resource.getrusage(w) for w in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the clock, and of CPU."""
    cpu, began = _cpu(), time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000, (_cpu() - cpu) * 1000


def _adding(root: Path, mine: Path, rounds: int) -> tuple[list[float], list[float], make.Worktree]:
    ours, bare = [], []
    wanted = make.plan(root / "trees", mine, "s0", "t")
    for number in range(rounds):
        other = root / f"bare{number}"
        add = ["worktree", "add", "-q", "-b", f"b{number}", str(other), "main"]
        bare.append(_taken(lambda a=add: git(mine, *a))[0])
        shutil.rmtree(other)
        wanted = make.plan(root / "trees", mine, f"s{number}", "t")
        ours.append(_taken(lambda w=wanted: make.add(w))[0])
        if number < rounds - 1:
            shutil.rmtree(wanted.path)
    git(mine, "worktree", "prune")
    return ours, bare, wanted


def _change(tree: make.Worktree) -> None:
    """250 files changed, half of them committed, and 20 new ones."""
    paths = sorted(tree.path.glob("src/*/s*/f7.py"))[:250]
    for number, path in enumerate(paths):
        path.write_text(path.read_text().replace("value", f"changed_{number}", 3))
        if number == len(paths) // 2:
            git(tree.path, "commit", "-qam", "half")
    for number in range(20):
        (tree.path / "src" / "p0" / f"new{number}.py").write_text("new = 1\n" * 30)


def figures(quick: bool) -> Iterator[Figure]:
    """Adding, reviewing, opening a large change, and what idle ones cost."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        mine = repository(root / "mine", FILES)
        ours, bare, tree = _adding(root, mine, 2 if quick else 5)
        what = "git worktree add"
        yield Figure(
            f"add a worktree, {FILES:,} files", ours, "ms", Target(1.1, "ratio"), what, bare
        )
        _change(tree)
        base = tree.base.commit
        pairs = [
            (
                _taken(lambda: git(tree.path, "diff", base, "--")),
                _taken(lambda: changes.collect(tree.path, base)),
            )
            for _ in range(7 if quick else 25)
        ]
        for at, kind in enumerate(("", ", CPU")):
            diff, collected = ([pair[n][at] for pair in pairs] for n in (0, 1))
            yield Figure(f"review, 270 of {FILES:,} files changed{kind}", collected, "ms",
                         Target(1.3, "ratio"), "git diff", diff)  # fmt: skip
        yield from _opened(root, 5 if quick else 15)
        trees, plain_ones = asyncio.run(_idle(root, 3 if quick else 10))
        what = "12 without a worktree"
        yield Figure("CPU of 12 idle sessions in worktrees, per second", [trees], "ms",
                     Target(2, "over"), what, [plain_ones])  # fmt: skip


# -- a large change on screen


class _Client:
    """The engine, as far as the review asks it."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder, base
        self.summaries: dict[str, Summary] = {}

    async def call(self, _: str, **given: Any) -> Any:
        found = await asyncio.to_thread(changes.collect, self.folder, self.base)
        return review.told(Summary("s001"), found)


class _Deck(GuardedApp, App[None]):
    def get_default_screen(self) -> Screen[Any]:
        return LeanScreen()


def _opened(root: Path, rounds: int) -> Iterator[Figure]:
    folder = repository(root / "small", 50)
    git(folder, "reset", "-q", "--hard")
    base = git(folder, "rev-parse", "HEAD").decode().strip()
    for number in range(10):
        path = folder / "src" / "p0" / "s0" / f"f{number}.py"
        path.write_text("".join(f"def f{n}(x):  # {number}\n" for n in range(LINES // 10)))
    opened, paged = asyncio.run(_drive(_Client(folder, base), rounds))
    yield Figure(f"open a change of {LINES:,} lines", opened, "ms", Target(150))
    yield Figure("scroll it by a page", paged, "ms", Target(30))


async def _drive(client: Any, rounds: int) -> tuple[list[float], list[float]]:
    opened, paged = [], []
    async with _Deck().run_test(size=(200, 60)) as pilot:
        for _ in range(rounds):
            screen = ChangeReview(client, "s001", "a large one")
            began = time.perf_counter()
            await pilot.app.push_screen(screen)
            while not screen.view.rows:
                await asyncio.sleep(0)
            [screen.view.render_line(y) for y in range(60)]
            opened.append((time.perf_counter() - began) * 1000)
            for _ in range(5):
                began = time.perf_counter()
                screen.view.action_page(1)
                [screen.view.render_line(y) for y in range(60)]
                paged.append((time.perf_counter() - began) * 1000)
            await pilot.app.pop_screen()
    return opened, paged


# -- idle sessions


async def _idle(root: Path, seconds: int) -> tuple[float, float]:
    """Milliseconds of CPU that an engine takes in a second, with worktrees and without."""
    mine = repository(root / "idle", 50)
    git(mine, "reset", "-q", "--hard")
    taken = []
    for worktree in (True, False):
        rig = await Rig.make(root / f"home{worktree}")
        for _ in range(12):
            await rig.deck.create(cwd=str(mine), worktree=worktree)
        await asyncio.sleep(1)
        before = _cpu()
        await asyncio.sleep(seconds)
        taken.append((_cpu() - before) * 1000 / seconds)
        await rig.close()
    return taken[0], taken[1]


def measure() -> str:
    """The table of this part alone."""
    return plain("Worktrees and review", list(figures(quick=True)))


if __name__ == "__main__":
    print(measure())
