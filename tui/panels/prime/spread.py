"""Several sessions primed at once: one draw dealt out, or each from a seed of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Offer, Pick
from tui.words.text import tokens

if TYPE_CHECKING:
    from sessions.api.priming import SessionPrimed
    from tui.panels.prime.interfaces import Primed
    from tui.panels.prime.state import Prime


def spread(panel: Primed) -> None:
    """Ask over which sessions, and how; then ask once more with the count."""
    deck = panel.deck
    picks = [
        Pick(s.id, ((deck.model.name_of(s.id), ""), (f"  {s.status}", "$text-muted")))
        for s in deck.model.summaries.values()
        if not s.closed and not s.archived
    ]
    offers = (Offer("ctrl+o", "each its own seed"),)
    listing = Listing(picks, offers, marked={panel.session or ""}, enter="deals this draw")

    def chosen(choice: Choice | None) -> None:
        if choice and choice.marked:
            own = choice.key == "ctrl+o"
            (_ask_own if own else _ask_deal)(panel, choice.marked)

    panel.app.push_screen(Choose("Spread over which sessions", listing), chosen)


def _names(panel: Primed, sessions: tuple[str, ...]) -> str:
    return "\n".join(f"  {panel.deck.model.name_of(session)}" for session in sessions)


def _ask_deal(panel: Primed, sessions: tuple[str, ...]) -> None:
    prime = panel.prime
    drawn, items = prime.drawn, prime.chosen
    if drawn is None or not items:
        panel.deck.say("Tick what shall be dealt first.")
        return

    async def send(session: str, _: Prime) -> None:
        sent = await panel.client.call(
            "priming.spread",
            session=session,
            id=drawn["id"],
            items=items,
            sessions=list(sessions),
        )
        panel.deck.say(f"Dealt {len(items)} over {len(sent)} sessions")

    size = f", about {tokens(prime.size['tokens'])} tokens in all" if prime.size else ""
    text = f"Deal {len(items)} lines{size}, over {len(sessions)} sessions, each its share?\n"
    confirm = Confirm("Spread", text + _names(panel, sessions), "Deal")
    panel.app.push_screen(confirm, lambda yes: panel.work(send, "dealing…") if yes else None)


def _ask_own(panel: Primed, sessions: tuple[str, ...]) -> None:
    prime = panel.prime

    async def send(_: str, prime: Prime) -> None:
        from secrets import randbits

        answers = await panel.client.call(
            "priming.each",
            sessions=list(sessions),
            kind=prime.kind,
            seed=randbits(32) if prime.seed is None else prime.seed,
            params=prime.given,
            wishes=prime.wishes,
        )
        panel.deck.say(_told(panel, answers))

    text = (
        f"Draw {prime.kind} for {len(sessions)} sessions, each from a seed of its own; each "
        "session's model reads its draw, and what it ticks is sent?\n"
    )
    confirm = Confirm("Spread", text + _names(panel, sessions), "Prime them")
    told = "each session's model reads a draw of its own…"
    panel.app.push_screen(confirm, lambda yes: panel.work(send, told) if yes else None)


def _told(panel: Primed, answers: list[SessionPrimed]) -> str:
    failed = [a for a in answers if a.get("error")]
    told = f"{len(answers) - len(failed)} of {len(answers)} sessions primed"
    if failed:
        told += f"; {panel.deck.model.name_of(failed[0]['session'])}: {failed[0]['error']}"
    return told
