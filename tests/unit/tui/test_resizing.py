"""The deck is laid out for the terminal that is there."""

from __future__ import annotations

import pytest
from textual.geometry import Size

from tui import resizing


class Drag(resizing.SureSize):
    """An app whose last word about its size came too early."""


async def test_an_older_size_that_came_last_is_put_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resizing, "terminal_size", lambda: Size(100, 30))
    monkeypatch.setattr(Drag, "is_headless", False)
    app = Drag()
    async with app.run_test(size=(195, 44)) as pilot:
        await pilot.pause(resizing.AT_REST_S * 2)
        assert app.size == Size(100, 30)
        assert app.screen.size == Size(100, 30)
