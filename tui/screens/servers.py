"""The MCP servers of a session: which are on, and by whose wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from tui.screens.dialogs import Choice, Choose, Listing, Pick
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from sessions.api.answers import McpServerState
    from tui.deck.interfaces import ForPicking


async def pick_servers(deck: ForPicking, session: str) -> dict[str, bool]:
    """What the user wants otherwise than it is: server → on. Empty if nothing."""
    servers = await deck.client.call("session.mcp", session=session)
    on = {str(server["name"]) for server in servers if server.get("on")}
    rows = [_row(server) for server in servers]
    listing = Listing(
        rows,
        marked=set(on),
        enter="uses the ticked ones",
        empty="None is configured: [mcp.servers.NAME] in the configuration.",
    )
    title = f"MCP servers of {clip(deck.model.name_of(session), 40)}"
    chosen: Choice | None = await deck.app.push_screen_wait(Choose(title, listing))
    if chosen is None:
        return {}
    wanted = set(chosen.marked)
    return {row.key: row.key in wanted for row in rows if (row.key in wanted) != (row.key in on)}


def _row(server: McpServerState) -> Pick:
    by = "this session" if server.get("switched") else "profile" if server.get("on") else ""
    cells = (
        (set_cell_size(one_line(str(server["name"])), 22), "bold"),
        (set_cell_size(f"by {by}" if by else "", 18), "$text-muted"),
        (one_line(str(server.get("where", ""))), "$text-muted"),
    )
    return Pick(str(server["name"]), cells)
