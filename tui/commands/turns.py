"""Actions on turns: interrupt, again, undo, queue, broadcast, requests, model, permission."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from sessions.record.closed_sets import QueueMode
from tui.actions import action
from tui.commands.sessions import connected, has_session
from tui.deck.sending import along
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from tui.deck.action_interfaces import (
        AnswersRequest,
        Broadcasts,
        ChangesQueue,
        Edits,
        Escapes,
        Interrupts,
        OpensInbox,
        SeesDraft,
        SendsNext,
        SessionInHand,
        Steers,
        Talks,
    )
    from tui.deck.interfaces import ForLooking, ForPicking, HasComposer, HasModel, HasTile

GROUP = "Turns"
TWICE_WITHIN_S = 3.0
BACK_WITHIN_S = 1.0


def working(deck: SessionInHand) -> bool:
    """A turn of the current session runs."""
    summary = deck.model.summary()
    return summary is not None and summary.status in ("working", "needs-you") and deck.link.up


def waits(deck: SessionInHand) -> bool:
    """The current session goes on by itself when a limit ends."""
    summary = deck.model.summary()
    return summary is not None and bool(summary.resume_at) and deck.link.up


def can_escape(deck: Escapes) -> bool:
    """Something is there that esc ends, or that it goes back to when it is pressed twice."""
    return bool(escape_word(deck)) or can_go_back(deck)


def can_go_back(deck: SeesDraft) -> bool:
    """Nothing runs, nothing is written, and there are turns to go back to."""
    return can_repeat(deck) and not working(deck) and not deck.composer.text.strip()


def would_lose(deck: HasModel) -> str:
    """What an interrupt would lose: a tool that runs, a request that waits; "" if nothing.

    Text that arrived is kept in any case, and a retry's waiting loses nothing.
    """
    summary = deck.model.summary()
    if summary is None:
        return ""
    if summary.resume_at:
        return "It goes on by itself when the limit ends"
    if summary.asks:
        return f"{one_line(summary.asks[0]['tool'] or 'a tool')} waits for your answer"
    live = deck.model.live.get(summary.id)
    blocks = live.transcript.blocks if live else []
    for block in reversed(blocks):
        if block.kind == "tool" and block.open:
            name = one_line(str(block.data.get("title") or block.data.get("name", "a tool")))
            return f"{clip(name, 40)} is running"
        if block.kind == "user":
            break
    return ""


def escape_word(deck: Escapes) -> str:
    """What esc ends now: a turn, or else a broadcast, an edit, a focus elsewhere."""
    if deck.tour.shown:
        return "skip the tour"
    if deck.sender.many or deck.sender.editing:
        return "back"
    if working(deck) or waits(deck):
        return "interrupt"
    return "back" if deck.focused is not deck.composer else ""


@action("interrupt", "Interrupt", keys=("escape",), group=GROUP, footer=escape_word,
        when=can_escape, order=5, priority=False)  # fmt: skip
async def interrupt(deck: Interrupts) -> None:
    """End the running turn; twice when it would lose work. When none runs, twice lists turns."""
    sender = deck.sender
    if deck.tour.shown:
        deck.tour.end()
        deck.redraw()
        return
    if sender.many:
        sender.aim(())
        return
    if sender.editing:
        sender.editing = None
        deck.composer.clear_draft()
        deck.redraw()
        return
    summary = deck.model.summary()
    if summary is None:
        deck.composer.focus()
        return
    asked, deck.model.interrupting = deck.model.interrupting, None
    again = asked is not None and asked[0] == summary.id and monotonic() < asked[1]
    if not working(deck) and not waits(deck):
        if deck.focused is not deck.composer:
            deck.composer.focus()
        elif again:
            deck.start("turns")
        else:
            deck.model.interrupting = (summary.id, monotonic() + BACK_WITHIN_S)
        return
    loss = would_lose(deck)
    if loss and not again:
        deck.model.interrupting = (summary.id, monotonic() + TWICE_WITHIN_S)
        deck.app.notify(
            f"{loss}: press esc once more to interrupt.",
            severity="warning",
            markup=False,
            timeout=TWICE_WITHIN_S,
        )
        return
    await deck.client.call("session.interrupt", session=summary.id)


def can_repeat(deck: SessionInHand) -> bool:
    """There is a turn that can be asked again or undone."""
    summary = deck.model.summary()
    return has_session(deck) and summary is not None and summary.turns > 0


@action("again", "Ask again", keys=("alt+a",), group=GROUP, when=can_repeat)
async def again(deck: ForLooking) -> None:
    """Send the last message once more, as a new turn."""
    await deck.client.call("session.again", session=deck.model.current or "")


def has_queue(deck: SessionInHand) -> bool:
    """Messages wait in the current session."""
    summary = deck.model.summary()
    return has_session(deck) and summary is not None and bool(summary.queue)


@action("queue", "Queued messages", keys=("alt+q",), group=GROUP, footer="queue", when=has_queue,
        order=8)  # fmt: skip
async def queue(deck: ChangesQueue) -> None:
    """See, edit, reorder, drop what waits; or hand it to the running turn now."""
    from tui.screens.queue import Queue

    session = deck.model.current
    if session is None:
        return
    edit = await deck.app.push_screen_wait(Queue(deck, session))
    if edit:
        there = deck.model.summaries.get(session)  # it may have been deleted meanwhile
        item = next((i for i in there.queue if i.get("id") == edit), None) if there else None
        if item is not None:
            from tui.deck.memory import Draft

            deck.sender.editing = (session, edit)
            deck.composer.restore(Draft(str(item.get("text", ""))))
            deck.composer.focus()
            deck.redraw()


def stuck(deck: SendsNext) -> bool:
    """Messages wait, no turn runs that would take them, and the composer is empty."""
    return (
        has_queue(deck)
        and not working(deck)
        and deck.focused is deck.composer
        and not deck.composer.text
        and len(deck.sender.targets()) == 1
        and deck.sender.editing is None
    )


@action("send_next", "Send the next that waits", keys=("enter",), group=GROUP, footer="send next",
        when=stuck, order=4, priority=False)  # fmt: skip
async def send_next(deck: ForLooking) -> None:
    """After an interrupt or a pause: enter in the empty composer sends the next queued message."""
    await deck.client.call("session.next", session=deck.model.current or "")


def can_steer(deck: SeesDraft) -> bool:
    """A turn runs and there is something to tell it."""
    return working(deck) and bool(deck.composer.text.strip())


def steer_word(deck: HasModel) -> str:
    """Nothing where the session's agent takes no word within a turn: enter queues it."""
    return "" if deck.model.why_not("steer") else "steer now"


@action("steer", "Steer now", keys=("alt+g", "ctrl+g"), group=GROUP, footer=steer_word,
        when=can_steer, order=6)  # fmt: skip
async def steer(deck: Steers) -> None:
    """Hand the message to the running turn, at its next step, instead of queueing it."""
    text, files = deck.composer.expanded(), deck.composer.files
    if not (text.strip() or files) or deck.model.current is None:
        return
    mode: QueueMode = "steer"
    if why := deck.model.why_not("steer"):
        deck.say(why)
        mode = "queue"
    session = deck.model.current
    await deck.client.call("session.send", session=session, text=text, mode=mode, **along(files))
    deck.memory.sent(text)
    deck.composer.past = deck.memory.history
    deck.composer.clear_draft()


def can_broadcast(deck: SessionInHand) -> bool:
    """There is more than one tile."""
    return connected(deck) and len(deck.model.order) > 1


@action("broadcast", "Broadcast", keys=("ctrl+b", "alt+m"), group=GROUP, footer="broadcast",
        when=can_broadcast, order=30)  # fmt: skip
async def broadcast(deck: Broadcasts) -> None:
    """Choose tiles; the next message goes to all of them, after a last question."""
    from tui.screens.session_list import pick_tiles

    chosen = await pick_tiles(deck, "Broadcast to", set(deck.sender.targets()))
    if chosen is not None:
        deck.sender.aim(chosen if len(chosen) > 1 else ())
        if len(chosen) == 1:
            deck.go(chosen[0])


def _inbox_word(deck: HasModel) -> str:
    return "inbox" if deck.model.needing() or deck.model.waiting() else ""


@action("inbox", "Inbox", keys=("f8", "alt+w"), group=GROUP, footer=_inbox_word, when=connected,
        order=3)  # fmt: skip
async def inbox(deck: OpensInbox) -> None:
    """All that wants you: questions, failures, limits, ends, skills, dreams; answered in place."""
    from tui.screens.inbox import InboxScreen

    session = await deck.app.push_screen_wait(InboxScreen(deck))
    if session:
        deck.go(session)
        deck.call_after_refresh(focus_request, deck)


def focus_request(deck: HasTile) -> None:
    """Put the focus on the current tile's request, if it has one."""
    tile = deck.tile
    box = tile.answerable() if tile is not None else None
    if box is not None:
        box.focus()


def can_answer(deck: AnswersRequest) -> bool:
    """The current tile asks something, and the focus is not there yet."""
    summary = deck.model.summary()
    if summary is None or not summary.asks:
        return False
    box = deck.tile.answerable() if deck.tile is not None else None
    return box is None or deck.focused is not box


@action("answer", "Answer the request", keys=("ctrl+y", "alt+y"), group=GROUP, footer="answer",
        when=can_answer, order=2)  # fmt: skip
async def answer(deck: HasTile) -> None:
    """Go to the current tile's permission request."""
    focus_request(deck)


@action("model", "Change the model", group=GROUP, when=has_session)
async def model(deck: ForPicking) -> None:
    """Choose another model of the session's backend, from its next turn on."""
    from tui.screens.session_list import pick_model

    summary = deck.model.summary()
    if summary is None:
        return
    chosen = await pick_model(deck, summary.backend, summary.model, summary.host)
    if chosen and chosen != summary.model:
        await deck.client.call("session.set", session=summary.id, changes={"model": chosen})


@action("other_backend", "Go on with another backend", group=GROUP, when=has_session)
async def other_backend(deck: ForPicking) -> None:
    """Choose what answers the session from its next turn on; its past goes along."""
    from tui.screens.agents import pick_backend

    summary = deck.model.summary()
    if summary is None:
        return
    chosen = await pick_backend(deck, "Go on with", now=summary.backend)
    if chosen and chosen != summary.backend:
        await deck.client.call("session.set", session=summary.id, changes={"backend": chosen})


@action("compact", "Compact the conversation", group=GROUP, when=can_repeat)
async def compact(deck: ForPicking) -> None:
    """Let the model go on from a summary; the record keeps everything."""
    from tui.screens.dialogs import Confirm

    session = deck.model.current or ""
    told = await deck.client.call("session.compaction", session=session)
    usd = f", about ${told['usd']:.2f}" if told["usd"] is not None else ""
    text = f"The model reads about {told['tokens']:,} tokens{usd}, and writes a summary of them."
    if await deck.app.push_screen_wait(Confirm("Compact the conversation?", text, "Compact")):
        await deck.client.call("session.compact", session=session)


@action("editor", "Write in your editor", keys=("alt+h",), group=GROUP)
async def editor(deck: Edits) -> None:
    """The message goes to $EDITOR, what is pasted in full, and comes back when that is closed."""
    from sessions.paths import places, private_folder
    from tui.deck.composer import LARGE_PASTE_CHARS
    from tui.deck.memory import Draft
    from tui.terminal.editor import edit_text

    composer = deck.composer
    text = edit_text(deck.app, composer.expanded(), private_folder(places().run))
    composer.clear_draft()
    if len(text) > LARGE_PASTE_CHARS:
        composer.paste(text)
    else:
        composer.restore(Draft(text))
    deck.to_composer()


def folded(deck: HasComposer) -> bool:
    """Something pasted is folded in the message."""
    return bool(deck.composer.draft.pastes)


@action("unfold_pastes", "Open what is pasted", group=GROUP, when=folded)
async def unfold_pastes(deck: HasComposer) -> None:
    """Show the pastes of the message in full, to be read and edited; undo folds them again."""
    deck.composer.unfold()


@action("shell_stop", "End my command", group=GROUP, when=has_session)
async def shell_stop(deck: Talks) -> None:
    """End what you began with ! in this session; what it printed until then is kept."""
    ended = await deck.client.call("session.shell_stop", session=deck.model.current or "")
    if not ended:
        deck.say("No command of yours runs here.")


@action("resume", "Go on after a pause", group=GROUP, when=has_session)
async def resume(deck: ForLooking) -> None:
    """Lift a pause (a limit, a quota), so that what waits is sent."""
    await deck.client.call("session.set", session=deck.model.current or "", changes={"paused": ""})
