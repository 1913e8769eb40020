"""The scrollbar of views that follow their ends."""

from __future__ import annotations

import pytest
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from tests.support.viewrig import ViewApp
from tui.view.scroll_bar import runs


def looks(strips: list[Strip]) -> list[list[tuple[str, object, object, bool, object]]]:
    """Of each row its text, its colours, and what the mouse does there."""
    return [
        [(s.text, s.style.color, s.style.bgcolor, bool(s.style.reverse), s.style.meta)
         for s in strip if s.style]
        for strip in strips
    ]  # fmt: skip


@pytest.mark.parametrize(("total", "top"), [(5, 0), (40, 0), (40, 13.4), (40, 29), (4000, 2000)])
async def test_it_looks_as_textuals_own_wherever_it_stands(total: int, top: float) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        bar = app.view.vertical_scrollbar
        bar.stand(total, 11, top)
        ours = bar.render_lines(bar.size.region)
        theirs = Widget.render_lines(bar, bar.size.region)
        assert isinstance(bar, ScrollBar) and len(ours) == 11
        assert looks(ours) == looks(theirs)


async def test_only_rows_that_look_different_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        bar = app.view.vertical_scrollbar
        bar.stand(44, 11, 0)
        painted: list[int] = []
        monkeypatch.setattr(bar, "refresh", lambda *at: painted.extend(r.height for r in at))
        bar.stand(44, 11, 0)
        assert painted == []
        bar.stand(44, 11, 4)  # a row further down
        assert 0 < sum(painted) < 6


def test_neighbouring_rows_share_a_region() -> None:
    assert [(r.y, r.height, r.width) for r in runs([1, 2, 5], 9)] == [(1, 2, 9), (5, 1, 9)]
