"""Steps on worktrees that the end of an engine cut off: completed or taken back, and told."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.worktrees import snapshot, step_journal
from skills import private_files

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.worktrees.step_journal import Step

log = logging.getLogger("agentdeck.worktrees")


async def recover(deck: Deck, trees: Trees) -> None:
    """Take up what is noted there."""
    for note, step in await trees.run(step_journal.left, deck.places.worktree_steps):
        session = await _session(deck, step)
        tree = session.summary.worktree if session else None
        owned = tree is not None and (tree["session"], tree["path"]) == (step.session, step.path)
        mend = partial(step_journal.mend, step, deck.places.worktrees, owned=owned)
        try:
            outcome, words = await trees.run(mend)
        except AgentdeckError as error:
            outcome = ""
            words = f"A step on {step.path} was cut off, and can't be taken up: {error}"
        if words:
            log.warning("%s", words)
            deck.notice("worktree", words)
        if session is not None:
            await _record(session, step, outcome, words)
        elif words:  # no record to stand in: `worktrees list` tells it until it is pruned
            private_files.write(note.with_suffix(".said"), words)
        note.unlink(missing_ok=True)


async def _session(deck: Deck, step: Step) -> Session | None:
    try:
        return await deck.get(step.session) if step.session else None
    except AgentdeckError:
        return None


async def _record(session: Session, step: Step, outcome: str, words: str) -> None:
    tree = session.summary.worktree
    kept = tree is not None and "kept" in tree
    if outcome == "discarded" and not kept:
        ref = snapshot.REFS + session.id
        event = ev.WorktreeDiscarded(ref=ref, commit="", branch=step.branch, path=step.path)
        await session.recorder.emit_synced(event)
    elif outcome == "restored" and kept:
        restored = ev.WorktreeRestored(branch=step.branch, path=step.path, commit="")
        await session.recorder.emit_synced(restored)
    if words:
        session.recorder.emit(ev.Error(kind="worktree", message=words))
