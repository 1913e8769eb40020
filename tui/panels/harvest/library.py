"""My skills as harvest sees them: how often each was used, whether it helped, what rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Pick
from tui.words.text import one_line

if TYPE_CHECKING:
    from sessions.api.harvest import SkillPutAway, SkillUses
    from tui.panels.harvest.interfaces import Harvesting

_BACK = "back:"


async def show(panel: Harvesting) -> None:
    """The list; from it a skill is put away, and brought back."""
    found = await panel.client.call("harvest.uses")
    away = await panel.client.call("harvest.put_away")
    width = min(28, max((len(each["name"]) for each in [*found, *away]), default=0))
    ordered = sorted(found, key=lambda e: (not e["idle"], e["used"]))
    picks = [_there(each, width) for each in ordered]
    names: set[str] = set()
    for each in away:
        if each["name"] not in names:
            names.add(each["name"])
            picks.append(_away(each, width))
    listing = Listing(
        picks, empty="You have no skills yet.", enter="puts it away, or brings it back"
    )

    def chosen(choice: Choice | None) -> None:
        if not choice or not choice.row:
            return
        if choice.row.startswith(_BACK):
            panel.run(_bring_back(panel, choice.row.removeprefix(_BACK)))
        else:
            _ask(panel, choice.row)

    panel.app.push_screen(Choose("Your skills", listing), chosen)


def _used(each: SkillUses) -> str:
    """What counts comes first: a small terminal shows no more."""
    if not each["used"]:
        return "never used"
    where = f"in {each['sessions']} sessions" if each["sessions"] != 1 else "in 1 session"
    return f"used {each['used']} × {where}, helped {each['helped']}, last {each['last'][:10]}"


def _there(each: SkillUses, width: int) -> Pick:
    """A skill with its uses; one that rests is offered for the archive."""
    return Pick(
        each["name"],
        (
            (f"{one_line(each['name']):<{width}} ", "bold"),
            ("unused for weeks: put it away?  " if each["idle"] else "", "$text-warning"),
            (_used(each), "$text-muted"),
        ),
    )


def _away(each: SkillPutAway, width: int) -> Pick:
    """A skill that was put away."""
    at = str(each["at"])
    day = f"{at[:4]}-{at[4:6]}-{at[6:8]}"
    cells = (
        (f"{one_line(each['name']):<{width}} ", "$text-muted"),
        (f"put away {day}: bring it back?", "$text-muted"),
    )
    return Pick(f"{_BACK}{each['name']}", cells)


def _ask(panel: Harvesting, name: str) -> None:
    text = (
        f"Put {one_line(name)} away? It is kept, and this list brings it back. Where it was a new "
        "version, the one before comes back now."
    )
    confirm = Confirm("Into the archive", text, "Put away")
    panel.app.push_screen(confirm, lambda yes: panel.run(_put_away(panel, name)) if yes else None)


async def _bring_back(panel: Harvesting, name: str) -> None:
    told = await panel.client.call("skills.undo", name=name)
    panel.deck.say(f"Brought back: {one_line(told['path'])}")


async def _put_away(panel: Harvesting, name: str) -> None:
    await panel.client.call("harvest.uninstall", name=name)
