"""Branches of sessions landed and put away: one after another in a repository, and told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.answers import Sent
from sessions.api.worktrees import BroughtBack, ConflictShown, Discarded, Landed, NotLanded
from sessions.errors import AgentdeckError, UsageError
from sessions.paths import private_folder
from sessions.record import events as ev
from sessions.record.closed_sets import LandedHow
from sessions.record.names import name_of
from sessions.record.summary_parts import WorktreeOf
from sessions.tools.git import says
from sessions.worktrees import land, review, snapshot
from sessions.worktrees.land import Conflicts, Landing, LandingConflict
from sessions.worktrees.step_journal import Step, begun
from skills import private_files

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.worktrees")

_TELL = """\
Landing your branch {branch} on {onto} conflicts:
{conflicts}
Mend it: in your working directory run `git rebase {onto}`, solve each conflict so that what \
both sides meant is kept, `git add` the files, `git rebase --continue` (with GIT_EDITOR=true), and \
check that it works. Change nothing else, and leave {onto} itself alone."""
_CUT = (
    "The landing of {branch} on {onto} was cut off before {onto} was moved: nothing was changed. "
    "Land it again."
)
_DONE = "The landing of {branch} on {onto} was cut off after {onto} had moved; it is complete now."


class Landings:
    """Lands, discards and brings back. One thing at a time in each repository."""

    def __init__(self, deck: Deck, trees: Trees) -> None:
        self._deck = deck
        self._trees = trees
        self._locks: dict[str, asyncio.Lock] = {}
        self._folder = deck.places.landings

    def alone(self, repository: str) -> asyncio.Lock:
        """Held while a branch of that repository (its git folder) is landed or put away."""
        return self._locks.setdefault(repository, asyncio.Lock())

    def _mine(self, session: Session) -> WorktreeOf:
        """The session's own worktree. Raises UsageError where there is none, or a turn runs."""
        tree = review.own(session.summary)
        if tree is None:
            raise UsageError(
                f"Session {session.id} has no worktree of its own.",
                "One is made with `run --worktree`, or by the tick in the new-session form.",
            )
        if not review.is_ours(tree, self._deck.places.worktrees):
            raise UsageError(
                f"{tree['path']} is no worktree of agentdeck's, whatever the record says.",
                "Work on it with git itself.",
            )
        if session.working:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        return tree

    # -- land

    async def land(
        self, session: Session, onto: str = "", how: LandedHow = "rebase", message: str = "",
        check: bool = True,
    ) -> Landed | NotLanded:  # fmt: skip
        """Land a session's branch; what `sessions land --json` prints.

        A conflict is an answer with `landed` false; every other fault raises AgentdeckError.
        """
        tree = self._mine(session)
        if "kept" in tree:
            raise UsageError("The worktree was discarded.", "Bring it back first: --undo.")
        target = target_of(onto, tree["base_ref"], how)
        async with self.alone(tree["repository"]):
            try:
                landing = await self._land(session, tree, target, how, message, check)
            except Conflicts as found:
                return not_landed(session.id, found, how)
        return landed(session.id, landing)

    async def _land(
        self,
        session: Session,
        tree: WorktreeOf,
        target: str,
        how: LandedHow,
        message: str,
        check: bool,
    ) -> Landing:
        path, branch, run = Path(tree["path"]), session.summary.branch, self._trees.run
        if message and path.is_dir() and await run(snapshot.dirty, path):
            await run(land.commit_all, path, message)
        title = name_of(session.summary)
        landing = await run(land.prepare, path, branch, target, how, message, title)
        note = await run(self._begin, session.id, landing)
        try:
            if check and self._deck.config.worktrees.check:
                await self._check(session, landing)
            await run(land.finish, landing)
        except BaseException:
            # Until the target has moved, all is as it was.
            if await run(says, path, "rev-parse", target) == landing.old:
                with contextlib.suppress(AgentdeckError):
                    await run(land.move, landing, landing.head)
            note.unlink(missing_ok=True)
            raise
        await self._landed(session, landing)
        note.unlink(missing_ok=True)
        return landing

    async def _landed(self, session: Session, landing: Landing) -> None:
        await session.recorder.emit_synced(
            ev.WorktreeLanded(
                onto=landing.target, how=landing.how, commit=landing.new, before=landing.old,
                commits=landing.commits,
            )
        )  # fmt: skip

    async def _check(self, session: Session, landing: Landing) -> None:
        """Run the configured check on what is about to be landed, in the session's worktree."""
        from sessions.features.tools import state_of
        from sessions.worktrees import setup

        wanted = self._deck.config.worktrees
        await self._trees.run(land.move, landing, landing.new)
        state = state_of(self._deck, session)
        try:
            made = await setup.run(wanted.check, state, wanted.check_timeout_s, "landing-check.txt")
        finally:
            await state.close()
        if not made.ok:
            how = made.why or f"exit code {made.code}"
            raise AgentdeckError(
                f"The check failed ({how}), so nothing was landed: {' '.join(wanted.check)}",
                made.output[-1500:].strip(),
            )

    def _begin(self, session: str, landing: Landing) -> Path:
        """Write down what is being done, for an engine that has to take it up."""
        note = private_folder(self._folder) / f"{session}.json"
        told = asdict(landing) | {"path": str(landing.path), "checkout": None}
        private_files.write(note, json.dumps(told))
        return note

    async def recover(self) -> None:
        """What an engine that was killed was landing is completed, or taken back, and told."""
        for note in sorted(self._folder.glob("*.json")):
            try:
                told = json.loads(note.read_text("utf-8"))
                landing = Landing(**told | {"path": Path(told["path"])})
                session = await self._deck.get(note.stem)
                now = await self._trees.run(says, landing.path, "rev-parse", landing.target)
                moved = now == landing.new
                await self._trees.run(land.move, landing, landing.new if moved else landing.head)
                if moved:
                    await self._landed(session, landing)
                else:  # nobody may be there yet to be told: it stands in the record
                    cut = _CUT.format(branch=landing.branch, onto=landing.onto)
                    session.recorder.emit(ev.Error(kind="landing", message=cut))
                words = (_DONE if moved else _CUT).format(branch=landing.branch, onto=landing.onto)
            except (AgentdeckError, OSError, ValueError, TypeError, KeyError) as error:
                words = f"A landing was cut off, and can't be taken up: {error}"
            log.warning("%s", words)
            self._deck.notice("worktree", words)
            note.unlink(missing_ok=True)

    async def hand_over(self, session: Session, told: NotLanded) -> Sent:
        """Let the session mend what conflicts; how its message went."""
        listed = "\n".join(f"- {c['path']} ({c['kind'] or 'both changed it'})"
                           for c in told["conflicts"])  # fmt: skip
        text = _TELL.format(branch=session.summary.branch, onto=told["onto"], conflicts=listed)
        return await session.send(text)

    # -- put away, and back

    async def discard(self, session: Session) -> Discarded:
        """Remove a session's worktree and branch; all that they held stays under a ref."""
        tree, summary = self._mine(session), session.summary
        if "kept" in tree:
            raise UsageError("The worktree was discarded already.", f"It is kept: {tree['kept']}.")
        path = Path(tree["path"])
        if not path.is_dir():
            raise UsageError(f"The worktree {path} is not there.")
        if others := await self._trees.others(session):
            raise UsageError(f"{', '.join(others[:3])} works in this worktree too.")
        step = Step("discard", str(path), tree["repository"], summary.branch, session.id)
        async with self.alone(tree["repository"]):
            await session.let_go()
            lost = await self._trees.run(snapshot.ignored, path)
            with begun(self._deck.places.worktree_steps, step):
                found = await self._trees.run(
                    snapshot.put_away, Path(tree["repository"]), path, session.id, summary.branch,
                    tree["base"], tree["base_ref"], name_of(summary),
                )  # fmt: skip
                await session.recorder.emit_synced(
                    ev.WorktreeDiscarded(ref=found.ref, commit=found.commit, branch=summary.branch,
                                         path=str(path), ignored=lost)
                )  # fmt: skip
        return {
            "id": session.id, "discarded": True, "ref": found.ref, "commit": found.commit,
            "branch": summary.branch, "path": str(path), "ignored": lost,
        }  # fmt: skip

    async def bring_back(self, session: Session) -> BroughtBack:
        """Undo a discard."""
        tree = self._mine(session)
        path = Path(tree["path"])
        branch = session.summary.branch
        step = Step("restore", str(path), tree["repository"], branch, session.id)
        async with self.alone(tree["repository"]):
            # A folder that is there already is no part of the step.
            notes = self._deck.places.worktree_steps
            taken = nullcontext() if path.exists() else begun(notes, step)
            with taken:
                found = await self._trees.run(
                    snapshot.restore, Path(tree["repository"]), session.id, path
                )
                await session.recorder.emit_synced(
                    ev.WorktreeRestored(branch=found.branch, path=str(path), commit=found.commit)
                )
        return {
            "id": session.id, "restored": True, "branch": found.branch, "path": found.path,
        }  # fmt: skip


def target_of(onto: str, began_at: str, how: LandedHow) -> str:
    """The branch into which is landed, as a ref. Raises UsageError: none, or no such way."""
    if how not in land.HOW:
        raise UsageError(f"Nothing is landed by {how!r}.", f"There are: {', '.join(land.HOW)}.")
    target = f"refs/heads/{onto.removeprefix('refs/heads/')}" if onto else began_at
    if not target:
        raise UsageError(
            "The session began at a commit, on no branch.", "Say where it lands: --onto BRANCH."
        )
    return target


def landed(session: str, landing: Landing) -> Landed:
    """What is told of a landing."""
    return {
        "id": session, "landed": True, "onto": landing.onto, "how": landing.how,
        "commit": landing.new, "before": landing.old, "commits": landing.commits,
    }  # fmt: skip


def not_landed(session: str, found: Conflicts, how: LandedHow) -> NotLanded:
    """What is told of one that is in the way of itself."""
    return {
        "id": session, "landed": False, "onto": found.onto, "how": how,
        "conflicts": [_shown(c) for c in found.found], "message": str(found),
    }  # fmt: skip


def _shown(conflict: LandingConflict) -> ConflictShown:
    return {"path": conflict.path, "kind": conflict.kind, "message": conflict.message}
