"""What all tests of tools have: temporary folders that go away."""

from __future__ import annotations

import tempfile

import pytest


@pytest.fixture(scope="module")
def files_tmp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for the temporary folders of one file of tests."""
    return str(tmp_path_factory.mktemp("session-tmp"))


@pytest.fixture(autouse=True)
def own_tmp(files_tmp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions' own `/tmp` folders are made among the tests' own, closed or not."""
    monkeypatch.setattr(tempfile, "tempdir", files_tmp)
