"""What streams behind a dialog is painted now and then, and not while keys come."""

from __future__ import annotations

from time import monotonic

import pytest
from textual.app import App, ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.view import compositor
from tui.view.compositor import LeanScreen


class Under(LeanScreen):
    """Something that changes."""

    def compose(self) -> ComposeResult:
        yield Static("one", id="word")


class Over(ModalScreen[None]):
    """A dialog; counts how often what lies behind is painted into it."""

    painted = 0

    def refresh(self, *regions: object, **how: bool) -> Over:
        Over.painted += bool(regions)
        return super().refresh(*regions, **how)  # type: ignore[arg-type]


class Both(App[None]):
    """A screen with a dialog on it."""

    key_at = 0.0

    def get_default_screen(self) -> Screen[None]:
        return Under()


async def test_behind_a_dialog_nothing_is_painted_while_keys_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compositor, "BEHIND_S", 3600.0)
    app = Both()
    async with app.run_test() as pilot:
        under = app.screen
        assert isinstance(under, Under)
        await app.push_screen(Over())
        await pilot.pause()
        Over.painted = 0
        app.key_at = monotonic()
        for word in ("two", "three"):
            under.query_one("#word", Static).update(word)
            await pilot.pause()
        assert Over.painted == 0
        assert under._compositor._dirty_regions, "what changed is still to be painted"
        app.key_at = monotonic() - 7200.0
        under._behind_next = 0.0
        under._paint_behind()
        assert Over.painted > 0
        app.pop_screen()
        await pilot.pause()
        assert "three" in str(under.query_one("#word", Static).render())
        assert not under._compositor._dirty_regions
