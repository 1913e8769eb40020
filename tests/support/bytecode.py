"""Workers that begin together on a fresh clone compile it once between them, not once each.

So it is with the constants that hypothesis reads in the program's sources: it keeps them in files.
"""

from __future__ import annotations

import compileall
import warnings
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.assertion import rewrite

ROOT = Path(__file__).parents[2]
PARTS = ("sessions", "skills", "tui", "tests")


def _fresh(file: Path, compiled: Path) -> bool:
    try:
        return compiled.stat().st_mtime >= file.stat().st_mtime
    except OSError:
        return False


def _compile(file: Path, config: pytest.Config) -> None:
    """As the import of this file leaves it; what can't be compiled is told by the import."""
    if not file.name.startswith(("test_", "conftest.")):
        if not _fresh(file, Path(cache_from_source(str(file)))):
            compileall.compile_file(file, quiet=2)
            _read_constants(file)
        return
    compiled = rewrite.get_cache_dir(file) / (file.stem + rewrite.PYC_TAIL)
    if _fresh(file, compiled):
        return
    try:
        stat, code = rewrite._rewrite_test(file, config)
    except SyntaxError:
        return
    if rewrite.try_makedirs(compiled.parent):
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, stat, compiled)


def _read_constants(file: Path) -> None:
    if PARTS[-1] not in file.relative_to(ROOT).parts:
        from hypothesis.internal.constants_ast import constants_from_module

        module = ModuleType(file.stem)
        module.__file__ = str(file)
        with warnings.catch_warnings(action="ignore"):  # it warns of who reads them this early
            constants_from_module(module)


def compile_in_turn(config: pytest.Config, worker: int, workers: int) -> None:
    """Compile all files, each worker its own share first: the others find that made."""
    places = [place.parent for part in PARTS for place in (ROOT / part).rglob("__init__.py")]
    files = sorted(file for place in places for file in place.glob("*.py"))
    for share in range(workers):
        for file in files[(worker + share) % workers :: workers]:
            _compile(file, config)
