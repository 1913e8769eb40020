"""The shape of the grid."""

import pytest

from tui.deck.layout import COMPACT_TILE, MIN_TILE, Shape, fit, shares
from tui.deck.tile_rows import Seam, TileRows

AREAS = {"80x24": (80, 18), "120x36": (120, 31), "200x60": (200, 55), "240x80": (240, 75)}


def test_an_80x24_terminal_shows_one_tile() -> None:
    assert fit(*AREAS["80x24"], 6) == Shape(1, 1)


@pytest.mark.parametrize(
    ("count", "tiles"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 6), (6, 6), (9, 9)]
)
def test_a_120x36_terminal_shows_up_to_nine(count: int, tiles: int) -> None:
    assert fit(*AREAS["120x36"], count).capacity == tiles


def test_a_large_terminal_shows_twelve_and_never_more() -> None:
    assert fit(*AREAS["240x80"], 40).capacity == 12


def test_more_are_shown_where_that_is_asked_for() -> None:
    assert fit(*AREAS["240x80"], 40, max_tiles=24).capacity == 24


def test_no_tile_is_smaller_than_can_be_read() -> None:
    for width in range(1, 260, 3):
        for height in range(1, 90, 2):
            shape = fit(width, height, 30)
            if shape.capacity > 1:
                assert width // shape.columns >= MIN_TILE[0]
                assert height // shape.rows >= MIN_TILE[1]


@pytest.mark.parametrize("count", range(1, 13))
def test_every_row_is_filled_and_tiles_share_the_room_evenly(count: int) -> None:
    shape = fit(*AREAS["240x80"], count)
    rows = shape.in_rows(count)
    assert sum(rows) == count and max(rows) - min(rows) <= 1


def test_seven_tiles_are_three_two_and_two() -> None:
    assert Shape(3, 3).in_rows(7) == [3, 2, 2]


def test_all_room_is_shared_out_by_weight_and_nobody_starves() -> None:
    assert shares(100, [1, 1, 1], 24) == [33, 34, 33]
    assert shares(200, [2, 1, 1], 24) == [100, 50, 50]
    assert shares(100, [5, 0.2, 0.2], 24) == [52, 24, 24]
    assert shares(30, [9, 1, 1], 24) == [10, 10, 10]
    for total in range(1, 90):
        assert sum(shares(total, [0.2, 5, 1, 1.3], 6)) == total


def test_a_line_between_tiles_has_those_of_both_sides() -> None:
    sharing = TileRows(lambda _: (1.0, 1.0))
    sharing.in_rows = [3, 2]
    assert sharing.border(1, 5, "right") == Seam((1,), (2,), True)
    assert sharing.border(0, 5, "left") is None and sharing.border(2, 5, "right") is None
    assert sharing.border(3, 5, "top") == Seam((0, 1, 2), (3, 4), False)
    assert sharing.border(4, 5, "bottom") is None
    assert [len(row) for row in sharing.rows(4)] == [3, 1]  # one has gone
    assert [len(row) for row in sharing.rows(6)] == [3, 3]  # one is coming


def test_compact_holds_more() -> None:
    assert fit(*AREAS["120x36"], 12).capacity == 9
    assert fit(*AREAS["120x36"], 12, least=COMPACT_TILE).capacity == 12


def test_columns_are_as_chosen_where_they_can_be_read() -> None:
    assert fit(*AREAS["200x60"], 4, columns=4) == Shape(4, 1)
    assert fit(*AREAS["200x60"], 9, columns=2) == Shape(2, 5)
    assert fit(*AREAS["80x24"], 4, columns=4) == Shape(2, 1)
    assert fit(*AREAS["200x60"], 1, columns=6).capacity >= 1


def test_a_tall_narrow_terminal_stacks_its_tiles() -> None:
    assert fit(90, 80, 4) == Shape(1, 4)
