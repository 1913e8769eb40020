"""What all tests of tools have: temporary folders that go away."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions' own `/tmp` folders are made in the test's folder, closed or not."""
    folder = tmp_path / "session-tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
