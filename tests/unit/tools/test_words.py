"""What is taken for plain words is read as the same words by every shell."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.tools import plain_command as plain
from tests.unit.tools.evasions import PLAIN

# Mostly what a plain line is made of, so that many are accepted; and all that shells know.
LINES = st.text(
    st.one_of(
        st.sampled_from("abcXYZ019_./:=,@%+- \"'"),
        st.sampled_from("  \"\"''"),
        st.sampled_from(";&|<>$`\\(){}[]*?!#~^\n\t\r\0\x1b\u00a0\u200b\u037eé"),
    ),
    max_size=24,
)


def read_by(shell: str, lines: list[str]) -> list[list[str]]:
    """The words that a shell makes of each line."""
    script = "".join(f"printf '%s\\0' x {line}\nprintf '\\n\\0'\n" for line in lines)
    done = subprocess.run([shell], input=script.encode(), capture_output=True, check=True, cwd="/")
    read: list[list[str]] = [[]]
    for word in done.stdout.decode().split("\0"):
        if word == "\n":
            read.append([])
        else:
            read[-1].append(word)
    return [words[1:] for words in read[:-1]]


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
@settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck)
)  # each example is a batch
@given(lines=st.lists(LINES, min_size=40, max_size=60))
def test_every_shell_reads_the_same_words(shell: str, lines: list[str]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    accepted = [(line, words) for line in lines if (words := plain.split(line)) is not None]
    accepted += [(line, words) for line, words in PLAIN]
    assert read_by(program, [line for line, _ in accepted]) == [words for _, words in accepted]


@settings(max_examples=300, deadline=None)
@given(line=LINES)
def test_what_a_shell_gives_a_meaning_to_is_never_plain(line: str) -> None:
    if set(line) & set(";&|<>$`\\(){}[]*?!#~^\n\t\r\0\x1b") or not line.isascii():
        assert plain.split(line) is None
