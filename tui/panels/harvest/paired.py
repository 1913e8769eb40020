"""The paired run from a review: begun after asking, decided when both have ended."""

from __future__ import annotations

from typing import Any

from sessions.errors import NotFound
from tui.panels.harvest.ports import Reviewed
from tui.screens.dialogs import Choose, Confirm, Listing, Pick
from tui.text import clip, one_line, tokens

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


def _ask(review: Reviewed, told: dict[str, Any]) -> None:
    sides = told["sides"]
    picks = [
        Pick(name, ((f"{tile:<7} ", "bold"), (_words(side), "$text-muted")))
        for name, tile, side in zip(("first", "second"), ("pair 1", "pair 2"), sides, strict=True)
    ]
    picks.append(Pick("tie", (("alike", "bold"),)))

    def chosen(choice: Any) -> None:
        if choice and choice.row:
            review.run(_choose(review, choice.row), "written down…")

    title = f"Which is better? “{clip(one_line(told['prompt']), 60)}”"
    review.app.push_screen(Choose(title, Listing(picks, enter="chooses it")), chosen)


async def _choose(review: Reviewed, answer: str) -> None:
    check = await review.client.call("harvest.pair", name=review.name_of_draft, answer=answer)
    review.checked["checks"] = [
        check,
        *(c for c in review.checked["checks"] if c["name"] != check["name"]),
    ]
    review.report()


def _words(side: dict[str, Any]) -> str:
    ended = "ended well" if side["passed"] else f"ended: {side['reason']}"
    calls = f"{side['calls']} calls, {side['failed_calls']} of them failed"
    return f"{ended}, {calls}, {side['turns']} turn, {tokens(int(side['tokens']))} tokens"
