"""Decks for the tests of sessions and engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.deckrig import Rig


@pytest.fixture
async def rig_of_one(tmp_path: Path) -> AsyncIterator[Rig]:
    """The same, with one turn at a time."""
    rig = await Rig.make(tmp_path, turns_at_once=1)
    yield rig
    await rig.close()
