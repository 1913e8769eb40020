"""One try of one task: a session from its making to the check's word, or to a fault.

It is a loop over turns that can be entered anywhere: what was done so far stands in the
session's journal and in the run's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.plans import check, placeholders, receipts, record, watch
from sessions.plans.fanout import FanoutItem
from sessions.plans.model import TryState
from sessions.plans.watch import Watch
from sessions.record import events as ev
from sessions.record.closed_sets import WENT_THROUGH, TaskNoteKind
from sessions.record.summary import ENGINE_ENDED, ENGINE_STOPPED
from sessions.remote.site_interface import Lost, Offline
from sessions.safety.sanitise import clean
from sessions.worktrees import review

if TYPE_CHECKING:
    from sessions.plans.interfaces import Trying
    from sessions.plans.state import Unit
    from sessions.runtime.session import Session

WAITED_OUT = frozenset({"rate_limit", "overloaded", "network"})
"""Faults that pass: the session waits, and goes on where it was."""
BREAKS = frozenset({"auth", "billing"})
"""Faults that every session of the credential would meet: a person must mend them."""
_ONCE_MORE = frozenset({"server", "truncated", "stalled", "protocol"})
_MOST_LOST, _MOST_LOST_S = 8, 60.0
_MOST_ANSWER = 200_000
_MOST_EVIDENCE = 4_000
_GO_ON = "The connection broke off. Go on where you stopped."
_NOBODY = "Nobody is there to answer during this run. Go on without it, or say what you lack."


@dataclass(frozen=True, slots=True)
class TryOutcome:
    """How a try ended, as `record.Ended` has it."""

    state: TryState
    why: str = ""
    answer: str = ""
    files: list[str] = field(default_factory=list)
    diff: str = ""
    counts: bool = True
    evidence: str = ""
    session: str = ""
    branch: str = ""
    commit: str = ""
    receipts: list[str] = field(default_factory=list)


class Attempt:
    """Runs one try of a unit of a run."""

    def __init__(self, runner: Trying, unit: Unit) -> None:
        self.runner = runner
        self.unit = unit
        self.task = runner.run.nodes[unit.node].task
        self.session: Session | None = None
        self.watch: Watch | None = None
        self._waits = 0
        self._once_more = 1
        self._stalls = 0
        self._critic_rounds = 0
        self._denied = ""
        self._limit: asyncio.Timeout | None = None

    async def run(self, *, resumed: bool) -> TryOutcome:
        """Run it to its end. `resumed`: it was begun by an engine that is no more."""
        try:
            async with asyncio.timeout(self.task.limits.minutes * 60 or None) as self._limit:
                return await self._run(resumed)
        except TimeoutError:
            why = f"its {self.task.limits.minutes:g} minutes were over"
            if self.session is not None:
                await self.session.interrupt(f"The run interrupted this turn: {why}.")
            return self._failed(why)
        except AgentdeckError as error:
            return self._failed(str(error))
        finally:
            if self.watch is not None:
                self.watch.close()

    async def _run(self, resumed: bool) -> TryOutcome:
        values = self.runner.values(self.unit, self.task)
        session = await self.runner.opened(self.unit) if resumed else None
        fresh = session is None
        if session is None:
            try:
                session = await self.runner.make_session(self.unit, self.task, values)
            except Offline as error:
                return await self._never_began(error)
            self._begin_clock()
        self.session = session
        self.watch = Watch(session, self._asked, self._answered, self._spent, self.runner.heard)
        if fresh or not session.messages:
            try:
                ended = await self._first(session, values)
            except Lost as error:
                if session.messages:
                    raise
                return await self._never_began(error)
        else:
            await self.runner.heard(session)
            self._spent()
            if session.summary.host and session.summary.open:
                ended = await self._after_far(session)
                return await self._through(session, ended, values)
            events = watch.events_of(session)
            last = watch.last_ended(events)
            if last is None or last.detail in (ENGINE_STOPPED, ENGINE_ENDED):
                return self._cut_off(events)
            ended = last
        return await self._through(session, ended, values)

    async def _never_began(self, error: Offline | Lost) -> TryOutcome:
        """The place of its session was lost before a word was said: nothing can have happened.

        It is tried again after a while, so often without counting.
        """
        lost = self.unit.attempt - self.unit.counted
        if lost > _MOST_LOST:
            raise error
        self._note("wait", str(error))
        await asyncio.sleep(min(_MOST_LOST_S, 2.0**lost))
        return TryOutcome("again", str(error), counts=False)

    async def _after_far(self, session: Session) -> ev.TurnEnded:
        """The end of a turn that goes on elsewhere, whatever became of the engine here."""
        assert self.watch is not None
        return await self.watch.end_of(session.summary.turns)

    def _begin_clock(self) -> None:
        """Its minutes begin when it has a place, however long a cluster had none."""
        if self._limit is not None and self.task.limits.minutes:
            now = asyncio.get_running_loop().time()
            self._limit.reschedule(now + self.task.limits.minutes * 60)

    async def _through(
        self, session: Session, ended: ev.TurnEnded, values: placeholders.Values
    ) -> TryOutcome:
        """From the end of a turn to the end of the try."""
        while True:
            outcome = await self._after(session, ended, values)
            if isinstance(outcome, TryOutcome):
                return outcome
            ended = await self._turn(outcome)

    async def _first(self, session: Session, values: placeholders.Values) -> ev.TurnEnded:
        """Prime it, tell it what it is part of, and send the prompt."""
        await self.runner.prime(self.unit, self.task, session)
        if told := self._told_before():
            await self.runner.tell_before(session, told)
        return await self._turn(placeholders.prompt(self.task.prompt, values))

    def _told_before(self) -> list[str]:
        told = []
        if goal := self.runner.plan.head.goal.strip():
            title = self.runner.plan.title
            told.append(f"This is the task {self.unit.key} of a plan, {title}. Its goal: {goal}")
        given = self.runner.run.given
        told += [*given.get(self.task.name, ()), *given.get(self.unit.key, ())]
        if self.unit.counted and self.unit.why:
            told.append(f"An earlier try failed. {placeholders.quoted(self.unit.why)}")
        return told

    async def _turn(self, text: str) -> ev.TurnEnded:
        assert self.watch is not None
        return await self.watch.turn(text, self.task.limits.stall_minutes * 60)

    # -- after a turn

    async def _after(
        self, session: Session, ended: ev.TurnEnded, values: placeholders.Values
    ) -> TryOutcome | str:
        """How the try ended, or what is said next."""
        if ended.reason in WENT_THROUGH:
            self.runner.went_through(self.unit)
            if why := self._over_limit(session):
                return self._failed(why)
            try:
                return await self._judged(session, values)
            except Lost:  # what it did can't be had any more: as if its turn had been cut off
                return self._cut_off(watch.events_of(session))
        if ended.reason == "error":
            return await self._fault(session, ended)
        if ended.reason == "interrupted":
            return await self._interrupted(ended)
        if ended.reason == "refusal":
            return self._failed("the model refused")
        goes_on = session.summary.resume_at or session.working
        if ended.resume_at and goes_on and self.watch is not None:
            self._note("wait", ended.detail)  # a long limit: the session goes on by itself
            return await self._after(session, await self.watch.end_of(ended.turn), values)
        return self._failed(ended.detail or f"it reached a limit: {ended.reason}")

    def _over_limit(self, session: Session) -> str:
        limits, summary = self.task.limits, session.summary
        tokens = sum(summary.tokens.values())
        if limits.turns and summary.turns > limits.turns:
            return f"its {limits.turns} turns were over"
        if limits.tokens and tokens > limits.tokens:
            return f"it took {tokens:,} tokens, and may take {limits.tokens:,}"
        if limits.usd and (summary.cost_usd or 0.0) > limits.usd:
            return f"it cost ${summary.cost_usd:.2f}, and may cost ${limits.usd:.2f}"
        return ""

    async def _judged(self, session: Session, values: placeholders.Values) -> TryOutcome | str:
        """Let the check say whether it is done."""
        events = watch.events_of(session)
        answer = watch.answer(events)[:_MOST_ANSWER]
        if self._denied:
            return self._failed(f"it needed a person: {self._denied}", answer)
        evidence = ""
        changed = await self.runner.changes(session, events)
        if self.task.check:
            verdict, argv = await self._check(session, answer, values)
            evidence = verdict.output[-_MOST_EVIDENCE:]
            if not verdict.ok:
                return self._not_yet(argv, verdict, answer)
        if self.task.critic is not None:
            objection = await self.runner.critic(self.unit, self.task, answer, values)
            if objection:
                return objection
        commit = await self.runner.commit(self.unit, session, changed)
        return TryOutcome(
            "done", answer=answer, files=changed.files, diff=changed.diff, evidence=evidence,
            branch=session.summary.branch, commit=commit, receipts=receipts.of(events),
        )  # fmt: skip

    async def _check(
        self, session: Session, answer: str, values: placeholders.Values
    ) -> tuple[check.CheckVerdict, list[str]]:
        file = self.runner.answer_file(session, answer)
        own = FanoutItem("", 0, {"file": file, "text": answer})
        argv = [placeholders.argument(part, values.with_answer(own)) for part in self.task.check]
        verdict = await self.runner.check(session, self.task, argv, answer)
        self.runner.say(
            record.Checked(
                unit=self.unit.key, attempt=self.unit.attempt, ok=verdict.ok, code=verdict.code,
                argv=[clean(part)[:500] for part in argv],
                output=verdict.output[-_MOST_EVIDENCE:], seconds=round(verdict.seconds, 3),
            )
        )  # fmt: skip
        return verdict, argv

    def _not_yet(
        self, argv: list[str], verdict: check.CheckVerdict, answer: str
    ) -> TryOutcome | str:
        """A failed check goes back to its session, so often as the task says."""
        words = f"The check `{clean(' '.join(argv))[:300]}` failed ({verdict.words})."
        if self.unit.repairs <= self.task.repairs:
            self._note("repair", words)
            return f"{words} {placeholders.quoted(verdict.output or '(no output)')}\n\nMend it."
        return self._failed(words, answer, verdict.output[-_MOST_EVIDENCE:])

    # -- what goes wrong

    async def _fault(self, session: Session, ended: ev.TurnEnded) -> TryOutcome | str:
        assert self.watch is not None
        error = self.watch.error
        kind = error.kind if error else "error"
        why = f"{error.message} {error.hint}".strip() if error else ended.detail or "it failed"
        if kind in BREAKS:
            self.runner.broken(self.unit, why)
            return TryOutcome("again", why, counts=False)
        if kind in WAITED_OUT:
            self._waits += 1
            await self.runner.wait_out(self.unit, self._waits, self.watch.retry_s, why)
        elif kind in _ONCE_MORE and self._once_more > 0:
            self._once_more -= 1
            self._note("wait", why)
        else:
            return self._failed(why)
        message = session.messages.get(ended.turn)
        nothing_said = not self.watch.said_something and message is not None
        return message.text if nothing_said and message is not None else _GO_ON

    async def _interrupted(self, ended: ev.TurnEnded) -> TryOutcome | str:
        assert self.watch is not None
        if ended.detail == ENGINE_ENDED:
            if self.session is not None and self.session.summary.host:
                return self._cut_off(watch.events_of(self.session))
            await asyncio.Event().wait()  # the engine ends: the next one takes it up
        if ended.detail == ENGINE_STOPPED and self.session is not None:
            return self._cut_off(watch.events_of(self.session))  # its actor is lost
        if self.watch.stalled:
            why = f"it {self.watch.stalled}"
            self._note("stall", why)
            self._stalls += 1
            if self._stalls > 1:
                return self._failed(why)
            return f"You were interrupted: the session {self.watch.stalled}. Try another way."
        if self._denied:
            return self._failed(f"it needed a person: {self._denied}")
        return self._failed(ended.detail or "a person interrupted it")

    def _cut_off(self, events: list[ev.Event]) -> TryOutcome:
        """Its engine died in the middle of a turn: nothing is run again that may have had effects.

        In a fresh worktree, or where only was read and said, it may be tried again.
        """
        doubt = watch.unknown_effects(events)
        choice = self.task.unknown or self.runner.plan.head.unknown
        assert self.session is not None
        fresh = review.own(self.session.summary) is not None
        if choice == "again" or (choice == "auto" and (fresh or not doubt)):
            return TryOutcome("again", "the engine stopped in the middle of it", counts=False)
        what = f" ({doubt})" if doubt else ""
        why = f"the engine stopped in the middle of it; whether it took effect is not known{what}"
        return TryOutcome("unknown", why, watch.answer(events)[:_MOST_ANSWER])

    def _failed(self, why: str, answer: str = "", evidence: str = "") -> TryOutcome:
        if not answer and self.session is not None:
            answer = watch.answer(watch.events_of(self.session))[:_MOST_ANSWER]
        tries_left = self.unit.counted + 1 < self.task.tries
        files = watch.files_of(self.session) if self.session is not None else []
        return TryOutcome("again" if tries_left else "failed", clean(why), answer, files,
                       evidence=evidence)  # fmt: skip

    # -- what is watched

    def _asked(self, asked: ev.PermissionAsked) -> None:
        what = clean(asked.summary or asked.tool)[:300]
        policy = self.task.unanswered or self.runner.plan.head.unanswered
        if policy == "wait":
            self.runner.say(record.Waiting(unit=self.unit.key, what=what))
            return
        self._note("denied", what)
        assert self.session is not None and self.watch is not None
        reject = [o for o in asked.options if str(o.get("kind", "")).startswith("reject")]
        if policy == "deny" and reject:
            answer = self.session.answer(asked.ask, str(reject[0].get("id")), _NOBODY, False)
            self.watch.aside(answer)
            return
        self._denied = what
        why = f"Nobody was there to allow it ({what}), so the turn was ended."
        self.watch.aside(self.session.interrupt(why))

    def _answered(self) -> None:
        if self.unit.state == "waiting":
            self.runner.say(record.Going(unit=self.unit.key))

    def _spent(self) -> None:
        assert self.session is not None
        self.runner.spent(self.unit, self.session)

    def _note(self, kind: TaskNoteKind, text: str) -> None:
        self.runner.say(record.Note(unit=self.unit.key, kind=kind, text=clean(text)[:1000]))
