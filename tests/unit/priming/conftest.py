"""Fixtures of the priming tests."""

from __future__ import annotations

import pytest

from tests.unit.priming.arxiv_rig import Time


@pytest.fixture
def time() -> Time:
    """A clock that moves when somebody waits."""
    return Time()
