"""Actions on records: write one out, bring others in; and what was changed on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import connected, has_session

if TYPE_CHECKING:
    from tui.deck.action_interfaces import Reloads, Talks
    from tui.deck.interfaces import ForPicking, ForReopening, ForSettings


@action("export", "Export this session", group="Sessions", when=has_session)
async def export(deck: Talks) -> None:
    """Write the session to a file, as Markdown (.md), HTML (.html) or JSON (.json)."""
    from tui.screens.dialogs import Prompt
    from tui.start_directory import here
    from tui.words.text import in_file_name

    summary = deck.model.summary()
    if summary is None:
        return
    name = f"{in_file_name(summary.title or summary.about) or 'session'}-{summary.id[-6:]}"
    asked = Prompt(
        "Export to a file in .md, .html or .json", f"{here()}/{name}.md", enter="writes it"
    )
    path = await deck.app.push_screen_wait(asked)
    if path and path.strip():
        where = await deck.client.call("session.export", session=summary.id, path=path.strip())
        deck.say(f"Written to {where}.")


@action("import_", "Import conversations", group="Sessions", when=connected)
async def import_(deck: Talks) -> None:
    """Bring conversations of other programs in: a file, a folder, or where they are kept."""
    from tui.screens.dialogs import Prompt

    asked = Prompt(
        "Import from", "", "empty: where the other programs keep theirs", enter="looks there"
    )
    path = await deck.app.push_screen_wait(asked)
    if path is not None:
        deck.say("Looking for conversations…")
        found = await deck.client.call("archive.import", paths=[path] if path.strip() else [])
        told = ", ".join(f"{count} {status}" for status, count in sorted(found.items()))
        deck.say(f"Imported: {told or 'nothing new'}.")


@action("usage", "Usage: tokens, cost, turns", group="Deck", when=connected)
async def usage(deck: ForReopening) -> None:
    """Plots and sums by day, model, backend, profile, session: tokens, cost, cache, waiting."""
    from tui.screens.session_list import reopen
    from tui.screens.usage.screen import UsageScreen

    session = await deck.app.push_screen_wait(UsageScreen(deck))
    if session:
        await reopen(deck, session)


@action("context", "What fills the context", group="Sessions", when=has_session)
async def context(deck: ForPicking) -> None:
    """A bar of what the model is sent: system prompt, tools, skills, files, primings, the rest."""
    from tui.screens.context import ContextScreen

    if deck.model.current is not None:
        await deck.app.push_screen_wait(ContextScreen(deck, deck.model.current))


@action("reload", "Read configuration and skills again", group="Deck", when=connected)
async def reload(deck: Reloads) -> None:
    """Take what was changed in files by hand; it happens by itself with the next thing you do."""
    from tui.deck.reload_config import reload_config

    found = await deck.client.call("skills.list")
    await reload_config(deck)
    deck.say(f"Read again; {len(found['rows'])} skills.")


@action("daydreams", "Daydreams: on, off, budget", group="Deck", when=connected)
async def daydreams(deck: ForSettings) -> None:
    """Whether ideas are drawn while all is idle, and what that may take; they come to the inbox."""
    from tui.screens.settings import settings_screen

    await deck.app.push_screen_wait(await settings_screen(deck, "priming.daydream"))
