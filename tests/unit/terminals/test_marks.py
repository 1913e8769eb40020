"""What programs say of themselves: read alike however their output is cut."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from sessions.terminals.escape_sequences import Marks
from sessions.terminals.escape_sequences import TerminalMark as Mark
from sessions.terminals.modes import BRACKETED, Modes
from sessions.terminals.plain_text import plain, width_of
from sessions.terminals.shell_commands import ShellCommands
from sessions.terminals.typed_line import typed

_64 = base64.b64encode("Grüße".encode()).decode()
PRINTED = (
    b"hello\x07\x1b]0;ti\xc3\xa4tle\x07abc\x1b[31mred\x1b]133;A\x1b\\$ \x1b]133;B\x07ls"
    b"\x1b]133;C;cmdline_url=ls%20-l\x07out\x1b]133;D;2\x07\x1b]9;4;1;40\x1b\\\x1b]9;done it\x07"
    b"\x1b]777;notify;Build;it broke\x07\x1b]52;c;" + _64.encode() + b"\x07X\x1b]52;c;?\x07"
    b"\x1bP1$q\x07m\x1b\\Y\x1b]1337;File=\x1b\\Z\x1b]52;c;aaa\x1b[mq\xff\xfe\x1b]9;2;a box\x07"
    b"\x1b]99;i=1:p=body;hi\x1b\\\x1b]7;file://host/srv/a%20b\x07\x1b]52;c;YQ==\x1b\\e\x1b[3"
)
SAID = [
    Mark("bell"), Mark("title", "tiätle"), Mark("prompt"), Mark("typing"),
    Mark("output", "ls -l"), Mark("done", number=2), Mark("progress", "normal", 40),
    Mark("notice", "done it"), Mark("notice", "Build: it broke"), Mark("clipboard", "Grüße"),
    Mark("notice", "hi"), Mark("directory", "/srv/a b"), Mark("clipboard", "a"),
]  # fmt: skip


def read(parts: list[bytes]) -> tuple[bytes, list[tuple[int, Mark]]]:
    """What is passed on of some parts, and what was said where."""
    marks, passed, said = Marks(), b"", []
    for part in parts:
        for raw, mark in marks.feed(part):
            passed += raw
            if mark is not None:
                said.append((len(passed), mark))
    return passed + marks.rest(), said


def test_what_is_said_is_read_and_the_clipboard_is_cut_out() -> None:
    passed, said = read([PRINTED])
    assert [mark for _, mark in said] == SAID
    assert b"]52" not in passed
    assert passed.endswith(b"e\x1b[3")
    assert b"\x1bP1$q\x07m\x1b\\Y\x1b]1337;File=\x1b\\Z" in passed


def test_it_is_read_alike_cut_at_every_byte() -> None:
    once = read([PRINTED])
    assert read([PRINTED[i : i + 1] for i in range(len(PRINTED))]) == once
    for i in range(len(PRINTED)):
        assert read([PRINTED[:i], PRINTED[i:]]) == once, i


@given(
    parts=st.lists(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from([b"\x1b", b"]52;c;YQ==", b"\x07", b"\x1b\\", b"\x1bP", b"]0;t", b"]"]),
        ),
        max_size=12,
    )
)
def test_any_bytes_are_passed_on_alike_in_any_parts(parts: list[bytes]) -> None:
    passed, said = read(parts)
    assert (passed, said) == read([b"".join(parts)])
    assert b"\x1b]52;" not in passed


def test_what_is_too_long_is_never_the_clipboards() -> None:
    marks = Marks()
    passed = b"".join(raw for raw, _ in marks.feed(b"\x1b]52;c;" + b"A" * 10**6))
    passed += b"".join(raw for raw, _ in marks.feed(b"A" * 10**6 + b"\x07behind"))
    assert passed == b"behind"
    for zeros in (1, 5, 6, 100, 10**5):
        passed, said = read([b"\x1b]" + b"0" * zeros + b"52;c;YQ==\x07b"])
        assert (passed, bool(said)) == (b"b", zeros < 6)
    long = b"\x1b]0;" + b"t" * 10**5
    assert b"".join(raw for raw, _ in marks.feed(long)) == long


def test_titles_and_notices_are_cleaned() -> None:
    (mark,) = [m for _, m in Marks().feed("\x1b]0;a\n\u202eb\x08c\x07".encode()) if m]
    assert mark.words == "a �b␈c"


def test_modes_that_are_set_are_told_again() -> None:
    modes = Modes()
    modes.read(b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2;20r\x1b=x")
    assert modes.on(BRACKETED)
    again = Modes()
    again.read(modes.sequence())
    assert again.sequence() == modes.sequence()
    modes.read(b"\x1b[?2004l\x1bc")
    assert modes.sequence() == b""


def test_output_is_text_and_a_command_is_what_its_line_shows() -> None:
    assert (
        plain(b"a\x1b[31mb\x1b[0m\r\n 10%\r 99%\x1b]0;t\x07\r\nabc\x08\x08d\r\n") == "ab\n 99%\nad"
    )
    assert typed(b"sl\x08\x08ls -\x08 \x08\x1b[K-l\r\n") == "ls -l"
    assert typed(b"ls\r\n\x1b[?2004l\r") == "ls"
    assert typed(b"abcd\r\x1b[C\x1b[C\x1b[2Pxyz\r\n", 2) == "xyz"
    assert typed(b"a\r$ ab\x07", 2) == "ab"
    assert typed(b"a\nb") == typed(b"a\x1b[5Ab") == ""
    assert width_of(b"\x1b[1mhost\x1b[0m\r\n$ ") == 2


def test_a_command_is_read_behind_a_prompt_that_was_drawn_anew() -> None:
    commands = ShellCommands()
    commands.prompt()
    commands.printed(b"\x1b[?2004h$ ")
    commands.typing()
    for _ in range(2):  # two resizes
        commands.printed(b"\r\x1b[K\r$ ")
        commands.typing()
    commands.typing()
    commands.printed(b"\x1b[7mecho it\x1b[27m\r\x1b[C\x1b[Cecho it\r\n\x1b[?2004l\r")
    commands.began("")
    told = commands.done(0)
    assert told is not None and told.command == "echo it"


def test_a_command_of_several_rows_is_read() -> None:
    lines = b"\x1b[7mfor i in 1; do\x1b[27m\r\n\r\x1b[7mecho $i\x1b[27m\r\n\r\x1b[7mdone\x1b[27m"
    lines += b"\x1b[A\x1b[A\x08\x08for i in 1; do\r\n\recho $i\r\n\rdone\r\n\x1b[?2004l\r"
    assert typed(lines, 2, 30, lines=True) == "for i in 1; do\necho $i\ndone"
    assert typed(lines, 2, 30) == ""
    assert (
        typed(b"for i in 1\r\n\x1b[?2004l\r\x1b[?2004h> do\r\n\x1b[?2004l\r", 2, 30, lines=True)
        == ""
    )
    long = b"echo aaaaaaaaaa bbbbbbbbbb cccccccccc\x08\x08\x08XYccc\x08\x08\x08\x1b[A\r\x1b[C\x1b[C"
    long += b"Zecho aaaaaaaaaa bbbbbbbbbb c\x1b[C\x1b[C\x1b[C\x1b[C\x1b[CcXYccc\x1b[A" + b"\x08" * 9
    assert typed(long + b"\r\n\r\r\n", 2, 30) == "Zecho aaaaaaaaaa bbbbbbbbbb cccccccXYccc"
    assert typed("日本 abc\x08\x08\x08\x08\x08\x08本".encode(), 0, 30) == "日本 abc"
    assert typed(b"0123456789 \rab", 0, 10) == "0123456789ab"
    assert typed(b"a\x1b[2;2Hb") == typed(b"a\x1b[A") == ""
