"""Merge first: a draft goes into a skill that is near before a second one is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sessions.record.closed_sets import MergedHow, one_of
from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Pick
from tui.words.text import clean, clip, one_line

if TYPE_CHECKING:
    from sessions.api.harvest import NeighbourShown
    from tui.panels.harvest.interfaces import Reviewed

_HOW: dict[MergedHow, str] = {
    "update": "bring both texts together; what you edited stays, what both changed you decide",
    "extend": "leave its text as it is, add below what it lacks",
    "split": "what it has already goes there, the rest stays a draft of its own",
}
_OWN = "own"


def update(review: Reviewed) -> None:
    """Choose a skill that is near, and how the draft goes into it."""
    near = review.checked["neighbours"]
    listing = Listing(
        [_pick(n) for n in near], empty="No skill is near: it is one of its own.", enter="goes on"
    )

    def chosen(choice: Choice | None) -> None:
        if choice and choice.row:
            _how(review, next(n for n in near if n["name"] == choice.row))

    review.app.push_screen(Choose("Into which skill", listing), chosen)


def before_install(review: Reviewed, install: Callable[[], None]) -> None:
    """Offer the nearest skill before a second one is made; `install` makes it all the same."""
    near = review.checked["neighbours"]
    if review.draft["into"] or not near:
        install()
        return
    nearest = near[0]
    picks = [*_ways(nearest), Pick(_OWN, (("make it a skill of its own all the same", ""),))]

    def chosen(choice: Choice | None) -> None:
        if not choice or not choice.row:
            return
        if choice.row == _OWN:
            install()
        else:
            _merge(review, nearest["name"], one_of(MergedHow, choice.row, "update"))

    title = f"{one_line(nearest['name'])} is near: {nearest['offer']} it?"
    review.app.push_screen(Choose(title, Listing(picks, enter="does it")), chosen)


def with_added(review: Reviewed, install: Callable[[bool], None]) -> None:
    """Ask first, where a model has written commands into it that no session ran."""
    failed = [c for c in review.checked["checks"] if c["name"] == "commands" and not c["passed"]]
    if not failed:
        install(False)
        return
    told = "\n".join(clean(each["message"]) for each in failed[0]["findings"])
    text = f"No session ran these:\n\n{told}\n\nTake them out with t, or keep them."
    confirm = Confirm("A model added commands", text, "Install with them", danger=True)
    review.app.push_screen(confirm, lambda yes: install(True) if yes else None)


def decide(review: Reviewed) -> None:
    """Decide the next place that you and the draft both changed."""
    places = review.draft["conflicts"]
    if not places:
        review.say("Nothing is left to decide: no place was changed by you and by the draft.")
        return
    place = places[0]
    picks = [
        Pick("yours", (("yours      ", "bold"), (_short(place["yours"]), ""))),
        Pick("draft", (("the draft's ", "bold"), (_short(place["draft"]), ""))),
        Pick("both", (("both", "bold"),)),
    ]

    def chosen(choice: Choice | None) -> None:
        if choice and choice.row:
            review.run(_resolve(review, choice.row), "written down…")

    what = one_line(place["name"]) or "the text"
    left = f", {len(places)} places are left" if len(places) > 1 else ""
    review.app.push_screen(
        Choose(f"Both changed {what}: keep which{left}?", Listing(picks, enter="keeps it")), chosen
    )


async def _resolve(review: Reviewed, keep: str) -> None:
    name = review.name_of_draft
    review.take(await review.client.call("harvest.resolve", name=name, number=0, keep=keep))
    await review.check()


def _how(review: Reviewed, near: NeighbourShown) -> None:
    def chosen(choice: Choice | None) -> None:
        if choice and choice.row:
            _merge(review, near["name"], one_of(MergedHow, choice.row, "update"))

    title = f"How does it go into {one_line(near['name'])}?"
    review.app.push_screen(Choose(title, Listing(_ways(near), enter="does it")), chosen)


def _ways(near: NeighbourShown) -> list[Pick]:
    """Update, extend and split, what is offered first."""
    ways = sorted(_HOW, key=lambda how: how != near["offer"])
    if not near["parts"]:
        ways.remove("split")
    rows = []
    for how in ways:
        told = _HOW[how]
        if how == "split":
            told = f"{one_line(', '.join(near['parts']))}: {told}"
        rows.append(Pick(how, ((f"{how:<7} ", "bold"), (told, "$text-muted"))))
    return rows


def _merge(review: Reviewed, into: str, how: MergedHow) -> None:
    name = review.name_of_draft
    work = review.changed(lambda c: c.call("harvest.merge", name=name, into=into, how=how))
    review.run(work, "the two are brought together, your edits kept…")


def _pick(near: NeighbourShown) -> Pick:
    likeness = (
        f"alike: name {near['name_likeness']:.0%}, text {near['text_likeness']:.0%}, "
        f"code {near['code_likeness']:.0%}  {one_line(near['path'])}"
    )
    name = (f"{one_line(near['name'])} ", "bold")
    return Pick(near["name"], (name, (f"{near['offer']}  ", "$text-accent"), (likeness, "")))


def _short(text: str) -> str:
    return clip(one_line(text.replace("\n", " ⏎ ")), 160) or "(nothing)"
