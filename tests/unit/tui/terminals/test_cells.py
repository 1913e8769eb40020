"""The screen's cells beside tmux's, for the same bytes of vim, less and htop; and odd bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from sessions.safety.sanitise import clean
from tui.terminals import emulator as em
from tui.terminals.cells import exactly
from tui.terminals.emulator_choice import make

pytest.importorskip("pyghostty")
RECORDED = Path(__file__).parents[3] / "fixtures" / "terminals"
"""Bytes of programs at 80x24, and what `tmux capture-pane -e` showed of them."""


@pytest.fixture
def screen() -> Iterator[em.Emulator]:
    made = make(80, 24)
    yield made
    made.close()


def cells_of(rows: dict[int, em.Row]) -> list[list[tuple[str, em.Ink]]]:
    """Each cell's character and look; the second cell of a wide one holds ""."""
    found = []
    for y in sorted(rows):
        row: list[tuple[str, em.Ink]] = []
        for text, width, ink in rows[y]:
            assert cell_len(text) == width
            for character in text:
                if not cell_len(character):
                    row[-1] = (row[-1][0] + character, row[-1][1])
                    continue
                row.append((character, ink))
                row += [("", ink)] * (cell_len(character) - 1)
        found.append(row)
    return found


def seen(cell: tuple[str, em.Ink]) -> tuple[str, em.Ink]:
    """What of a cell can be seen: of a blank one no foreground, unless it is turned round."""
    text, ink = cell
    fg, bg, flags = ink
    flags &= ~em.BLINK
    if text == " " and not flags & (em.REVERSE | em.UNDERLINE | em.UNDERLINE2 | em.STRIKE):
        fg, flags = em.DEFAULT, 0
    return text, em.Ink(fg, bg, flags)


@pytest.mark.parametrize("name", ["vim", "less", "htop"])
@pytest.mark.parametrize("step", [1, 100_000])
def test_every_cell_is_as_tmux_has_it(screen: em.Emulator, name: str, step: int) -> None:
    data = (RECORDED / f"{name}.bytes").read_bytes()
    for at in range(0, len(data), step):
        screen.feed(data[at : at + step])
    theirs = make(80, 24)
    lines = (RECORDED / f"{name}.tmux").read_bytes().split(b"\n")[:24]
    theirs.feed(b"\r\n".join(lines))
    ours, shown = cells_of(screen.changed()), cells_of(theirs.changed())
    theirs.close()
    told = [cell_len(re.sub(r"\x1b\[[\d;:]*m", "", line.decode())) for line in lines]
    different = [
        (y, x, ours[y][x], shown[y][x])
        for y in range(24)
        for x in range(80)
        # What was erased at a line's end is not in what tmux captures, whatever its colour.
        if (seen(ours[y][x]) != seen(shown[y][x]) if x < told[y] else ours[y][x][0] != " ")
    ]
    assert different == []


@pytest.mark.parametrize(
    ("text", "width", "drawn"),
    [
        ("é", 1, "é"),
        ("日", 2, "日"),
        ("👨\u200d", 2, "👨"),
        ("❤\ufe0f", 1, "❤"),
        ("🇩", 2, "D "),
        ("🏽", 2, "  "),
        ("日", 1, "\ufffd"),
        ("\u202e", 1, "\ufffd"),
        ("\x9b", 1, "\ufffd"),
        ("\ue0b0", 1, "\ue0b0"),
    ],
)
def test_a_character_is_as_wide_as_its_cells(text: str, width: int, drawn: str) -> None:
    assert exactly(text, width) == drawn


def test_what_is_no_character_never_leaves_as_one(screen: em.Emulator) -> None:
    screen.feed(b"\xff\xfe\xc3(\x00\x9b31mred\x1b]52;c;AAAA\x07\x1b]0;title\x07\xe2\x80\xae\x85end")
    text = "".join(run.text for row in screen.changed().values() for run in row)
    assert "end" in text and "AAAA" not in text and "title" not in text
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
    assert "\u202e" not in text


def test_ten_by_three_and_a_thousand_sizes(screen: em.Emulator) -> None:
    for n in range(1000):
        screen.feed(b"word " * 5 + b"\xe6\x97\xa5" * 3)
        screen.resize(1 + n * 7 % 190, 1 + n * 3 % 50)
        if n % 50 == 0:
            for row in screen.changed().values():
                assert sum(run.width for run in row) == screen.columns
    screen.resize(10, 3)
    screen.feed(b"\x1b[2J\x1b[Hten by three")
    assert [row[0].text for row in screen.changed().values()] == [
        "ten by thr",
        "ee        ",
        " " * 10,
    ]


@pytest.mark.parametrize("step", [1, 100])
def test_a_program_that_wants_132_columns_has_those_of_its_tile(
    screen: em.Emulator, step: int
) -> None:
    data = b"\x1b[?40h\x1b[?3h" + b"*" * 100 + b"\x1b[?3l\x1b[?40h\x1b[?3h\x1bc" + b"+" * 100
    for at in range(0, len(data), step):
        screen.feed(data[at : at + step])
        assert all(sum(run.width for run in row) == 80 for row in screen.changed().values())
    screen.look_anew()
    rows = screen.changed()
    assert rows[0][0].text == "+" * 80 and rows[1][0].text.rstrip() == "+" * 20


def test_ten_thousand_lines_are_kept_and_found(screen: em.Emulator) -> None:
    screen.feed(b"".join(b"line %d\r\n" % n for n in range(12_000)))
    assert screen.view().total >= em.SCROLLBACK + 24
    hits = screen.search("line 2345")
    assert (hits.total, hits.at) == (1, 1)
    spots, mine = screen.spots()
    assert spots == mine and len(mine) == 1 and (mine[0].start, mine[0].end) == (0, 9)
    rows = screen.changed()
    assert rows[mine[0].y][0].text.startswith("line 2345")
    top = screen.view().top
    assert screen.text((0, top + mine[0].y), (99, top + mine[0].y)) == "line 2345"
    screen.end_search()
    screen.rest()
    screen.scroll_to(None)
    assert screen.changed()[22][0].text.startswith("line 11999")


def test_keys_are_told_as_the_program_wants_them(screen: em.Emulator) -> None:
    up, save = em.Press("ArrowUp"), em.Press("KeyS", "s", ctrl=True)
    assert (screen.key(up), screen.key(save)) == (b"\x1b[A", b"\x13")
    assert screen.key(em.Press("KeyB", "b", alt=True)) == b"\x1bb"
    screen.feed(b"\x1b[?1h")
    assert screen.key(up) == b"\x1bOA"
    screen.feed(b"\x1b[>1u")
    assert screen.key(save) == b"\x1b[115;5u"
    assert screen.key(em.Press("Enter", shift=True)) == b"\x1b[13;2u"


def test_the_mouse_is_told_where_it_is_wanted(screen: em.Emulator) -> None:
    still = em.Press("")
    assert not screen.mouse and screen.pointer("press", 1, 4, 5, still) == b""
    screen.feed(b"\x1b[?1000h\x1b[?1006h")
    assert screen.mouse and screen.pointer("press", 1, 4, 5, still) == b"\x1b[<0;5;6M"
    assert screen.pointer("press", 5, 0, 0, still) == b"\x1b[<65;1;1M"


def test_questions_are_answered_and_pictures_are_not_promised(screen: em.Emulator) -> None:
    screen.feed(b"\x1b[6n\x1b_Gi=1,a=q,s=1,v=1,f=24;AAAA\x1b\\")
    assert screen.replies() == b"\x1b[1;1R"
    assert screen.replies() == b""


def test_no_control_character_is_in_a_cell(screen: em.Emulator) -> None:
    odd = "".join(map(chr, [*range(0x7F, 0xA0), 0x061C, *range(0x200B, 0x2010), 0xFEFF, 0xE0041,
                            *range(0x2028, 0x202F), *range(0x2060, 0x206A)]))  # fmt: skip
    for text in ("a\x7fb", f"\x1b[31ma\x7f\x1b[44mé\x7f{odd}x", "\x1b[2K" + "\x7f" * 80):
        screen.feed(f"\x1b[H\x1b[2J{text}".encode())
        rows = screen.changed()
        assert cells_of(rows)
        assert all(clean(s.text) == s.text for row in rows.values() for s in row)


def test_rows_are_never_taken_for_others_however_many_go_at_once(screen: em.Emulator) -> None:
    screen.feed(b"".join(b"line %d\r\n" % n for n in range(100)))
    behind = screen.gone + screen.view().total
    screen.feed(b"".join(b"then %d\r\n" % n for n in range(15_000)))
    assert screen.gone >= behind


@pytest.mark.parametrize("way", ["@", "A", "C", "L", "M", "P", "S", "T", "X"])
def test_none_of_something_is_one(screen: em.Emulator, way: str) -> None:
    found = []
    for number in ("0", "1"):
        screen.feed(b"\x1bc" + b"".join(b"row %d\r\n" % n for n in range(6)) + b"\x1b[3;3H")
        screen.feed(f"\x1b[{number}{way}.".encode())
        screen.look_anew()
        found.append(cells_of(screen.changed()))
    assert found[0] == found[1]
