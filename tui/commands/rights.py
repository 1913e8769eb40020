"""Actions on what a session may do: its permission mode, its MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tui.actions import action
from tui.commands.sessions import has_session
from tui.commands.turns import GROUP

if TYPE_CHECKING:
    from sessions.record.closed_sets import Permission
    from tui.deck.action_interfaces import Talks


@action("permission", "Change the permission mode", group=GROUP, when=has_session)
async def permission(deck: Talks) -> None:
    """read-only, ask, edit or full; full is confirmed by typing where there is no sandbox."""
    from tui.screens.confirm_full_mode import settle_full, unprotected
    from tui.screens.session_list import pick_permission

    summary = deck.model.summary()
    if summary is None:
        return
    why = await unprotected(deck.client.on_host(summary.host), summary.backend)
    chosen = await pick_permission(deck, summary.permission, why)
    if chosen == "full":
        # Also where it is full already: a confirmation ends with the engine.
        confirmed = await settle_full(deck, summary.backend, summary.host)
        if confirmed is None:
            return
        if confirmed:
            await deck.client.call("session.confirm_full", session=summary.id)
    if chosen and chosen != summary.permission:
        await deck.client.call(
            "session.set", session=summary.id, changes={"permission": cast("Permission", chosen)}
        )


@action("mcp", "MCP servers of this session", group=GROUP, when=has_session)
async def mcp(deck: Talks) -> None:
    """Switch MCP servers on or off for this session, from its next turn on."""
    from tui.screens.servers import pick_servers

    summary = deck.model.summary()
    if summary is None:
        return
    changes = await pick_servers(deck, summary.id)
    if changes:
        await deck.client.call("session.mcp", session=summary.id, changes=changes)
        on = [name for name, wanted in changes.items() if wanted]
        off = [name for name, wanted in changes.items() if not wanted]
        said = [f"On: {', '.join(on)}." if on else "", f"Off: {', '.join(off)}." if off else ""]
        deck.say(" ".join([*filter(None, said), "From the next turn on."]))
