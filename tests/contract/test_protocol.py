"""The engine's commands are told in three places, and are the same in each."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from inspect import get_annotations
from pathlib import Path
from typing import Any

import pytest

from sessions.api import harvest, plans, worktrees
from sessions.engine import protocol
from sessions.engine.commands import find, load_commands, module_of
from sessions.harvest.merge import Conflict
from sessions.harvest.similar_skills import Neighbour
from sessions.harvest.usage import Uses
from sessions.plans.schedules import ScheduleEntry
from sessions.remote import forwarding
from sessions.worktrees.listing import WorktreeRow


def formatted(text: str) -> str:
    """As the project's formatter writes it."""
    ruff = Path(sys.executable).with_name("ruff")
    fixed = [str(ruff), "check", "--fix-only", "-q", "--stdin-filename", str(protocol.CALLS), "-"]
    lined = [str(ruff), "format", "-q", "--stdin-filename", str(protocol.CALLS), "-"]
    for argv in (fixed, lined):
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
        text = done.stdout
    return text


def test_a_command_is_found_by_its_name_in_the_module_that_has_it() -> None:
    for name, function in load_commands().items():
        assert (name, module_of(name)) == (name, function.__module__)
        assert find(name) is function
    for unknown in ("", "session", "session.none", "none.none", "os.path", "..server.x"):
        assert find(unknown) is None


def test_a_command_that_was_asked_for_without_a_free_descriptor_is_found_afterwards() -> None:
    script = (
        "import os, resource\n"
        "from sessions.engine import commands\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))\n"
        "held = []\n"
        "try:\n"
        "    while True:\n"
        "        held.append(os.open(os.devnull, os.O_RDONLY))\n"
        "except OSError:\n"
        "    pass\n"
        "try:\n"
        "    print(commands.find('archive.list'))\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
        "for each in held:\n"
        "    os.close(each)\n"
        "print(commands.find('session.send').__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["Too many open files", "send"], done.stderr


def test_the_typed_calls_are_those_of_the_commands() -> None:
    assert protocol.CALLS.read_text() == formatted(protocol.calls(protocol.declared()))


def test_the_protocol_is_told_as_it_is() -> None:
    assert protocol.DOCS.read_text() == protocol.docs(protocol.declared())


def test_every_command_says_what_it_does_and_is_typed() -> None:
    for command in protocol.declared():
        assert command.does, command.name
        assert command.answer, command.name
        assert all(argument.kind for argument in command.takes), command.name


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        (ScheduleEntry, plans.Scheduled),
        (Uses, harvest.SkillUses),
        (WorktreeRow, worktrees.WorktreeListed),
        (Neighbour, harvest.NeighbourShown),
        (Conflict, harvest.DraftConflict),
    ],
)
def test_an_answer_has_the_fields_of_what_it_tells(told: Any, answer: type) -> None:
    assert [field.name for field in fields(told)] == list(get_annotations(answer))


def asked_of_sites() -> Iterator[tuple[str, set[str]]]:
    """Each command that is asked of another machine by its name, and what is told with it."""
    assert forwarding.__file__
    for file in sorted(Path(forwarding.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            match node.func.attr, node.args:
                case "call" | "_say", [ast.Constant(value=str(name)), *others]:
                    keys = {each.arg for each in node.keywords} - {None, "after"}
                    for each in others:
                        if isinstance(each, ast.Dict):
                            keys |= {k.value for k in each.keys if isinstance(k, ast.Constant)}
                    yield name, {str(key) for key in keys}


def test_what_is_asked_of_another_machine_or_done_here_in_its_place_is_declared() -> None:
    """What goes there as a name and an object, too, which the type checker can't look into."""
    takes = {each.name: {a.name for a in each.takes} for each in protocol.declared()}
    asked = list(asked_of_sites())
    assert {"work.known", "session.since", "terminal.size"} <= {name for name, _ in asked}
    assert [(n, keys) for n, keys in asked if not keys <= takes.get(n, set())] == []
    assert takes.keys() >= {n for n, _ in asked} | forwarding.HERE
    assert takes.keys() >= forwarding._WHEN_IT_IS_BACK | forwarding._WITH_FILES
