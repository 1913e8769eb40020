"""Any order of edits, commits, forks, landings, discards, deletions: every content is somewhere."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError
from sessions.features import worktree_recovery
from sessions.record.closed_sets import LandedHow, one_of
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, git, repo
from tests.unit.worktrees.conftest import begin
from tests.unit.worktrees.test_killed import Killed, kill_at

OURS = [
    "commit",
    "fork",
    "land",
    "squash",
    "merge",
    "discard",
    "back",
    "take",
    "stage",
    "delete",
    "new",
]
NAMES = ("a", "b", "sub/c", "-d e")


class World:
    """Sessions in one repository, and every content that was in a folder before a step of ours."""

    def __init__(self, rig: Rig, mine: Path, seed: int) -> None:
        self.rig = rig
        self.mine = mine
        self.chance = random.Random(seed)
        self.sessions: list[Session] = []
        self.kept: set[str] = set()
        self.committed: set[str] = set()

    def folders(self) -> list[Path]:
        """Where sessions work now."""
        paths = [Path(s.summary.cwd) for s in self.sessions]
        return [p for p in paths if p.is_dir()]

    def edit(self, folder: Path) -> None:
        """What a session may do to its files."""
        name = self.chance.choice(NAMES)
        file = folder / name
        if file.exists():  # its own edit may overwrite what was not committed
            self.kept.discard(file.read_text())
        if file.exists() and self.chance.random() < 0.2:
            file.unlink()
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{self.chance.getrandbits(64)}\n")

    def contents(self, folder: Path) -> set[str]:
        """What stands in a folder's files."""
        files = [f for f in folder.rglob("*") if ".git" not in f.relative_to(folder).parts]
        return {f.read_text() for f in files if f.is_file()}

    def look(self) -> None:
        """All that stands in files now must be found later."""
        for folder in self.folders():
            self.kept |= self.contents(folder)

    def lost(self) -> set[str]:
        """Contents that are in no folder and in nothing that a ref reaches."""
        git(self.mine, "gc", "-q", "--prune=now")
        there = set().union(*(self.contents(f) for f in [self.mine, *self.folders()]))
        listed = git(self.mine, "rev-list", "--objects", "--no-object-names", "--all")
        for folder in self.folders():
            listed += git(folder, "rev-list", "--objects", "--no-object-names", "HEAD")
        for sha in set(listed.split()):
            if git(self.mine, "cat-file", "-t", sha).strip() == "blob":
                there.add(git(self.mine, "cat-file", "blob", sha))
        return (self.kept | self.committed) - there

    async def cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A step that the engine's end cuts off somewhere, and the next engine's beginning."""
        with monkeypatch.context() as patch:
            kill_at(patch, self.chance.randrange(1, 30))
            with contextlib.suppress(Killed):
                await self.step()
        trees = self.rig.deck.features.worktrees
        await trees.landings.recover()
        await worktree_recovery.recover(self.rig.deck, trees)

    async def step(self) -> None:
        """One thing of ours, at random; what is refused changes nothing."""
        trees = self.rig.deck.features.worktrees
        session = self.chance.choice(self.sessions)
        what = self.chance.choice(OURS)
        with contextlib.suppress(AgentdeckError):
            if what == "commit":
                await trees.reviews.commit(session, "Words", [])
                self.committed |= self.contents(Path(session.summary.cwd))
            elif what == "fork":
                self.sessions.append(await self.rig.deck.fork(session.id))
            elif what in ("land", "squash", "merge"):
                how: LandedHow = one_of(LandedHow, what, "rebase")
                await trees.landings.land(session, how=how, message="All")
            elif what == "discard":
                await trees.landings.discard(session)
            elif what == "back":
                await trees.landings.bring_back(session)
            elif what == "stage":
                await trees.reviews.stage(session, self.chance.choice(NAMES), "", undo=False)
            elif what == "take":
                await trees.reviews.take_back(session, self.chance.choice(NAMES), "")
            elif what == "delete" and len(self.sessions) > 1:
                self.sessions.remove(session)
                await self.rig.deck.delete(session.id)
            elif what == "new":
                self.sessions.append(await begin(self.rig, self.mine))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_done_every_content_is_somewhere(
    rig: Rig, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine", a="first\n", b="second\n")
    world = World(rig, mine, seed)
    world.sessions.append(await begin(rig, mine))
    for _ in range(12):
        for folder in world.folders():
            world.edit(folder)
        world.look()
        if seed % 2 and world.chance.random() < 0.5:
            await world.cut_off(monkeypatch)
        else:
            await world.step()
    assert world.lost() == set()
    assert clean(mine)
    for folder in world.folders():
        git(folder, "fsck", "--no-progress", "--no-dangling")
        assert "in progress" not in git(folder, "status")
