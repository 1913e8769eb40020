"""A deck with its places beside the repositories of the test, and sessions in worktrees."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.runtime.session import Session
from tests.support.deckrig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck on the rig's backend."""
    rig = await Rig.make(tmp_path / "home")
    yield rig
    await rig.close()


async def begin(rig: Rig, folder: Path, title: str = "Fix the parser", base: str = "") -> Session:
    """A session in a worktree of that folder's repository."""
    return await rig.deck.create(cwd=str(folder), title=title, worktree=True, base=base)


async def orphan(rig: Rig, folder: Path) -> Session:
    """A session whose record is lost."""
    session = await begin(rig, folder)
    await session.close()
    rig.deck.sessions.pop(session.id)
    shutil.rmtree(session.folder)
    await rig.deck.index.forget(session.id)
    return session
