"""My skills as harvest sees them: how often each was used, whether it helped, what rests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.screens.dialogs import Choose, Confirm, Listing, Pick
from tui.text import one_line

if TYPE_CHECKING:
    from tui.panels.harvest.panel import HarvestPanel


_BACK = "back:"


async def show(panel: HarvestPanel) -> None:
    """The list; from it a skill is put away, and brought back."""
    found = await panel.client.call("harvest.uses")
    picks = [_there(each) for each in sorted(found, key=lambda e: (not e["idle"], e["used"]))]
    names: set[str] = set()
    for each in await panel.client.call("harvest.put_away"):
        if each["name"] not in names:
            names.add(each["name"])
            picks.append(_away(each))
    listing = Listing(
        picks, empty="You have no skills yet.", enter="puts it away, or brings it back"
    )

    def chosen(choice: Any) -> None:
        if not choice or not choice.row:
            return
        if choice.row.startswith(_BACK):
            panel.run(_bring_back(panel, choice.row.removeprefix(_BACK)))
        else:
            _ask(panel, choice.row)

    panel.app.push_screen(Choose("Your skills", listing), chosen)


def _there(each: dict[str, Any]) -> Pick:
    """A skill with its uses; one that rests is offered for the archive."""
    return Pick(
        each["name"],
        (
            (f"{one_line(each['name']):<28} ", "bold"),
            (f"used {each['used']} in {each['sessions']} sessions, ", ""),
            (f"seems to have helped {each['helped']}  ", "$text-muted"),
            (f"last {each['last'][:10]}  " if each["last"] else "never used  ", "$text-muted"),
            ("unused for weeks: put it away?" if each["idle"] else "", "$text-warning"),
        ),
    )


def _away(each: dict[str, Any]) -> Pick:
    """A skill that was put away."""
    at = str(each["at"])
    day = f"{at[:4]}-{at[4:6]}-{at[6:8]}"
    cells = (
        (f"{one_line(each['name']):<28} ", "$text-muted"),
        (f"put away {day}: bring it back?", "$text-muted"),
    )
    return Pick(f"{_BACK}{each['name']}", cells)


def _ask(panel: HarvestPanel, name: str) -> None:
    text = (
        f"Put {one_line(name)} away? It is kept, and this list brings it back. Where it was a new "
        "version, the one before comes back now."
    )
    confirm = Confirm("Into the archive", text, "Put away")
    panel.app.push_screen(confirm, lambda yes: panel.run(_put_away(panel, name)) if yes else None)


async def _bring_back(panel: HarvestPanel, name: str) -> None:
    told = await panel.client.call("skills.undo", name=name)
    panel.deck.say(f"Brought back: {one_line(told['path'])}")


async def _put_away(panel: HarvestPanel, name: str) -> None:
    await panel.client.call("harvest.uninstall", name=name)
