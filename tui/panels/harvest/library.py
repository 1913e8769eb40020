"""My skills as harvest sees them: how often each was used, whether it helped, what rests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.screens.dialogs import Choose, Confirm, Listing, Offer, Pick
from tui.text import one_line

if TYPE_CHECKING:
    from tui.panels.harvest.panel import HarvestPanel


async def show(panel: HarvestPanel) -> None:
    """The list; from it a skill can be put into the trash, from which it can come back."""
    found = await panel.client.call("harvest.uses")
    picks = [
        Pick(
            each["name"],
            (
                (f"{one_line(each['name']):<28} ", "bold"),
                (f"used {each['used']} in {each['sessions']} sessions, ", ""),
                (f"seems to have helped {each['helped']}  ", "$text-muted"),
                (f"last {each['last'][:10]}  " if each["last"] else "never used  ", "$text-muted"),
                ("unused for weeks: archive it?" if each["idle"] else "", "$text-warning"),
            ),
        )
        for each in sorted(found, key=lambda e: (not e["idle"], e["used"], e["name"]))
    ]
    offers = (Offer("ctrl+d", "take it out (undo of an install)"),)
    listing = Listing(picks, offers, empty="You have no skills yet.", enter="takes it out")

    def chosen(choice: Any) -> None:
        if not choice or not choice.row:
            return
        name = choice.row
        text = (
            f"Take {name} out of your skills? It goes to the trash, from where `agentdeck skills "
            "remove --undo` brings it back. Where it was a new version, the one before comes back."
        )
        confirm = Confirm("Take out", text, "Take out")
        panel.app.push_screen(
            confirm, lambda yes: panel.run(_take_out(panel, name)) if yes else None
        )

    panel.app.push_screen(Choose("Your skills", listing), chosen)


async def _take_out(panel: HarvestPanel, name: str) -> None:
    await panel.client.call("harvest.uninstall", name=name)
