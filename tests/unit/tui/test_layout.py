"""The shape of the grid."""

import pytest

from tui.deck.layout import MIN_TILE, Shape, fit

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
    columns, spans = shape.spans(count)
    assert len(spans) == count and sum(spans) == columns * shape.rows_for(count)
    assert max(spans) <= 2 * min(spans)


def test_seven_tiles_are_three_two_and_two() -> None:
    assert Shape(3, 3).spans(7) == (6, [2, 2, 2, 3, 3, 3, 3])


def test_columns_are_as_chosen_where_they_can_be_read() -> None:
    assert fit(*AREAS["200x60"], 4, columns=4) == Shape(4, 1)
    assert fit(*AREAS["200x60"], 9, columns=2) == Shape(2, 5)
    assert fit(*AREAS["80x24"], 4, columns=4) == Shape(2, 1)
    assert fit(*AREAS["200x60"], 1, columns=6).capacity >= 1


def test_a_tall_narrow_terminal_stacks_its_tiles() -> None:
    assert fit(90, 80, 4) == Shape(1, 4)
