"""What workers compile before they begin is what their imports find."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from tests.support import bytecode


def test_all_is_compiled_once_as_imports_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    place = tmp_path / "tests"
    place.mkdir()
    for name in ("__init__", "part", "test_one", "test_bad"):
        text = "def f(:" if name == "test_bad" else "def test_it() -> None:\n    assert True\n"
        (place / f"{name}.py").write_text(text)
    monkeypatch.setattr(bytecode, "ROOT", tmp_path)
    compiled = place / "__pycache__"
    bytecode.compile_in_turn(request.config, 1, 2)
    test = compiled / f"test_one{rewrite.PYC_TAIL}"
    assert rewrite._read_pyc(place / "test_one.py", test) is not None
    assert len(list(compiled.glob("part.*"))) == 1
    assert not list(compiled.glob("test_bad.*"))
    made = test.stat().st_mtime_ns
    bytecode.compile_in_turn(request.config, 0, 2)
    assert test.stat().st_mtime_ns == made
