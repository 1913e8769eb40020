"""Commands of a session's branch."""

from __future__ import annotations

from sessions.engine.commands import command
from sessions.record import events as ev
from sessions.runtime.deck import Deck


@command("worktree.land")
async def land(
    deck: Deck, session: str, onto: str = "", how: str = "rebase", message: str = "",
    check: bool = True, hand_over: bool = False,
) -> ev.JSON:  # fmt: skip
    """Bring a session's branch into another; a conflict is an answer, not an error."""
    target, landings = await deck.get(session), deck.features.worktrees.landings
    told = await landings.land(target, onto, how, message, check)
    if hand_over and not told["landed"]:
        told["handed"] = await landings.hand_over(target, told)
    return told


@command("worktree.discard")
async def discard(deck: Deck, session: str, undo: bool = False) -> ev.JSON:
    """Put a session's worktree away, or bring it back."""
    target, landings = await deck.get(session), deck.features.worktrees.landings
    return await (landings.bring_back(target) if undo else landings.discard(target))


@command("worktree.commit")
async def commit(
    deck: Deck, session: str, message: str, paths: list[str] | None = None
) -> ev.JSON:  # fmt: skip
    """Commit what is not committed in a session's worktree."""
    target = await deck.get(session)
    return await deck.features.worktrees.landings.commit(target, message, paths)


@command("worktree.prune")
async def prune(deck: Deck, orphans: bool = False, kept: bool = False) -> ev.JSON:
    """Remove worktrees that nobody misses; with `kept`, what was discarded goes for good."""
    return await deck.features.worktrees.prune(orphans=orphans, kept=kept)
