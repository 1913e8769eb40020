"""The machines whose sessions are in this deck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, connected

if TYPE_CHECKING:
    from tui.deck.interfaces import Asks


@action("hosts", "Other machines", group=GROUP, when=connected)
async def hosts(deck: Asks) -> None:
    """Hosts of the configuration: which are reached, which are not and why; enter tries again."""
    from tui.screens.dialogs import Choose, Listing, Pick
    from tui.terminal import glyphs
    from tui.words.text import one_line

    rows = []
    for host in await deck.client.call("deck.hosts"):
        state = "offline" if host["why"] else "done"
        told = one_line(host["why"]) or f"reached, agentdeck {one_line(host['version'])}"
        cells = (
            (f"{glyphs.status(state)} {one_line(host['name']):<18} ", "bold"),
            (f"{host['sessions']:>5} sessions  ", ""),
            (told, "$text-warning" if host["why"] else "$text-muted"),
        )
        rows.append(Pick(host["name"], cells))
    empty = "None yet. ctrl+n in the settings adds one, by the name that ssh has for it."
    listing = Listing(rows, empty=empty, enter="tries those that are offline at once")
    if await deck.app.push_screen_wait(Choose("Other machines", listing)) is not None:
        await deck.client.call("deck.hosts", again=True)
