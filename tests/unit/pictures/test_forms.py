"""Kitty's and sixel's bytes hold the picture; what is cut or covered leaves half blocks."""

from __future__ import annotations

import base64
import io
import re
import sys
import zlib
from typing import Literal

import pytest
from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.support.sixel import decoded
from tui.pictures import kitty
from tui.pictures.drawn_picture import Shown, make
from tui.pictures.strips import PictureStrip, copied, drawn_over, joined
from tui.pictures.terminal_support import PictureSupport

pytest.importorskip("textual_image")
EMPTY = Style()


def picture() -> bytes:
    """Red above blue, with a green corner."""
    image = Image.new("RGB", (80, 80), "red")
    image.paste("blue", (0, 40, 80, 80))
    image.paste("lime", (60, 60, 80, 80))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_sixel_picture_is_what_it_was_whole_and_in_part() -> None:
    shown = make(picture(), 8, 4, PictureSupport("sixel", (10, 20)))
    assert (shown.width, shown.height, shown.size) == (8, 4, (80, 80)) and shown.sixels
    whole = decoded(shown.sixels.rows(0, 4))
    assert whole.size == (80, 78)  # full bands: nothing reaches into the row below
    assert [whole.getpixel(at) for at in ((5, 5), (5, 50), (70, 70))] == [
        (255, 0, 0), (0, 0, 255), (0, 255, 0)
    ]  # fmt: skip
    part = decoded(shown.sixels.rows(3, 1))
    assert part.size == (80, 18) and part.getpixel((70, 10)) == (0, 255, 0)
    few = make(picture(), 8, 4, PictureSupport("sixel", (10, 20), colours=16))
    assert few.sixels and decoded(few.sixels.rows(0, 4)).getpixel((5, 5)) == (255, 0, 0)


def test_of_one_that_takes_long_the_half_blocks_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[Shown] = []
    make(picture(), 8, 4, PictureSupport("sixel", (10, 20)), came.append)
    assert came == []
    monkeypatch.setattr("tui.pictures.drawn_picture._LONG_S", 0.0)
    whole = make(picture(), 8, 4, PictureSupport("sixel", (10, 20)), came.append)
    (first,) = came
    assert first.sixels is None and whole.sixels and first.cells is whole.cells


def test_colours_are_named_before_anything_is_drawn() -> None:
    shown = make(picture(), 8, 4, PictureSupport("sixel", (10, 20)))
    assert shown.sixels
    body = shown.sixels.rows(0, 4).partition('q"')[2]
    last = max(found.end() for found in re.finditer(r"#\d+;2;\d+;\d+;\d+", body))
    assert re.fullmatch(r"[0-9;]*(#\d+;2;\d+;\d+;\d+)+", body[:last])


@pytest.mark.parametrize("in_tmux", [False, True])
def test_kitty_is_sent_the_picture_and_shown_its_cells(in_tmux: bool) -> None:
    shown = make(picture(), 8, 4, PictureSupport("kitty", (10, 20), in_tmux=in_tmux))
    said = shown.first
    if in_tmux:
        assert said.startswith("\x1bPtmux;") and said.endswith("\x1b\\")
        parts = re.findall(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", said)
        said = "".join(part.replace("\x1b\x1b", "\x1b") for part in parts)
    commands = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", said)
    assert all(len(data) <= 4096 for _, data in commands)
    keys = dict(pair.split("=") for pair in commands[0][0].split(","))
    assert (keys["U"], keys["c"], keys["r"], keys["q"]) == ("1", "8", "4", "2")
    raw = zlib.decompress(base64.b64decode("".join(data for _, data in commands)))
    sent = Image.frombytes("RGB", (int(keys["s"]), int(keys["v"])), raw)
    assert sent.size == (80, 80) and sent.getpixel((70, 70)) == (0, 255, 0)

    strip = shown.strip(2, 12, EMPTY)
    assert strip.cell_length == 12
    (cells, style, _), *_ = strip
    table = kitty.marks()
    assert cells[:3] == kitty.PLACE + table[2] + table[0]
    assert cells[-3:] == kitty.PLACE + table[2] + table[7]
    assert style is not None and style.color is not None and style.color.triplet is not None
    red, green, blue = style.color.triplet
    assert red << 16 | green << 8 | blue == int(keys["i"]) == shown.number
    assert f"i={shown.number}" in kitty.forgotten([shown.number])


@pytest.mark.parametrize("form", ["sixel", "kitty"])
def test_without_textual_image_half_blocks_stand_in(
    form: Literal["sixel", "kitty"], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "textual_image"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual_image", None)
    kitty.marks.cache_clear()
    shown = make(picture(), 8, 4, PictureSupport(form, (10, 20)))
    assert (shown.first, shown.sixels, shown.number) == ("", None, 0)
    assert shown.size == (80, 80) and shown.strip(2, 12, EMPTY).text == "▀" * 8 + " " * 4


def rows() -> list[Strip]:
    shown = make(picture(), 8, 4, PictureSupport("sixel", (10, 20)))
    margin = Strip([Segment("  ")])
    return [joined([margin, shown.strip(line, 10, EMPTY)]) for line in range(4)]


def test_rows_under_each_other_are_one_picture_and_the_last_row_of_the_screen_none() -> None:
    strips = rows()
    first = strips[0]
    assert isinstance(first, PictureStrip)
    sixels = first.overlays[0].picture
    said = drawn_over([(5, 10 + y, strip) for y, strip in enumerate(strips)], 40)
    assert said == f"\x1b[11;8H{sixels.rows(0, 4)}"
    said = drawn_over([(5, y, strips[y]) for y in (0, 1, 3)], 40)
    assert said == f"\x1b[1;8H{sixels.rows(0, 2)}\x1b[4;8H{sixels.rows(3, 1)}"
    said = drawn_over([(5, 36 + y, strip) for y, strip in enumerate(strips)], 40)
    assert said == f"\x1b[37;8H{sixels.rows(0, 3)}"
    assert drawn_over([(0, 0, Strip([Segment("text")]))], 40) == ""


def test_what_is_cut_is_left_in_half_blocks() -> None:
    strip = rows()[1]
    assert isinstance(strip, PictureStrip)
    assert isinstance(copied(strip), PictureStrip)
    assert strip.crop(0, 12) is strip
    moved = strip.crop(2, 12)
    assert isinstance(moved, PictureStrip) and moved.overlays[0].x == 0
    for cut in (strip.crop(3, 12), strip.crop(0, 9), strip.divide([5, 12])[0]):
        assert not isinstance(cut, PictureStrip) and "▀" in cut.text
    assert isinstance(strip.crop_extend(2, 40, EMPTY), PictureStrip)
    left, right = strip.divide([2, 12])
    assert not isinstance(left, PictureStrip) and isinstance(right, PictureStrip)
    blocks = Strip(list(strip), strip.cell_length)
    assert strip != blocks and blocks != strip and copied(strip) == strip
