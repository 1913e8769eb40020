"""Strips that make their caches when these are needed."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.cache import FIFOCache
from textual.strip import Strip

from tui.view.light_strip import CACHES, TEXTUALS, LightStrip, lighten

SEGMENTS = [Segment("ab", Style(bold=True)), Segment("cdé日本")]


@pytest.fixture(autouse=True)
def textuals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips as Textual makes them, whatever an app has changed before."""
    monkeypatch.setattr(Strip, "__init__", TEXTUALS)


def test_it_begins_with_no_cache_and_with_all_else_that_textuals_has() -> None:
    own, theirs = LightStrip(SEGMENTS, 9), Strip(SEGMENTS, 9)
    for name in Strip.__slots__:
        value = getattr(theirs, name)
        if isinstance(value, FIFOCache):
            assert not getattr(own, name), name
        else:
            assert getattr(own, name) == value, name


def test_it_is_cut_and_compared_as_textuals() -> None:
    own, theirs = LightStrip(SEGMENTS, 9), Strip(SEGMENTS, 9)
    assert own == theirs and not hasattr(own, "unknown")
    assert own.crop(1, 4) == theirs.crop(1, 4)
    assert own.crop_extend(2, 12, None) == theirs.crop_extend(2, 12, None)
    assert list(own.divide([3, 9])) == list(theirs.divide([3, 9]))
    assert own.adjust_cell_length(12) == theirs.adjust_cell_length(12)
    assert own.apply_offsets(1, 2) == theirs.apply_offsets(1, 2)
    assert own.apply_style(Style(italic=True)) == theirs.apply_style(Style(italic=True))


def test_textuals_own_begin_without_them_once_there_is_a_deck() -> None:
    whole = Strip(SEGMENTS, 9)
    lighten()
    lighter = Strip(SEGMENTS, 9)
    for name in CACHES:
        kept = getattr(Strip, name)  # the slot itself
        assert isinstance(kept.__get__(whole), FIFOCache)
        with pytest.raises(AttributeError):
            object.__getattribute__(lighter, name)
    assert lighter == whole
    assert lighter.crop(1, 4) == whole.crop(1, 4) and lighter.crop(1, 4) is lighter.crop(1, 4)
    assert list(lighter.divide([3, 9])) == list(whole.divide([3, 9]))
