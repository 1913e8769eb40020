"""Who may import what, checked in fresh processes; and the gates that CI runs."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gates.size import FAIL, long_files

ROOT = Path(__file__).parents[2]
HEAVY = ("anthropic", "acp", "mcp", "httpx2", "feedparser", "sqlite3", "pydantic")


def modules(package: str) -> list[str]:
    """All modules of a package, by name."""
    folder = ROOT / package
    names = [package]
    for found in pkgutil.walk_packages([str(folder)], f"{package}."):
        names.append(found.name)
    return names


def imported_by(code: str) -> set[str]:
    """Top-level modules that a fresh process has after running `code`."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["sessions", "skills"])
def test_headless_modules_import_no_interface(package: str) -> None:
    names = [n for n in modules(package) if not n.endswith("local_server")]
    code = "import importlib\n" + "\n".join(f"importlib.import_module({n!r})" for n in names)
    assert not imported_by(code) & {"textual", "rich", "tui"}


def test_skills_know_nothing_of_sessions() -> None:
    code = "\n".join(f"import {name}" for name in modules("skills"))
    assert "sessions" not in imported_by(code)


def test_the_interface_imports_nothing_heavy() -> None:
    code = "import tui.app, tui.deck.screen, sessions.engine.client\n" + "\n".join(
        f"import {name}" for name in modules("tui")
    )
    assert not imported_by(code) & set(HEAVY)


def test_an_engine_without_sessions_imports_only_what_answers_an_idle_deck(tmp_path: Path) -> None:
    unwanted = {
        "anyio", "email", "watchfiles", "yaml",
        "sessions.backends.acp.backend", "sessions.features.priming", "sessions.harvest",
        "sessions.plans.runner", "skills.library",
    }  # fmt: skip
    code = f"""
import asyncio, sys
from sessions import config
from sessions.engine import commands, main, server
from sessions.engine.whole_deck import WholeDeck
from sessions.paths import places

async def idle():
    deck = WholeDeck(places(), config.load())
    await deck.open()
    for name in ("deck.list", "deck.backends", "plan.going", "config.settings"):
        await commands.find(name)(deck)
    print(*sorted({unwanted!r} & {{*sys.modules}}))
    await deck.close()

asyncio.run(idle())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "AGENTDECK_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_help_and_version_import_next_to_nothing() -> None:
    code = (
        "from sessions.cli.commands import _main\nimport contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    _main(['-h'])"
    )
    assert not imported_by(code) & {*HEAVY, "textual", "rich", "asyncio"}


def test_no_file_is_too_long() -> None:
    assert [(n, str(p)) for n, p in long_files(ROOT) if n > FAIL] == []


def test_no_style_sheet_has_a_universal_selector() -> None:
    """A universal selector with a pseudo-class makes every change restyle everything."""
    guilty = [
        str(path)
        for path in (ROOT / "tui").rglob("*.tcss")
        if re.search(
            r"(^|[\s,}>])\*\s*[{:,.]", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        )
    ]
    assert guilty == []


def test_no_child_is_waited_for_by_its_pipes() -> None:
    guilty = [
        str(path)
        for path in (ROOT / "sessions").rglob("*.py")
        if re.search(r"asyncio\.create_subprocess_\w+\(", path.read_text())
    ]
    assert guilty == [], "sessions.child_process.start"


def test_nothing_runs_through_a_shell_by_accident() -> None:
    guilty = [
        str(path)
        for package in ("sessions", "skills", "tui")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"shell\s*=\s*True|os\.system\(|create_subprocess_shell", path.read_text())
    ]
    assert guilty == []
