"""The daydreams that wait: one a night at most, read, taken over or put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.panels.prime.words import ReadingScreen
from tui.screens.dialogs import Choice, Choose, Listing, Offer, Pick
from tui.words.text import one_line, tokens

if TYPE_CHECKING:
    from sessions.api.priming import DreamWaiting
    from tui.panels.prime.interfaces import Primed
    from tui.panels.prime.state import Prime

_OFF = (
    "Daydreams are off. While everything idles they pair draws, connect them with your question "
    "and keep the best of a night, within a budget. Switch them on in the configuration: "
    "[priming.daydream] enabled = true"
)
_NONE = "Nothing was dreamt that is worth your time. Most daydreams are not."


async def open_inbox(panel: Primed, session: str, prime: Prime) -> None:
    """Fetch the inbox and show it."""
    found = await panel.client.call("priming.inbox")
    waiting = found["waiting"]
    picks = [
        Pick(
            d["id"],
            (
                (f"{d['night']} ", "bold"),
                (f"mean mark {d['mean']} ", "$text-accent"),
                (f"{tokens(d['night_cost']['tokens'])} tokens that night ", "$text-muted"),
                (one_line(d["idea"]), ""),
            ),
        )
        for d in waiting
    ]
    offers = (Offer("ctrl+r", "read it"), Offer("ctrl+d", "dismiss"))
    empty = _NONE if found["enabled"] else _OFF
    listing = Listing(picks, offers, empty=empty, enter="adds it as a candidate")

    def chosen(choice: Choice | None) -> None:
        dream = next((d for d in waiting if choice and d["id"] == choice.row), None)
        if choice is None or dream is None:
            return
        if choice.key == "ctrl+r":
            panel.app.push_screen(
                ReadingScreen(f"Daydream of {dream['night']}", receipt_words(dream))
            )
        else:
            keep = choice.key == "enter"
            panel.work(lambda s, p: _take(panel, s, p, dream["id"], keep))

    panel.app.push_screen(Choose("Daydreams", listing), chosen)


async def _take(panel: Primed, session: str, prime: Prime, dream: str, keep: bool) -> None:
    told = await panel.client.call("priming.wake", session=session, id=dream, keep=keep)
    if told:
        prime.turn_to(told["kind"])
        prime.take_draw(told)
        prime.take_items(told["items"], told["remarks"])


def receipt_words(dream: DreamWaiting) -> str:
    """A daydream in full, with how it came about."""
    receipts, cost = dream["receipts"], dream["night_cost"]
    marks = ", ".join(f"{name} {mark}" for name, mark in dream["marks"].items())
    pair = "\n\n".join(f"• {thing}" for thing in dream["pair"])
    return (
        f"{dream['idea']}\n\nmarks by the critic (1 to 10): {marks}\n\n"
        f"from these two, by chance (seed {receipts.get('seed')}, {receipts.get('kind')} draw "
        f"{receipts.get('draw_seed')}):\n\n{pair}\n\n"
        f"by {', '.join(receipts.get('models') or ())}; this one took {tokens(dream['tokens'])} "
        f"tokens, the night {tokens(cost['tokens'])} for {cost['dreamt']} dreams."
    )
