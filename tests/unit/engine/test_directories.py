"""A directory that can't be worked in is told in a sentence, whatever keeps one from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessions.runtime.directories import lack_of


def test_a_directory_without_rights_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lack_of(tmp_path) == ""
    assert lack_of(tmp_path / "gone") == f"There is no directory {tmp_path / 'gone'}."
    (tmp_path / "file").touch()
    assert lack_of(tmp_path / "file").startswith("There is no directory")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "no right" in lack_of(tmp_path)

    def closed(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", closed)
    assert "can't be reached: Permission denied" in lack_of(tmp_path)
