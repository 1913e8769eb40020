"""What a recorded command needs, and whether it changes what others use."""

from __future__ import annotations

import pytest

from sessions.harvest.commands import command_of
from sessions.harvest.requirements import needed, outward
from sessions.record import events as ev


@pytest.mark.parametrize(
    ("command", "network", "changes"),
    [
        ("git push", True, "git push"),
        ("cd site && git -C docs push origin main", True, "git push"),
        ("git commit -m 'before git push'", False, ""),
        ("git fetch --all", True, ""),
        ("git status", False, ""),
        ("python3 -m pip install pytest", True, ""),
        ("npm run build", False, ""),
        ("npm publish", True, "npm publish"),
        ("make deploy", False, "make deploy"),
        ("make -n deploy", False, ""),
        ("ssh host uptime", True, "ssh"),
        ("rm -rf build", False, "rm -rf"),
        ("echo 'rm -rf x; curl y'", False, ""),
    ],
)
def test_what_reaches_others_is_known_by_what_it_does(
    command: str, network: bool, changes: str
) -> None:
    assert ("the network" in needed([command], {})) is network
    assert outward(command) == changes


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["bash", "-c", "git push $1", "name", "origin"], "git push $1"),
        (["/bin/bash", "-lc", "ls -l"], "ls -l"),
        (["bash", "-o", "pipefail", "-c", "a | b", "c"], "a | b"),
        (["sh", "-c", "-e", "make"], "make"),
        (["bash", "build.sh", "release", "now"], "bash build.sh release now"),
        (["python3", "-c", "print(1, 2)"], "python3 -c 'print(1, 2)'"),
        (["git", "status"], "git status"),
    ],
)
def test_a_command_told_as_its_words_is_read_as_it_is_typed(words: list[str], line: str) -> None:
    call = ev.ToolCall(turn=1, call="c", name="shell", input={"command": words})
    assert command_of(call) == line
