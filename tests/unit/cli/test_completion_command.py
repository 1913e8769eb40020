"""`agentdeck completion`: scripts that the shells take, and what they complete."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.unit.cli.conftest import Home


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(bare: Home, shell: str) -> None:
    script = bare.out("completion", shell)
    assert "_AGENTDECK_COMPLETE" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [("agentdeck ", "sessions"), ("agentdeck sessions ", "export"), ("agentdeck run --", "--json")],
)
def test_commands_and_options_are_offered(bare: Home, words: str, offered: str) -> None:
    bare.extra_env = {
        "_AGENTDECK_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = bare.call()
    assert f"plain,{offered}" in done.stdout.splitlines()
