"""The paired run from a review: begun after asking, decided when both have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.errors import NotFound
from sessions.record.closed_sets import Preferred, one_of
from tui.screens.dialogs import Choice, Confirm
from tui.screens.which_better import which_better
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from sessions.api.harvest import PairToDecide
    from tui.panels.harvest.interfaces import Reviewed

_COST = (
    "Run the first prompt twice, in two fresh tiles, one of them with the skill? Two turns of the "
    "session's model. You choose without being told which is which (its tool calls show it)."
)


async def go_on(review: Reviewed) -> None:
    """What comes next in the paired run of the draft."""
    try:
        told = await review.client.call("harvest.pair", name=review.name_of_draft)
    except NotFound:
        review.report()
        confirm = Confirm("Paired run", _COST, "Run")
        review.app.push_screen(
            confirm,
            lambda yes: review.run(_begin(review), "two sessions begin…") if yes else None,
        )
        return
    review.report()
    if told["done"]:
        _ask(review, told)
    else:
        review.say("The two runs have not ended: leave with esc, look at the tiles, come back.")


async def _begin(review: Reviewed) -> None:
    told = await review.client.call("harvest.pair", name=review.name_of_draft, begin=True)
    review.say(
        f"Two tiles run “{clip(one_line(told['prompt']), 80)}”. Leave with esc, look at both, "
        "open the draft again (o) and press b to choose."
    )


def _ask(review: Reviewed, told: PairToDecide) -> None:
    def chosen(choice: Choice | None) -> None:
        if choice and choice.row:
            review.run(_choose(review, one_of(Preferred, choice.row, "tie")), "written down…")

    review.app.push_screen(which_better(told), chosen)


async def _choose(review: Reviewed, answer: Preferred) -> None:
    told = await review.client.call("harvest.choose", name=review.name_of_draft, answer=answer)
    if (check := told["check"]) is None:  # a pair of several: nothing is told before the last
        review.report()
        if told["next"] is not None and told["next"]["done"]:
            _ask(review, told["next"])
        return
    review.checked["checks"] = [
        check,
        *(c for c in review.checked["checks"] if c["name"] != check["name"]),
    ]
    review.report()
