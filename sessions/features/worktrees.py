"""Worktrees in a session: made before it, set up before its first turn, gone with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.worktrees import make

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.worktrees.make import Worktree

log = logging.getLogger("agentdeck.worktrees")

T = TypeVar("T")

_FAILED = "The command that makes this worktree ready failed ({how}): {command}\n{output}"
_READ_ONLY = "the session may only read"


class Worktrees:
    """The worktrees of a deck's sessions."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        # Git may take seconds: it waits for none of the threads that everything else needs.
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="git")
        self._setups: dict[str, asyncio.Task[None]] = {}

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run what calls git, in a thread of its own pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    # -- a session's life

    async def make(
        self, folder: Path, session_id: str, title: str, base: str, *, elsewhere: bool
    ) -> Worktree:
        """A worktree for a session that is about to be, whose folder was to be `folder`.

        Raises UsageError where there can be none, GitFault where git refuses.
        """
        if elsewhere:
            raise UsageError(
                "This backend works on another machine, where no worktree can be made from here.",
                "Make one there, or do without.",
            )
        trees = self._deck.places.worktrees
        wanted = await self.run(make.plan, trees, folder, session_id, title, base)
        return await self.run(make.add, wanted, self._deck.config.worktrees.copy)

    async def drop(self, tree: Worktree) -> None:
        """Take one away for which there will be no session."""
        await self.run(make.take_away, tree.repository.at, tree.path, tree.branch, tree.base.commit)

    async def begin(self, session: Session, tree: Worktree) -> None:
        """A session has its worktree: it is recorded, and made ready behind."""
        await session.recorder.emit_synced(tree.event())
        if self._deck.config.worktrees.setup:
            task = asyncio.get_running_loop().create_task(self._set_up(session))
            self._setups[session.id] = task

    async def ready(self, session: Session) -> None:
        """Wait until a session's worktree is made ready; an interrupt ends the waiting alone."""
        if (task := self._setups.get(session.id)) is not None:
            await asyncio.shield(task)

    async def removed(self, session: Session) -> None:
        """A session is deleted: its worktree goes with it, unless it holds something."""
        if (task := self._setups.pop(session.id, None)) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        tree = session.summary.worktree
        if not tree or tree["session"] != session.id:
            return
        try:
            left = await self.run(self._remove, tree, session.summary.branch)
        except AgentdeckError as error:
            left = f"it can't be removed: {error}"
        if left:
            told = f"The worktree {tree['path']} of a deleted session was left: {left}."
            self._deck.notice("worktree", told)

    def _remove(self, tree: ev.JSON, branch: str) -> str:
        path, common = Path(tree["path"]), Path(tree["repository"])
        if not common.is_dir():
            return "its repository is not there"
        if what := make.holds(path, tree["base"]):
            return f"it holds {what}"
        make.take_away(common, path, branch, tree["base"])
        return ""

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
        except asyncio.CancelledError:
            told = ev.WorktreeSetup(argv=argv, ended=True, why="it was ended with the engine")
            session.recorder.emit(told)
            raise
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
