"""Commands of a session's branch."""

from __future__ import annotations

from sessions.api.worktrees import (
    BranchChecked,
    BroughtBack,
    ChangesCommitted,
    ChangesShown,
    Discarded,
    Fetched,
    GivenBack,
    Landed,
    MessageDrafted,
    NotLanded,
    PicturesShown,
    Pruned,
    Staged,
    TakenBack,
)
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.record.closed_sets import LandedHow


@command("worktree.land")
async def land(
    deck: Deck, session: str, onto: str = "", how: LandedHow = "rebase", message: str = "",
    check: bool = True, hand_over: bool = False,
) -> Landed | NotLanded:  # fmt: skip
    """Bring a session's branch into another; a conflict is an answer, not an error."""
    target, landings = await deck.get(session), deck.features.worktrees.landings
    if target.summary.host:
        there = await deck.features.carried.land(target, onto, how, message, check)
        if hand_over and not there["landed"]:
            there["handed"] = await deck.features.carried.hand_over(target, there)
        return there
    told: Landed | NotLanded = await landings.land(target, onto, how, message, check)
    if hand_over and not told["landed"]:
        told["handed"] = await landings.hand_over(target, told)
    return told


@command("worktree.fetch")
async def fetch(deck: Deck, session: str, message: str = "") -> Fetched:
    """Bring the branch of a session on another machine into the repository that it took along.

    `message`: of a commit of what is not committed over there.
    """
    return await deck.features.carried.fetch(await deck.get(session), message)


@command("worktree.discard")
async def discard(deck: Deck, session: str) -> Discarded:
    """Put a session's worktree away."""
    return await deck.features.worktrees.landings.discard(await deck.get(session))


@command("worktree.bring_back")
async def bring_back(deck: Deck, session: str) -> BroughtBack:
    """Bring back a worktree that was put away, as it was."""
    return await deck.features.worktrees.landings.bring_back(await deck.get(session))


@command("worktree.diff")
async def diff(
    deck: Deck, session: str, fold_space: bool = False, context: int = 3
) -> ChangesShown:
    """All that a session changed against its base, by file and hunk."""
    target = await deck.get(session)
    lines = min(max(context, 0), 1000)
    return await deck.features.worktrees.reviews.diff(target, fold_space=fold_space, context=lines)


@command("worktree.pictures")
async def pictures(deck: Deck, session: str, paths: list[str]) -> PicturesShown:
    """Pictures that a session changed, before and after."""
    target = await deck.get(session)
    return await deck.features.worktrees.reviews.pictures(target, paths)


@command("worktree.take_back")
async def take_back(deck: Deck, session: str, path: str, hunk: str = "") -> TakenBack:
    """Take a hunk, or all of a file, back to what it was at the base."""
    target = await deck.get(session)
    return await deck.features.worktrees.reviews.take_back(target, path, hunk)


@command("worktree.give_back")
async def give_back(deck: Deck, session: str) -> GivenBack:
    """Undo the last taking back."""
    return await deck.features.worktrees.reviews.give_back(await deck.get(session))


@command("worktree.stage")
async def stage(
    deck: Deck, session: str, path: str, hunk: str = "", undo: bool = False
) -> Staged:  # fmt: skip
    """Put a hunk, or all of a file, into git's index, or take it out of it."""
    target = await deck.get(session)
    return await deck.features.worktrees.reviews.stage(target, path, hunk, undo=undo)


@command("worktree.commit")
async def commit(
    deck: Deck, session: str, message: str, paths: list[str] | None = None, staged: bool = False
) -> ChangesCommitted:
    """Commit what is not committed of a session, some files of it, or what is staged."""
    target, reviews = await deck.get(session), deck.features.worktrees.reviews
    return await reviews.commit(target, message, paths or [], staged=staged)


@command("worktree.draft")
async def draft(deck: Deck, session: str) -> MessageDrafted:
    """A message for a commit, by the session's model."""
    return await deck.features.worktrees.reviews.draft(await deck.get(session))


@command("worktree.check")
async def check(deck: Deck, session: str) -> BranchChecked:
    """Run the configured check in the session's folder."""
    return await deck.features.worktrees.reviews.check(await deck.get(session))


@command("worktree.prune")
async def prune(deck: Deck, orphans: bool = False, kept: bool = False) -> Pruned:
    """Remove worktrees that nobody misses; with `kept`, what was discarded goes for good."""
    return await deck.features.worktrees.prune(orphans=orphans, kept=kept)
