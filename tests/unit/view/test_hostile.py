"""Hostile text on a real terminal: nothing of it arrives as a control sequence."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.bench.harness.terminal import Terminal

SHARED = Path(__file__).parents[3].parent / "shared/fixtures/hostile/terminal-escapes.jsonl"
OWN = [
    "\x1b]52;c;UFdORUQ=\x1b\\",
    "\x1b]52;c;UFdORUQ=\x07",
    "\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]0;PWN\x07",
    "\x1b[3J\x1b[1;1H[ALLOW] safe",
    "\x1b[?1049l\x1b[?2004l\x1b[?1000l",
    "\x1bP+q544e\x1b\\",
    "\x9b2J\x9d52;c;UFdORUQ=\x9c",
    "fine\rhidden\b\b\x7f",
    "\u202etxt.exe\u2066",
    "[link](https://a.b/\x1b]52;c;UFdORUQ=\x07)",
    "&#27;]52;c;UFdORUQ=&#7;",
    "`\x1b[5m` **\x1b[2J**",
]
# What Textual itself says between two frames: cursor moves, colours, synchronised output,
# the pointer's shape.
ALLOWED = re.compile(
    r"\x1b\[\d+;\d+H|\x1b\[[\d;]*m|\x1b\[\?(?:2026|25)[hl]|\x1b\]22;[a-z-]*\x07|\x1b\[\?2026\$p"
)
FORBIDDEN = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def texts() -> list[str]:
    found = list(OWN)
    if SHARED.exists():
        lines = SHARED.read_text("utf-8").splitlines()
        found += [json.loads(line)["text"] for line in lines]
    return found


def printed(tmp_path: Path, gates: str) -> str:
    """What the terminal gets while all of it is shown."""
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts()))
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-m", "tests.support.hostile_app", str(path), gates]
    terminal = Terminal(command, 100, 40, AGENTDECK_HOME=str(tmp_path), PYTHONPATH=root)
    try:
        assert terminal.wait("READY") is not None
        terminal.record = bytearray()
        terminal.type("k")
        assert terminal.wait("DONE", 40) is not None
        output = terminal.record.decode("utf-8", "replace")
        return output[output.index("BEGIN") : output.index("DONE")]
    finally:
        terminal.close()


def leaks(output: str) -> set[str]:
    """The control characters that are no part of what Textual says itself, and payloads."""
    rest = ALLOWED.sub("", output)
    found = {match.group() for match in FORBIDDEN.finditer(rest)}
    for text in texts():
        for match in re.finditer("\x1b[^\x1b]{4,8}", text):
            if match.group() in output and not ALLOWED.fullmatch(match.group()[:12]):
                found.add(match.group())
    return found


@pytest.mark.parametrize("gates", ["both", "first", "second"])
def test_either_gate_alone_keeps_the_terminal_clean(tmp_path: Path, gates: str) -> None:
    output = printed(tmp_path, gates)
    assert "UFdORUQ" in output, "the words are shown"
    assert leaks(output) == set()


def test_without_the_gates_it_gets_through(tmp_path: Path) -> None:
    """The control: if this fails, the test above proves nothing."""
    found = leaks(printed(tmp_path, "none"))
    assert any("]52;" in leak for leak in found)
    assert "\x9b" in found
