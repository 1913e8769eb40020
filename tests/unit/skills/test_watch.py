"""A folder that lands is told of, by the system's own notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from skills import watch
from tests.support.skill_folders import make_skill


@asynccontextmanager
async def watching(*roots: Path) -> AsyncIterator[asyncio.Queue[set[Path]]]:
    """A queue of what is told, once the watch is known to be awake."""
    stop, told = asyncio.Event(), asyncio.Queue[set[Path]]()

    async def pump() -> None:
        async for paths in watch.changes(lambda: roots, stop):
            await told.put(paths)

    task = asyncio.create_task(pump())
    try:
        yield told
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def told_after(act: object, told: asyncio.Queue[set[Path]], wanted: Path | None) -> None:
    """Do `act` again and again until the watch, which takes a moment to begin, tells of it."""
    async with asyncio.timeout(60):
        number = 0
        while True:
            act(number)  # type: ignore[operator]
            number += 1
            try:
                paths = await asyncio.wait_for(told.get(), 1)
            except TimeoutError:
                continue
            if wanted is None or any(p.is_relative_to(wanted) for p in paths):
                return


async def test_a_folder_that_lands_is_told_of(tmp_path: Path) -> None:
    root = tmp_path / "skills"
    root.mkdir()
    async with watching(root) as told:
        await told_after(lambda n: make_skill(root, f"s{n}"), told, root)


async def test_a_root_that_appears_is_told_of_and_watched(tmp_path: Path) -> None:
    root = tmp_path / ".agents/skills"
    async with watching(root) as told:

        def appear(number: int) -> None:
            (tmp_path / f"noise{number}").mkdir()
            if root.parent.exists() and number:
                root.parent.rmdir() if not root.exists() else None
            root.mkdir(parents=True, exist_ok=True)
            make_skill(root, f"s{number}")

        await told_after(appear, told, None)
        await told_after(lambda n: make_skill(root, f"t{n}"), told, root)


def test_a_missing_root_is_waited_for_where_it_would_appear(tmp_path: Path) -> None:
    (tmp_path / "there/skills").mkdir(parents=True)
    roots = [tmp_path / "there/skills", tmp_path / "no/.agents/skills"]
    deep, flat = watch.targets(roots)
    assert deep == {tmp_path / "there/skills"}
    assert flat == {tmp_path / "there", tmp_path}


@pytest.mark.parametrize("name", ["node_modules/x", ".git/index"])
async def test_noise_is_not_told(tmp_path: Path, name: str) -> None:
    root = tmp_path / "skills"
    (root / name).parent.mkdir(parents=True)
    async with watching(root) as told:

        def act(number: int) -> None:
            (root / name).write_text(str(number))
            make_skill(root, f"s{number}")

        await told_after(act, told, root)
        while not told.empty():
            assert not any(p == root / name for p in told.get_nowait())


def test_changes_are_told_by_the_skills_they_belong_to(tmp_path: Path) -> None:
    make_skill(tmp_path / "set", "nested", files={"scripts/x.py": ""})
    paths = [
        tmp_path / "set/nested/scripts/x.py",
        tmp_path / "gone/scripts/y.py",
        tmp_path / ".agentdeck-abc/half/SKILL.md",
        Path("/elsewhere/z"),
    ]
    assert watch.names(paths, [tmp_path]) == ["gone", "nested"]
