"""How the deck starts."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from sessions.errors import UsageError
from tui.app import DeckApp, run
from tui.deck.client import DeckClient
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
    "textual_plotext",
    "tui.deck.interfaces",
    "tui.deck.action_interfaces",  # a hundred protocols, for mypy alone: 15 ms where they are made
)


def test_the_interface_imports_nothing_that_only_the_engine_needs() -> None:
    code = (
        "import sys, tui.app, tui.deck.screen, tui.actions; tui.actions.actions()\n"
        "import tui.screens.new_session, tui.screens.session_list, tui.screens.search\n"
        "import tui.screens.usage.screen\n"
        "import sessions.engine.client\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_idle_deck_has_imported_neither_openssl_nor_the_configuration() -> None:
    unwanted = ("ssl", "_ssl", "_hashlib", "sessions.config", "sessions.plans.model")
    code = (
        "import sys\n"
        "from sessions.tls import without_tls; without_tls.import_asyncio()\n"
        "import tui.app, tui.deck.screen, tui.actions; tui.actions.actions()\n"
        "import sessions.engine.client\n"
        f"print([name for name in {unwanted!r} if name in sys.modules])\n"
        "import ssl; ssl.create_default_context()\n"  # who wants it has it all the same
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_a_terminal_a_sentence_says_so() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run(DeckOptions())


def waiting() -> DeckApp:
    """A deck whose engine never answers."""

    async def connect() -> DeckClient:
        await asyncio.Event().wait()
        raise AssertionError

    return DeckApp(client_factory=connect)


async def test_the_first_frame_does_not_wait_for_the_engine() -> None:
    app = waiting()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("h", "i")
        assert app.deck.composer.text == "hi"
        assert "starting" in app.deck.query_one("#status").words  # type: ignore[attr-defined]


async def test_before_the_engine_has_answered_nothing_is_said_of_sessions() -> None:
    app = waiting()
    async with app.run_test(size=(80, 24)) as pilot:
        while app.screen is not app.deck or not app.deck.query("Composer"):
            await pilot.pause()
        await pilot.pause()
        composer, status = app.deck.composer, app.deck.line("status")
        assert "no session" not in status.words
        assert not composer.border_title
        assert str(composer.border_subtitle) == "enter sends it as soon as the engine is there"
        await pilot.press("h", "i", "enter")
        await pilot.pause()
        assert str(composer.border_title) == "to a new session"
        assert str(composer.border_subtitle).startswith("it waits")


async def test_what_is_typed_before_the_deck_is_there_is_not_lost() -> None:
    from textual import events

    from tests.support.deckpilot import Opened
    from tests.support.fake_client import FakeClient

    client = FakeClient()

    async def connect() -> Any:
        return client

    app = DeckApp(client_factory=connect)
    for character in "early":
        app._early.append(events.Key(character, character))  # type: ignore[union-attr]
    app.on_paste(events.Paste(", and pasted"))
    async with app.run_test(size=(80, 24)) as pilot:
        here = Opened(app, pilot, client)
        await here.until(lambda: app.deck.link.up)
        await here.settle()
        assert here.composer.text == "early, and pasted"


def test_the_first_frame_needs_no_module_of_the_deck_itself() -> None:
    code = (
        "import sys, tui.app\n"
        "print([m for m in sys.modules if m in ('tui.deck.screen', 'tui.actions', "
        "'sessions.record.events', 'sessions.config', 'textual.widgets._text_area')])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_who_looked_away_while_the_deck_started_types_into_the_composer() -> None:
    app = waiting()
    async with app.run_test(size=(80, 24)) as pilot:
        app.app_focus = False
        while app.screen is not app.deck or not app.deck.query("Composer"):
            await pilot.pause()
        app.app_focus = False
        app._last_focused_on_app_blur = None  # so it is if that came before there was a composer
        await pilot.press("h", "i")
        assert app.deck.composer.text == "hi"
