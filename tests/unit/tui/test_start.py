"""How the deck starts."""

import subprocess
import sys

import pytest

from sessions.errors import UsageError
from tui.app import DeckApp, run
from tui.options import DeckOptions

HEAVY = (
    "anthropic",
    "acp",
    "mcp",
    "httpx",
    "httpx2",
    "feedparser",
    "sqlite3",
    "pygments",
    "xllamacpp",
)


def test_the_interface_imports_nothing_that_only_the_engine_needs() -> None:
    code = (
        "import sys, tui.app, tui.deck_screen, tui.actions; tui.actions.actions()\n"
        "import tui.screens.new_session, tui.screens.session_list, tui.screens.search\n"
        "import sessions.client\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_a_terminal_a_sentence_says_so() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run(DeckOptions())


async def test_the_first_frame_does_not_wait_for_the_engine() -> None:
    import asyncio

    never = asyncio.Event()

    async def connect() -> object:
        await never.wait()
        raise AssertionError

    app = DeckApp(client_factory=connect)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("h", "i")
        assert app.deck.composer.text == "hi"
        assert "starting" in app.deck.query_one("#status").words  # type: ignore[attr-defined]
