"""What is written for a new terminal is run as a shell would, where it is a shell's."""

from __future__ import annotations

import pytest

from sessions.errors import UsageError
from tui.deck.terminals import command_of


@pytest.mark.parametrize(
    "line", ["make && make test", "ls | wc -l", "ls; pwd", "echo x > y", "sleep 9&", "echo $HOME"]
)
def test_what_only_a_shell_understands_goes_to_the_users(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert command_of(line) == ["/bin/zsh", "-c", line]
    monkeypatch.delenv("SHELL")
    assert command_of(line) == ["sh", "-c", line]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("vim notes.md", ["vim", "notes.md"]),
        ("grep 'a && b' \"c | d\" e.txt", ["grep", "a && b", "c | d", "e.txt"]),
        ("run # 3", ["run", "#", "3"]),
        ("", []),
    ],
)
def test_anything_else_is_run_as_it_is(line: str, words: list[str]) -> None:
    assert command_of(line) == words


def test_an_open_quote_is_said() -> None:
    with pytest.raises(UsageError, match="no command"):
        command_of("echo 'x")
