"""What is marked in a transcript, or copied out of it, is a sign for the harvest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.deck.tell_engine import tell_engine

if TYPE_CHECKING:
    from tui.deck.interfaces import ForMarking
    from tui.view.transcript_view import TranscriptView


def mark(deck: ForMarking, session: str, marked: TranscriptView.BlockMarked) -> None:
    """Tell the engine; who meant to mark it is told that it is done."""
    block = marked.block
    tell_engine(
        deck,
        session,
        lambda c: c.call(
            "harvest.mark",
            session=session,
            kind="code" if block.kind == "tool" else "text",
            text=marked.text,
            turn=block.turn or 0,
            seq=block.seq,
            copied=marked.copied,
        ),
    )
    if not marked.copied:
        deck.say("Marked for the harvest (F5)")
