"""A skill with and without, from the Skills panel: begun over several prompts, judged blindly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.api.harvest import PairToDecide
from sessions.errors import NotFound
from sessions.record.closed_sets import Preferred
from tui.screens.dialogs import Prompt
from tui.screens.which_better import which_better
from tui.words.text import one_line

if TYPE_CHECKING:
    from tui.panels.skills.interfaces import WithPairs

_BETWEEN = "|"
_WHAT = "what to send, | between; empty: what led to it. Each is sent twice, with and without"
_COUNT = 5
"""How many of the messages that led to a skill are sent."""


async def go_on(panel: WithPairs, name: str) -> None:
    """What comes next in the paired runs of a skill."""
    try:
        told = await panel.client.call("harvest.pair", name=name)
    except NotFound:
        title = f"Run {one_line(name)} with and without"
        ask = Prompt(title, placeholder=_WHAT, enter="runs both")
        panel.app.push_screen(
            ask, lambda text: None if text is None else panel.alone(_begin(panel, name, text))
        )
        return
    _next(panel, name, told)


async def _begin(panel: WithPairs, name: str, text: str) -> None:
    prompts = [part.strip() for part in text.split(_BETWEEN) if part.strip()]
    told = await panel.client.call(
        "harvest.pair", name=name, begin=True, prompts=prompts, count=_COUNT
    )
    panel.deck.say(f"{2 * told['of']} tiles run. Look at each pair, then choose here with b.")


def _next(panel: WithPairs, name: str, told: PairToDecide) -> None:
    if not told["done"]:
        panel.deck.say("No pair has ended yet: look at the tiles, then press b again.")
        return
    panel.app.push_screen(
        which_better(told),
        lambda choice: (
            panel.alone(_choose(panel, name, choice.row)) if choice and choice.row else None
        ),
    )


async def _choose(panel: WithPairs, name: str, answer: Preferred) -> None:
    told = await panel.client.call("harvest.choose", name=name, answer=answer)
    if told["check"] is not None:
        panel.deck.say(told["check"]["detail"].rsplit("in all: ", 1)[-1])
        panel.reload()
    elif told["next"] is not None:
        _next(panel, name, told["next"])
