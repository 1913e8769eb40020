"""Sessions that a session starts by itself, one level deep, within what it may do and take."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sessions.archive.order import started_by
from sessions.errors import AgentdeckError, UsageError
from sessions.features.feature import Feature
from sessions.plans import watch
from sessions.plans.watch import Watch
from sessions.record.closed_sets import PERMISSIONS, WENT_THROUGH
from sessions.record.event_parts import ResultFacts
from sessions.record.summary import Summary
from sessions.record.summary_parts import OwnBudget
from sessions.runtime import budget
from sessions.safety.sanitise import clean_line
from sessions.tools.base import Outcome, Tool
from sessions.tools.task import TaskTool, Wanted

if TYPE_CHECKING:
    from sessions.features.interfaces import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

AT_ONCE = 8
"""Of one deck. They take no place of the deck's: those who wait for them hold one each."""
_STALL_S = 900.0


class SubSessions(Feature):
    """The sub-sessions of a deck."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self._deck = deck
        self._others = others
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._of: dict[str, dict[str, Summary]] = {}
        """Each parent's children, as they were last."""

    def tools(self, session: Session) -> Sequence[Tool]:
        """The tool that starts them; none for a sub-session, and where a profile has it off."""
        profile = self._deck.config.profiles.get(session.summary.profile)
        if self.parent_of(session) or (profile is not None and not profile.subsessions):
            return ()
        return [TaskTool(partial(self.run, session))]

    @staticmethod
    def parent_of(session: Session) -> str:
        """The session that started this one, "" if none did."""
        return started_by(session.summary.parent)

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        """What a sub-session holds while its turn runs."""
        return self._slots if self.parent_of(session) else None

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""
        return self.exceeded(session)

    def exceeded(self, session: Session) -> str:
        """Why a session and its sub-sessions may take no more together, or ""."""
        parent = self.parent_of(session) or session.id
        children = self._of.get(parent)
        if not children:
            return ""
        mine = self._deck.sessions.get(parent)
        own = mine.summary.budget if mine else OwnBudget()
        whole = budget.of_session(self._deck.config.limits, own)
        family = [*children.values(), *([mine.summary] if mine else [])]
        return budget.family_exceeded(family, budget.Budget(whole.usd, whole.tokens))

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self._of.pop(session.id, None)

    async def run(self, parent: Session, wanted: Wanted) -> Outcome:
        """Run a sub-session to its end; the answer, never the transcript. Raises AgentdeckError."""
        if why := self.exceeded(parent):
            raise UsageError(f"No sub-session may start: {why}.", "Go on without one.")
        child = await self._make(parent, wanted)
        self._of.setdefault(parent.id, {})[child.id] = child.summary
        watched = Watch(child, lambda _: None, lambda: None, lambda: None)
        try:
            ended = await watched.turn(wanted.prompt, _STALL_S)
        except asyncio.CancelledError:
            await child.interrupt("The session that started this one was interrupted.")
            raise
        finally:
            watched.close()
            self._others.plans.counted(parent.id, child)
        answer = watch.answer(watch.events_of(child))
        tokens = sum(child.summary.tokens.values())
        data: ResultFacts = {"session": child.id, "tokens": tokens}
        if ended.reason not in WENT_THROUGH:
            error = watched.error.message if watched.error else ended.detail or ended.reason
            return Outcome(
                f"The sub-session {child.id} failed: {error}\n{answer}".strip(), "error", data=data
            )
        await child.set({"closed": True})
        await self._deck.put_down(child)
        return Outcome(answer or "(it said nothing)", data=data)

    async def _make(self, parent: Session, wanted: Wanted) -> Session:
        """The session, with no more rights than its parent."""
        own = parent.summary
        choice = self._deck.config.choose(
            profile=wanted.profile or own.profile,
            backend="" if wanted.profile else own.backend,
            model="" if wanted.profile else own.model,
        )
        allowed = choice.permission if wanted.profile else own.permission
        permission = min(allowed, own.permission, key=PERMISSIONS.index)
        try:
            return await self._deck.create(
                profile=choice.profile, backend=choice.backend, model=choice.model, cwd=own.cwd,
                title=clean_line(wanted.title)[:80], permission=permission,
                skills=dict.fromkeys(wanted.skills, "on"), worktree=False, strict=True,
                parent={"id": parent.id, "seq": 0, "call": wanted.call},
            )  # fmt: skip
        except AgentdeckError as error:
            raise UsageError(f"The sub-session can't be made: {error}") from error
