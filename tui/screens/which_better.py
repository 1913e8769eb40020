"""Two runs side by side, not saying which had the skill: which is better?"""

from __future__ import annotations

from sessions.api.harvest import PairSideShown, PairToDecide
from tui.screens.dialogs import Choose, Listing, Pick
from tui.words.text import clip, one_line, tokens


def which_better(told: PairToDecide) -> Choose:
    """The question of one pair, as `harvest.pair` tells it; gives first, second or tie."""
    number, of = told["number"], told["of"]
    tiles = (f"pair {2 * number - 1}", f"pair {2 * number}")
    picks = [
        Pick(name, ((f"{tile:<7} ", "bold"), (_words(side), "$text-muted")))
        for name, tile, side in zip(("first", "second"), tiles, told["sides"], strict=True)
    ]
    picks.append(Pick("tie", (("alike", "bold"),)))
    place = f" ({number} of {of})" if of > 1 else ""
    title = f"Which is better{place}? “{clip(one_line(told['prompt']), 60)}”"
    return Choose(title, Listing(picks, enter="selects"))


def _words(side: PairSideShown) -> str:
    ended = "ended well" if side["passed"] else f"ended: {side['reason']}"
    calls = f"{side['calls']} calls, {side['failed_calls']} of them failed"
    return f"{ended}, {calls}, {side['turns']} turn, {tokens(side['tokens'])} tokens"
