"""The terminals of the tests show what pyte's own show, whatever is written to them."""

from __future__ import annotations

import random

import pyte
import pytest

from tests.support import screens

SIZE = (24, 6)
WORDS = (
    "plain words", "┃ box ━━", "wide 漢字 text", "e\u0301 accent", "\u0301", "漢", "a" * 30, "\x7f",
    "\r\n", "\n\n\n", "\b\b", "\t", "\x0e", "\x0f", "\x9b3C", "\x1bM", "\x1bD", "\x1b7", "\x1b8",
    "\x1b]0;title\x07", "\x1b(0", "\x1b(B", "\x1b[>1u", "\x1b[?1049h", "\x1b[?2026l", "\x1b[4h",
    "\x1b[4l", "\x1b[?7l", "\x1b[?7h", "\x1b[?5h", "\x1b[?5l", "\x1b[2;4r", "\x1b[r", "\x1b[H",
    "\x1b[3;99999H", "\x1b[;9H", "\x1b[5G", "\x1b[2A", "\x1b[B", "\x1b[9C", "\x1b[2D", "\x1b[K",
    "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1b[L", "\x1b[2M", "\x1b[P", "\x1b[3@",
    "\x1b[4X", "\x1b[m", "\x1b[0m", "\x1b[1;3;38;2;1;2;3;48;2;40;50;60m", "\x1b[7;4;31;42m",
    "\x1b[0;38;5;200m", "\x1b[22;27m", "\x1b[3\n1mred", "\x1b[12", "\x1b", "\x1b[1\x18m", "\x1b[5y",
)  # fmt: skip


def cells(screen: pyte.Screen) -> list[list[object]]:
    """All cells, with how they look."""
    return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


def rows(screen: pyte.Screen) -> list[str] | None:
    """The rows; pyte itself can't read one in which the first half of a wide character is gone."""
    try:
        return screen.display
    except IndexError:
        return None


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_written_it_is_shown_as_pyte_does(seed: int) -> None:
    rng = random.Random(seed)
    one, other = pyte.Screen(*SIZE), screens.Screen(*SIZE)
    theirs, ours = pyte.ByteStream(one), screens.ByteStream(other)
    for _ in range(150):
        written = "".join(rng.choices(WORDS, k=rng.randint(1, 4))).encode()
        cut = rng.randint(0, len(written))
        for part in (written[:cut], written[cut:]):
            theirs.feed(part)
            ours.feed(part)
        if rng.random() < 0.05:
            size = rng.randint(3, 9), rng.randint(10, 40)
            one.resize(*size)
            other.resize(*size)
        assert cells(other) == cells(one)
        assert rows(one) in (None, other.display)
        assert (other.cursor.x, other.cursor.y) == (one.cursor.x, one.cursor.y)
        assert (other.cursor.attrs, other.mode) == (one.cursor.attrs, one.mode)
        assert other.title == one.title
