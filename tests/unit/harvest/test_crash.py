"""Killed at every step that changes a file, a harvest leaves nothing half made.

A child does the work and ends, as by `kill -9`, right before its n-th change of the disk, for
every n that there is. What is there afterwards is read as the next process would.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessions.harvest.service import Harvest
from sessions.importers.run import import_paths
from skills.validate import validate
from tests.support.rig import rig_places
from tests.unit.harvest.test_merge import again, installed
from tests.unit.harvest.test_service import SCRIPT, worked
from tests.unit.importers.test_importers import SOURCES

_CHANGES = {
    "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.symlink",
    "os.truncate", "shutil.rmtree", "shutil.copyfile", "tempfile.mkdtemp", "fcntl.flock",
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def killed_at_every_step(
    template: Path, root: Path, work: Callable[[Path], object]
) -> Iterator[tuple[Path, int]]:
    """The folder after each death, and how far the work had come; the last time it ended."""
    for step in range(1, 500):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        child = os.fork()
        if child == 0:
            _die_at(step, root)
            code = 1
            try:
                work(root)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 9), "it failed by itself"
        yield root, step
        if os.WEXITSTATUS(status) == 0:
            return
    raise AssertionError("it never ended")


def _die_at(step: int, root: Path) -> None:
    left = [step]

    def hook(event: str, args: tuple[object, ...]) -> None:
        changes = event in _CHANGES
        if event == "open":
            flags = args[2]
            changes = isinstance(flags, int) and bool(flags & _WRITING)
        if changes and (event == "fcntl.flock" or str(root) in str(args)):
            left[0] -= 1
            if not left[0]:
                os._exit(9)

    sys.addaudithook(hook)


def whole(harvest: Harvest) -> None:
    """Every draft can be read; every skill is valid, with the bytes that ran."""
    for name in harvest.names():
        assert harvest.draft(name).files["scripts/total.py"] == SCRIPT.encode()
    mine = harvest.places.my_skills
    for path in mine.iterdir() if mine.is_dir() else ():
        if not path.name.startswith("."):
            assert validate(path).findings == (), path
            assert (path / "scripts" / "total.py").read_bytes() == SCRIPT.encode()
            json.loads((path / "harvest.json").read_bytes())


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A session that left something, at the path that the work will see."""
    root = tmp_path / "template"
    root.mkdir()
    harvest = worked(root)
    harvest.basket.add(harvest.byproducts(["s1"]))
    return root


def test_drafting(template: Path, tmp_path: Path) -> None:
    def work(root: Path) -> None:
        harvest = Harvest(rig_places(root))
        harvest.create(harvest.byproducts(["s1"]), "sums")

    deaths = 0
    for root, _ in killed_at_every_step(template, tmp_path / "home", work):
        harvest = Harvest(rig_places(root))
        whole(harvest)
        assert harvest.names() in ([], ["sums"]) and len(harvest.basket.items()) == 3
        deaths += 1
    assert deaths > 8 and harvest.names() == ["sums"]


def test_revising(template: Path, tmp_path: Path) -> None:
    before = Harvest(rig_places(template))
    before.create(before.byproducts(["s1"]), "sums")

    md = before.drafts / "sums" / "SKILL.md"
    md.write_text(md.read_text() + "- Mine.\n")

    for root, _ in killed_at_every_step(
        template, tmp_path / "home", lambda r: Harvest(rig_places(r)).edited("sums")
    ):
        harvest = Harvest(rig_places(root))
        whole(harvest)
        assert harvest.names() == ["sums"] and "- Mine." in harvest.draft("sums").body
    assert harvest.draft("sums").rounds


def test_installing(template: Path, tmp_path: Path) -> None:
    before = Harvest(rig_places(template))
    before.create(before.byproducts(["s1"]), "sums")

    for root, _ in killed_at_every_step(
        template, tmp_path / "home", lambda r: Harvest(rig_places(r)).install("sums")
    ):
        harvest = Harvest(rig_places(root))
        whole(harvest)
        there = (harvest.places.my_skills / "sums").exists()
        assert there or harvest.names() == ["sums"], "neither draft nor skill"
    assert there and harvest.names() == []


def test_updating_and_taking_it_back(tmp_path: Path) -> None:
    template = tmp_path / "template"
    harvest, path = installed(template)
    older = (path / "SKILL.md").read_text()
    harvest.merge(again(harvest, template).name, "sums")

    def work(root: Path) -> None:
        harvest = Harvest(rig_places(root))
        harvest.install("sums")
        harvest.uninstall("sums")

    for root, _ in killed_at_every_step(template, tmp_path / "home", work):
        harvest = Harvest(rig_places(root))
        whole(harvest)
        kept = [*root.rglob("SKILL.md")]
        assert any(each.read_text() == older for each in kept), "the version before is lost"
    assert (root / path.relative_to(template) / "SKILL.md").read_text() == older


def test_rejecting(template: Path, tmp_path: Path) -> None:
    before = Harvest(rig_places(template))
    before.create(before.byproducts(["s1"]), "sums")
    for root, _ in killed_at_every_step(
        template, tmp_path / "home", lambda r: Harvest(rig_places(r)).reject("sums", "narrow")
    ):
        harvest = Harvest(rig_places(root))
        whole(harvest)
        assert harvest.names() == ["sums"] or harvest.lessons.reasons() == ["narrow"]


def test_importing(template: Path, tmp_path: Path) -> None:
    source = SOURCES["claude-code"](tmp_path / "theirs")

    def work(root: Path) -> None:
        assert list(import_paths([source], rig_places(root)))

    for root, _ in killed_at_every_step(template, tmp_path / "home", work):
        places = rig_places(root)
        done = [p for p in places.sessions.iterdir() if not p.name.startswith((".", "s1"))]
        list(import_paths([source], places))
        after = [p for p in places.sessions.iterdir() if p.name != "s1"]
        assert len(after) == 1 and done in ([], after), "half a session, or one twice"
