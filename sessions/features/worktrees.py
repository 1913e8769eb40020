"""Worktrees in a session: made before it, set up before its first turn, gone with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sessions.api.worktrees import Pruned
from sessions.errors import AgentdeckError, UsageError
from sessions.features import worktree_recovery
from sessions.features.feature import Feature
from sessions.features.landing import Landings
from sessions.features.reviewing import Reviews
from sessions.record import events as ev
from sessions.record.names import name_of
from sessions.record.summary import Summary
from sessions.record.summary_parts import WorktreeOf
from sessions.worktrees import listing, make, remove, review, snapshot, step_journal
from sessions.worktrees.repository import Base
from sessions.worktrees.step_journal import Step, begun

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.parts import NewSession
    from sessions.runtime.session import Session
    from sessions.worktrees.make import Worktree
    from sessions.worktrees.repository import Repository

log = logging.getLogger("agentdeck.worktrees")

T = TypeVar("T")

_FAILED = "The command that makes this worktree ready failed ({how}): {command}\n{output}"
_MOVED = (
    "This session is a fork. From now on it works in a worktree of its own, {here}, which holds "
    "all that was in {there}; that one belongs to another session now: leave it alone."
)
_READ_ONLY = "the session may only read"


class Worktrees(Feature):
    """The worktrees of a deck's sessions."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        # Git may take seconds: it waits for none of the threads that everything else needs.
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="git")
        self._setups: dict[str, asyncio.Task[None]] = {}
        self._making: set[str] = set()
        """Folders whose sessions have no record yet: they are no orphans."""
        self._made: dict[str, Worktree] = {}
        """Worktrees by the id of a session that is being made."""
        self.landings = Landings(deck, self)
        self.reviews = Reviews(deck, self)

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run what calls git, in a thread of its own pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    async def recover(self) -> None:
        """Landings that the end of an engine cut off are completed, or taken back."""
        await self.landings.recover()
        await worktree_recovery.recover(self._deck, self)

    # -- a session's life

    async def prepare(self, new: NewSession) -> None:
        """A worktree for a session that is about to be, where one is wished.

        Raises UsageError where there can be none, GitFault where git refuses.
        """
        tree = None
        if new.parent is not None:
            tree = await self._fork(new.parent, new.id, new.title)
        elif new.worktree:
            tree = await self._make(new)
        if tree is not None:
            self._made[new.id] = tree
            new.folder = tree.cwd

    async def _make(self, new: NewSession) -> Worktree:
        if new.backend.capabilities.elsewhere:
            raise UsageError(
                "This backend works on another machine, where no worktree can be made from here.",
                "Make one there, or do without.",
            )
        trees = self._deck.places.worktrees
        wanted = await self.run(
            make.plan, trees, new.folder, new.id, new.title or new.about, new.base
        )
        return await self._added(wanted, make.add, wanted, self._deck.config.worktrees.copy)

    async def _added(
        self, wanted: Worktree, work: Callable[..., Worktree], *given: Any
    ) -> Worktree:  # fmt: skip
        """Add it by `work`, with a note of it until it is there."""
        step = Step(
            "add", str(wanted.path), str(wanted.repository.common), wanted.branch,
            wanted.session, wanted.base.commit,
        )  # fmt: skip
        self._making.add(str(wanted.path))
        try:
            await self.run(listing.remember, self._deck.places.worktrees, wanted.repository.common)
            with begun(self._deck.places.worktree_steps, step):
                return await self.run(work, *given)
        except BaseException:
            self._making.discard(str(wanted.path))
            raise

    async def _fork(self, parent: Session, session_id: str, title: str) -> Worktree | None:
        """One for a fork: all that is in its parent's now, committed or not."""
        told = parent.summary.worktree
        if told is None or "kept" in told or not Path(parent.summary.cwd).is_dir():
            return None
        root = self._deck.places.worktrees
        name = title or f"{parent.summary.title or parent.summary.about} fork"
        base = Base(told["base"], told["base_ref"])
        copy = self._deck.config.worktrees.copy
        folder = Path(parent.summary.cwd)
        wanted = await self.run(make.plan, root, folder, session_id, name)
        return await self._added(wanted, make.fork, wanted, folder, base, copy)

    async def forked(self, parent: Session, session: Session) -> None:
        """Tell a fork's model that it works elsewhere than its past says."""
        if (tree := self._made.pop(session.id, None)) is None:
            return
        await self._begin(session, tree)
        text = _MOVED.format(here=session.summary.cwd, there=parent.summary.cwd)
        session.prepared.append({"kind": "worktree", "text": text})

    async def unmade(self, new: NewSession) -> None:
        """Take one away for which there will be no session."""
        if (tree := self._made.pop(new.id, None)) is None:
            return
        self._making.discard(str(tree.path))
        await self.run(
            remove.take_away, tree.repository.at, tree.path, tree.branch, tree.base.commit
        )

    async def created(self, session: Session, new: NewSession) -> None:
        """A session has its worktree: it is recorded, and made ready behind."""
        if (tree := self._made.pop(session.id, None)) is not None:
            await self._begin(session, tree)

    async def adopt(
        self, session: Session, repository: Repository, branch: str, base: str
    ) -> Worktree:
        """A worktree for a session whose branch came from elsewhere, as `agentdeck` makes them."""
        root = self._deck.places.worktrees
        wanted = make.of_branch(root, repository, session.id, branch, Base(base))
        made = await self._added(wanted, make.take_on, wanted)
        await session.recorder.emit_synced(made.event())
        self._making.discard(str(made.path))
        return made

    async def _begin(self, session: Session, tree: Worktree) -> None:
        await session.recorder.emit_synced(tree.event())
        self._making.discard(str(tree.path))
        if self._deck.config.worktrees.setup:
            task = asyncio.get_running_loop().create_task(self._set_up(session))
            self._setups[session.id] = task

    async def before_turn(self, session: Session) -> str:
        """Wait until a session's worktree is made ready; an interrupt ends the waiting alone."""
        if (task := self._setups.get(session.id)) is not None:
            await asyncio.shield(task)
        return ""

    async def removed(self, session: Session) -> None:
        """A session is deleted: its worktree goes with it, unless it holds something."""
        if (task := self._setups.pop(session.id, None)) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        tree = review.own(session.summary)
        if tree is None or "kept" in tree:
            return
        if not review.is_ours(tree, self._deck.places.worktrees):
            return
        try:
            told = await self.run(self._remove, session.summary, tree, await self.others(session))
        except AgentdeckError as error:
            told = f"The worktree {tree['path']} of a deleted session is still there. {error}"
        if told:
            self._deck.notice("worktree", told)

    async def others(self, session: Session) -> list[str]:
        """Sessions that work in this one's worktree too."""
        tree = session.summary.worktree
        assert tree is not None
        path = Path(tree["path"])
        rest = [s for s in await self._deck.all_summaries() if s.id != session.id]
        return [s.title or s.id for s in rest if Path(s.cwd).is_relative_to(path)]

    def _remove(self, summary: Summary, tree: WorktreeOf, others: list[str]) -> str:
        path, common = Path(tree["path"]), Path(tree["repository"])
        if others:
            return f"The worktree {path} was left: {', '.join(others[:3])} works there too."
        if not common.is_dir() or not path.is_dir():
            return ""
        if not snapshot.nowhere_else(path, summary.branch):
            step_journal.take_away(self._deck.places.worktree_steps, common, path, summary.branch)
            return ""
        step = Step("discard", str(path), str(common), summary.branch, summary.id)
        with begun(self._deck.places.worktree_steps, step):
            found = snapshot.put_away(
                common, path, summary.id, summary.branch, tree["base"], tree["base_ref"],
                name_of(summary),
            )  # fmt: skip
        return f"What the worktree of the deleted session held is kept: {found.ref}."

    async def prune(self, *, orphans: bool, kept: bool) -> Pruned:
        """Remove what nobody misses; what `worktrees prune --json` prints."""
        root = self._deck.places.worktrees
        summaries = await self._deck.all_summaries()
        notes = self._deck.places.worktree_steps
        found = await self.run(lambda: listing.rows(root, summaries, notes))
        found = [row for row in found if row.path not in self._making]
        gone, left = await self.run(
            lambda: listing.prune(root, found, notes, orphans=orphans, kept=kept)
        )
        return {"removed": [r.to_json() for r in gone], "left": [r.to_json() for r in left]}

    async def close(self) -> None:
        """End what is being made ready."""
        tasks = list(self._setups.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pool.shutdown(wait=False)

    # -- making ready

    async def _set_up(self, session: Session) -> None:
        try:
            await self._configured(session)
        except Exception:
            # The boundary of a worker: what is amiss here must not keep the session from turns.
            log.exception("setup of the worktree of %s", session.id)
        finally:
            self._setups.pop(session.id, None)

    async def _configured(self, session: Session) -> None:
        from sessions.features.tools import state_of
        from sessions.worktrees import setup

        wanted = self._deck.config.worktrees
        argv = list(wanted.setup)
        if session.summary.permission == "read-only":
            session.recorder.emit(ev.WorktreeSetup(argv=argv, ended=True, why=_READ_ONLY))
            return
        session.recorder.emit(ev.WorktreeSetup(argv=argv))
        state = state_of(self._deck, session)
        try:
            made = await setup.run(argv, state, wanted.setup_timeout_s)
        finally:
            await state.close()
        session.recorder.emit(
            ev.WorktreeSetup(
                argv=argv, ended=True, exit_code=made.code, output=made.output, why=made.why
            )
        )
        if not made.ok:
            how = made.why or f"exit code {made.code}"
            told_model = _FAILED.format(how=how, command=" ".join(argv), output=made.output)
            session.prepared.append({"kind": "worktree", "text": told_model})
