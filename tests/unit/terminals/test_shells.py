"""The lines that docs/terminals.md has for shells, in the shells that are here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.terminals.looking import Looking

DOCS = Path(__file__).parents[3] / "docs" / "terminals.md"


def recipe(file: str) -> str:
    """The lines that go into a shell's own file."""
    found = re.search(rf"```\w+\n# ~/{re.escape(file)}\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("shell", "file", "words"),
    [
        ("bash", ".bashrc", ["bash", "--rcfile", ".bashrc", "-i"]),
        ("zsh", ".zshrc", ["env", "ZDOTDIR=.", "zsh", "-i"]),
        ("fish", ".config/fish/config.fish", ["env", "HOME=.", "fish", "-i"]),
    ],
)
async def test_a_shell_tells_of_its_commands(
    looking: Looking, tmp_path: Path, shell: str, file: str, words: list[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    own = tmp_path / file
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(recipe(file), "utf-8")
    words = [word.replace("=.", f"={tmp_path}") for word in words]
    terminal = await looking.new(*words, cwd=str(tmp_path))
    await looking.watch(terminal)
    await looking.status(terminal, "idle")
    await looking.type(terminal, b"sh -c 'echo \"wo\"rd; exit 3'\r")
    await looking.status(terminal, "failed")
    last = await looking.client.call("terminal.last", session=terminal)
    assert (last["command"], last["exit"]) == ("sh -c 'echo \"wo\"rd; exit 3'", 3)
    assert last["output"].strip() == "word"
    await looking.client.call("session.seen", session=terminal)
    await looking.type(terminal, b"true\r")
    await looking.status(terminal, "done")
    assert (await looking.client.call("terminal.last", session=terminal))["exit"] == 0
