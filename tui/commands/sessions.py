"""Actions on sessions: new, list, rename, close, fork, set aside, search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from tui.deck.action_interfaces import (
        Closes,
        Forks,
        Makes,
        Moves,
        Searches,
        SessionInHand,
        Talks,
    )
    from tui.deck.interfaces import ForListing, ForLooking, HasLink

GROUP = "Sessions"


def has_session(deck: SessionInHand) -> bool:
    """There is a current session, and an engine to ask."""
    return deck.model.current is not None and deck.link.up


def connected(deck: HasLink) -> bool:
    """There is an engine."""
    return deck.link.up


@action("new", "New session", keys=("ctrl+n", "alt+n"), group=GROUP, footer="new",
        when=connected, order=10)  # fmt: skip
async def new(deck: Makes) -> None:
    """Start one session or several: profile, backend, model, directory, title."""
    from tui.screens.confirm_full_mode import settle_full
    from tui.screens.new_session import NewSessionForm

    summary = deck.model.summary()
    wish = await deck.app.push_screen_wait(
        NewSessionForm(deck.client, summary.cwd if summary else "", summary.host if summary else "")
    )
    if wish is None:
        return
    if wish.program:
        from tui.deck.terminals import begin

        for _ in range(wish.count):
            await begin(deck, wish.program, wish.args["cwd"], wish.args["title"])
        return
    given = wish.args
    if wish.permission == "full":
        confirmed = await settle_full(deck, wish.backend, given.get("host", ""))
        if confirmed is None:
            return
        if confirmed:
            given = {**given, "confirmed_full": True}
    made = ""
    for number in range(wish.count):
        args = given
        if wish.count > 1 and (title := given.get("title")):
            args = {**given, "title": f"{title} {number + 1}"}
        met = deck.feed.met(await deck.client.call("session.create", **args))
        made = made or met
    if made:
        deck.go(made)
    deck.composer.focus()


@action("sessions", "All sessions", keys=("ctrl+l", "alt+l"), group=GROUP, footer="sessions",
        when=connected, order=40)  # fmt: skip
async def sessions(deck: ForListing) -> None:
    """List all sessions, open and closed; go to one, reopen it, archive or delete it."""
    from tui.screens.session_list import open_list

    await open_list(deck)


@action("search", "Search all sessions", keys=("ctrl+f", "alt+i"), group=GROUP, footer="search",
        when=connected, order=45)  # fmt: skip
async def search(deck: Searches) -> None:
    """Full text over every session; enter goes to the place, n and N there to the next."""
    from tui.screens.search import SearchScreen
    from tui.screens.session_list import reopen

    found = await deck.app.push_screen_wait(SearchScreen(deck))
    if found is not None:
        await reopen(deck, found.session)
        deck.scroll_to_event.want(found)


@action("rename", "Rename", keys=("alt+r",), group=GROUP, when=has_session)
async def rename(deck: Talks) -> None:
    """Give the session another title."""
    from tui.screens.dialogs import Prompt

    summary = deck.model.summary()
    if summary is None:
        return
    asked = Prompt("Rename", summary.title, "a title", enter="renames it")
    title = await deck.app.push_screen_wait(asked)
    if title is not None and title.strip() != summary.title:
        await deck.client.call("session.set", session=summary.id, changes={"title": title.strip()})


@action("budget", "Budget of this session", group=GROUP, when=has_session)
async def budget(deck: Talks) -> None:
    """What the session may take: dollars, tokens, hours, turns; one that waits for more goes on."""
    from sessions.runtime.budget import parse, said
    from tui.screens.dialogs import Prompt
    from tui.screens.new_session import BUDGET_HINT

    summary = deck.model.summary()
    if summary is None:
        return
    title = f"Budget of {deck.model.name_of(summary.id)}"
    asked = Prompt(title, said(summary.budget), BUDGET_HINT, enter="sets it", check=parse)
    text = await deck.app.push_screen_wait(asked)
    if text is not None:
        now = await deck.client.call("session.budget", session=summary.id, text=text)
        deck.say(f"Its budget: {now}." if now else "Its budget is the configuration's.")


@action("close", "Close", keys=("alt+x",), group=GROUP, when=has_session)
async def close(deck: Closes) -> None:
    """Take the session off the deck; its record stays, the list of all sessions reopens it."""
    from tui.screens.dialogs import Confirm

    summary = deck.model.summary()
    if summary is None:
        return
    if summary.status in ("working", "needs-you"):
        text = "Its turn goes on without a tile. It stays in the list of all sessions."
        question = Confirm(f"Close {deck.model.name_of(summary.id)}?", text, "Close")
        if not await deck.app.push_screen_wait(question):
            return
    await deck.client.call("session.set", session=summary.id, changes={"closed": True})
    key = show_key(deck.chrome.key("sessions"))
    deck.say(f"Closed. {key} lists it, enter there reopens it.")


@action("archive", "Archive", group=GROUP, when=has_session)
async def archive(deck: ForLooking) -> None:
    """Take the session off the deck and out of the list; search still finds it."""
    summary = deck.model.summary()
    if summary is not None:
        await deck.client.call("session.archive", session=summary.id)


@action("fork", "Fork", keys=("ctrl+k", "alt+k"), group=GROUP, footer="fork", when=has_session,
        order=35)  # fmt: skip
async def fork(deck: Forks) -> None:
    """A new session with the same past and an empty queue; each goes on for itself."""
    summary = deck.model.summary()
    if summary is None:
        return
    title = f"{summary.title} (fork)" if summary.title else ""
    made = await deck.client.call("session.fork", session=summary.id, title=title)
    deck.go(deck.feed.met(made))


@action("aside", "Set aside", keys=("alt+s",), group=GROUP, when=has_session)
async def aside(deck: ForLooking) -> None:
    """Take the session out of view until it needs you; it comes back by itself then."""
    summary = deck.model.summary()
    if summary is not None:
        await deck.client.call("session.set", session=summary.id, changes={"aside": True})


@action("move_left", "Move tile left", keys=("alt+shift+left",), group=GROUP, when=has_session)
async def move_left(deck: Moves) -> None:
    """Change places with the tile before."""
    deck.model.move(-1)
    deck.redraw(reflow=True)
    deck.drafts.remember()


@action("move_right", "Move tile right", keys=("alt+shift+right",), group=GROUP, when=has_session)
async def move_right(deck: Moves) -> None:
    """Change places with the tile after."""
    deck.model.move(1)
    deck.redraw(reflow=True)
    deck.drafts.remember()
