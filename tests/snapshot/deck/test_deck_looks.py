"""How the deck looks. Few pictures; what can be asserted as text is, in tests/unit/tui.

Look at every changed picture before `pytest --snapshot-update`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TextArea

from sessions.record import events as ev
from tests.support.fake_client import FakeClient
from tui.app import DeckApp
from tui.options import DeckOptions, Notify
from tui.screens.dialogs import Choose, Dialog
from tui.screens.new_session import NewSessionForm
from tui.terminal import glyphs
from tui.view import code

AT = "2026-11-23T10:00:00.000Z"
TITLES = (
    "auth refactor",
    "release notes",
    "why is CI red?",
    "写一个测试",
    "port the docs",
    "bench",
)
ANSWER = """Here is the **plan**:

1. read `auth.py`
2. change it

```python
def login(user: str) -> bool:
    return user in KNOWN
```

| step | cost |
|---|---|
| read | 0.01 |
"""
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def shapes() -> Any:
    """The same shapes wherever the tests run, and colours in code from the first frame on."""
    glyphs.use_ascii(False)
    code._load()
    yield
    glyphs.use_ascii(None)


def busy(count: int = 6) -> FakeClient:
    """Sessions in every status."""
    client = FakeClient(AT)
    ids = [client.add(TITLES[n] if n < len(TITLES) else f"task {n + 1}") for n in range(count)]
    client.start_turn(ids[0], "Please refactor the auth module")
    client.say(ids[0], ANSWER)
    client.end_turn(ids[0], cost_usd=0.12)
    client.start_turn(ids[0], "Go on")
    client.say(ids[0], "Working on it.")
    if count > 1:
        client.start_turn(ids[1], "Write them")
        client.ask(ids[1], detail="git log --oneline v1.0..HEAD", why="It needs a shell.")
        client.start_turn(ids[2], "Look")
        error = ev.Error(turn=1, kind="auth", message="The key was refused.", hint="Set another.")
        client.emit(ids[2], error)
        client.end_turn(ids[2], "error")
        client.start_turn(ids[3], "go")
        client.emit(ids[3], ev.Retry(turn=1, kind="overloaded", wait_s=5, attempt=2))
        client.start_turn(ids[4], "Port them")
        client.say(ids[4], "Done: 12 pages.")
        client.end_turn(ids[4])
    return client


def shown(client: FakeClient, theme: str = "textual-dark") -> DeckApp:
    """The deck on these sessions, without notices."""

    async def connect() -> Any:
        return client

    quiet = Notify(deck=False, bell=False, terminal=False)
    return DeckApp(DeckOptions(theme=theme, notify=quiet), connect)


def after(
    *keys: str, lose: FakeClient | None = None, opens: type[Dialog[Any]] | None = None
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the engine, press keys, still the cursors. `opens`: what the first key opens."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, DeckApp)
        while not app.deck.link.up:
            await pilot.pause()
        stop_blinking(app)
        await still(pilot)
        for key in keys:
            await pilot.press(key)
            while opens is not None and not isinstance(app.screen, opens):
                await pilot.pause()
            await still(pilot)
        if lose is not None:
            lose.on_lost("it was killed")
        await still(pilot)
        stop_blinking(app)
        await still(pilot)

    return run


def stop_blinking(app: DeckApp) -> None:
    """Every cursor is to be seen. A tick that was due already is over before: see `still`."""
    for widget in (app.deck.composer, *app.screen.query(Input), *app.screen.query(TextArea)):
        widget.cursor_blink = True
        widget.cursor_blink = False


async def still(pilot: Pilot[None]) -> None:
    """Wait until nothing changes on the screen any more, and nothing is left to be drawn."""
    app = pilot.app
    assert isinstance(app, DeckApp)
    before: list[Strip] = []
    same = 0
    async with asyncio.timeout(60):
        while same < 4:
            for tile in app.deck.grid.tiles():
                tile.view.flush()
            for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
                field.cursor_blink = False
                field._cursor_visible = True  # it may have stopped in the dark half
                if isinstance(field, TextArea):  # it keeps a line from before it had the focus
                    field._line_cache.clear()
                    field.refresh()
            await pilot.pause()
            now = app.screen._compositor.render_strips()
            same = same + 1 if now == before and not app.deck._due else 0
            before = now


SIZES = {"80x24": (80, 24), "120x36": (120, 36), "200x60": (200, 60)}


@pytest.mark.parametrize("size", SIZES)
def test_sessions_in_every_status(snap_compare: Compare, size: str) -> None:
    count = 12 if size == "200x60" else 6
    assert snap_compare(shown(busy(count)), terminal_size=SIZES[size], run_before=after())


def test_the_light_theme(snap_compare: Compare) -> None:
    app = shown(busy(), "textual-light")
    assert snap_compare(app, terminal_size=(120, 36), run_before=after())


def test_the_first_screen(snap_compare: Compare) -> None:
    assert snap_compare(shown(FakeClient(AT)), terminal_size=(80, 24), run_before=after())


def test_forty_columns(snap_compare: Compare) -> None:
    assert snap_compare(shown(busy()), terminal_size=(40, 20), run_before=after("alt+2"))


def test_a_terminal_without_shapes(snap_compare: Compare) -> None:
    glyphs.use_ascii(True)
    assert snap_compare(shown(busy()), terminal_size=(120, 36), run_before=after())


def test_answering_a_request_in_a_zoomed_tile(snap_compare: Compare) -> None:
    run = after("ctrl+j", "ctrl+z")
    assert snap_compare(shown(busy()), terminal_size=(120, 36), run_before=run)


def test_without_an_engine(snap_compare: Compare) -> None:
    client = busy()
    assert snap_compare(shown(client), terminal_size=(120, 36), run_before=after(lose=client))


def test_the_form_for_new_sessions(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    run = after("ctrl+n", "T", "r", "y", opens=NewSessionForm)
    assert snap_compare(shown(busy(1)), terminal_size=(80, 24), run_before=run)


def test_the_list_of_all_sessions(snap_compare: Compare) -> None:
    assert snap_compare(
        shown(busy()), terminal_size=(120, 36), run_before=after("ctrl+l", opens=Choose)
    )


def test_choosing_the_tiles_of_a_broadcast(snap_compare: Compare) -> None:
    run = after("ctrl+b", "down", "ctrl+t", opens=Choose)
    assert snap_compare(shown(busy()), terminal_size=(80, 24), run_before=run)
