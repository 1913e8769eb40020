"""The engine's commands are told in three places, and are the same in each."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sessions.engine import protocol


def formatted(text: str) -> str:
    """As the project's formatter writes it."""
    ruff = Path(sys.executable).with_name("ruff")
    fixed = [str(ruff), "check", "--fix-only", "-q", "--stdin-filename", str(protocol.CALLS), "-"]
    lined = [str(ruff), "format", "-q", "--stdin-filename", str(protocol.CALLS), "-"]
    for argv in (fixed, lined):
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
        text = done.stdout
    return text


def test_the_typed_calls_are_those_of_the_commands() -> None:
    assert protocol.CALLS.read_text() == formatted(protocol.calls(protocol.declared()))


def test_the_protocol_is_told_as_it_is() -> None:
    assert protocol.DOCS.read_text() == protocol.docs(protocol.declared())


def test_every_command_says_what_it_does_and_is_typed() -> None:
    for command in protocol.declared():
        assert command.does, command.name
        assert command.answer, command.name
        assert all(argument.kind for argument in command.takes), command.name


@pytest.mark.timeout(300)  # all of it is read where nothing is cached
def test_a_wrong_name_or_argument_is_found_by_the_type_checker(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        textwrap.dedent(
            """
            from sessions.api.calls import Calls

            async def right(engine: Calls) -> int:
                sent = await engine.call("session.send", session="s", text="hello")
                return sent["turn"]

            async def no_such_command(engine: Calls) -> None:
                await engine.call("session.sent", session="s", text="hello")

            async def no_such_argument(engine: Calls) -> None:
                await engine.call("session.send", session="s", words="hello")

            async def another_kind(engine: Calls) -> None:
                await engine.call("session.fork", session="s", turn="one")

            async def no_such_key(engine: Calls) -> None:
                sent = await engine.call("session.send", session="s", text="hello")
                sent["trun"]
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(wrong)],
        capture_output=True,
        text=True,
        cwd=protocol.ROOT,
    )
    found = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
    assert found == {"9", "12", "15", "19"}, done.stdout
