"""Answers and commands sent on to other sessions, now or when a session is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.terminals import GROUP as TERMINALS
from tui.commands.terminals import has_run, on_terminal
from tui.commands.turns import GROUP, can_repeat, has_session

if TYPE_CHECKING:
    from tui.deck.action_interfaces import HandsOn, SessionInHand


@action("send_answer", "Send this answer to …", group=GROUP, when=can_repeat)
async def send_answer(deck: HandsOn) -> None:
    """The session's last answer goes to tiles, to a new session, or to a task of a run."""
    await _hand(deck, "answer")


@action("send_command", "Send the last command to …", group=TERMINALS, when=has_run)
async def send_command(deck: HandsOn) -> None:
    """The terminal's last command, with its output, goes where an answer may go: as a quotation."""
    await _hand(deck, "command")


async def _hand(deck: HandsOn, what: str) -> None:
    from tui.screens.receivers import ask_words, pick_receivers

    session = deck.model.current or ""
    to = await pick_receivers(deck, f"Send this {what} to", session)
    words = await ask_words(deck) if to else None
    if words is None:
        return
    told = await deck.client.call("session.hand", session=session, to=to, words=words)
    faults = [each["error"] for each in told if each.get("error")]
    count = len(told) - len(faults)
    good = f"Sent to {count} of {len(told)}. " if count and len(told) > 1 else ""
    deck.say(f"{good}{' '.join(faults)}" if faults else f"The {what} was sent.")


def can_chain(deck: SessionInHand) -> bool:
    """The current tile is a session that answers."""
    return has_session(deck) and not on_terminal(deck)


@action("when_done", "When done, send to …", group=GROUP, when=can_chain)
async def when_done(deck: HandsOn) -> None:
    """Its next answer goes there by itself, once; where that was chosen, it is taken back."""
    from tui.screens.dialogs import Confirm
    from tui.screens.receivers import ask_words, pick_receivers

    summary = deck.model.summary()
    if summary is None:
        return
    if summary.then:
        count = len(summary.then["to"])
        where = "one receiver" if count == 1 else f"{count} receivers"
        text = f"When it is done, its answer goes to {where}. Shall it not?"
        if await deck.app.push_screen_wait(Confirm("When done", text, "Nowhere then")):
            await deck.client.call("session.when_done", session=summary.id, to=[])
        return
    to = await pick_receivers(deck, "When done, send to", summary.id)
    words = await ask_words(deck) if to else None
    if words is not None:
        await deck.client.call("session.when_done", session=summary.id, to=to, words=words)
