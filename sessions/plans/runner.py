"""Drives one run: asks the scheduler, writes down what it decides, and does it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from sessions.errors import AgentdeckError, JournalError, NotFound, UsageError
from sessions.ids import new_id
from sessions.plans import check, fanout, judging, placeholders, read, record, remote_tasks, watch
from sessions.plans.attempt import Attempt, TryOutcome
from sessions.plans.interfaces import SessionChanges
from sessions.plans.model import Critic, Judge, Plan, Task
from sessions.plans.scheduling import Decision, Start, decide
from sessions.plans.state import JUDGE, SETTLED, Run, Unit
from sessions.plans.store import RunStore
from sessions.priming import kinds
from sessions.priming.rng import SEED_BITS, Stream
from sessions.record import events as ev
from sessions.record.closed_sets import Permission, SkillState
from sessions.remote.file_parts import ANSWER
from sessions.remote.mirrored_session import Mirrored
from sessions.safety.sanitise import clean, clean_line
from sessions.worktrees import land, review

if TYPE_CHECKING:
    from sessions.features.interfaces import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.plans")

FOREVER = 4e9
"""Seconds since 1970 (in 2096): until a person has looked."""
MOST_GIVEN = 120_000
_DISK_AGAIN_S = 5.0
_WAIT_S, _MOST_WAIT_S = 5.0, 900.0


class Home(Protocol):
    """The runs among which one is (`sessions.plans.service.Runs`)."""

    deck: Deck
    others: Neighbours
    far: remote_tasks.RemoteTasks

    def who(self, plan: Plan, task: Task) -> tuple[str, str, str]:
        """Profile, backend and model of a task's sessions."""

    def credential(self, plan: Plan, task: Task) -> str:
        """What a task's sessions count against."""

    def told(self, runner: Runner, event: record.RunEvent) -> None:
        """An event of a run is written down."""

    def rests(self, runner: Runner) -> None:
        """A run needs a person."""

    async def ended(self, runner: Runner) -> None:
        """A run is over."""

    def refused(self, runner: Runner, error: JournalError) -> None:
        """A run can't be written down."""


class Runner:
    """One run that is not over."""

    def __init__(self, runs: Home, store: RunStore, run: Run) -> None:
        self.runs = runs
        self.deck = runs.deck
        self.store = store
        self.run = run
        self.held = ""
        """Why nothing starts, if something could."""
        self.idle = False
        """Nothing works, and nothing goes on without a person."""
        self.sessions: set[str] = set()
        """Its sessions that are open."""
        self._unwritten: list[record.RunEvent] = []
        """What was told while the disk refused it, in order."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._credentials: dict[str, str] = {}

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.run.plan

    # -- life

    def start(self) -> None:
        """Go on where the journal ends."""
        for node in self.run.nodes.values():
            with suppress(AgentdeckError):  # told when a session is to be made
                self._credentials[node.name] = self.runs.credential(self.plan, node.task)
        for key in sorted(self.run.active):
            if key not in self._tasks:
                self._work(key, resumed=True)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.get_running_loop().create_task(self._go(), name=self.run.id)

    async def close(self) -> None:
        """The engine ends: leave everything as its journal has it."""
        tasks = [t for t in (self._loop, *self._tasks.values()) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.store.close()

    @property
    def busy(self) -> bool:
        """The engine must stay for it."""
        return not self.run.over and not self.idle

    def append(self, event: record.RunEvent) -> None:
        """Write an event down, fold it, tell it. Raises JournalError."""
        while self._unwritten:
            self._fold(self.store.append(self._unwritten[0]))
            self._unwritten.pop(0)
        self._fold(self.store.append(event))

    def say(self, event: record.RunEvent) -> None:
        """The same for what is told on the way: where the disk refuses, it is written later."""
        try:
            self.append(event)
        except JournalError as error:
            self._unwritten.append(event)
            self.runs.refused(self, error)

    def _fold(self, stamped: record.RunEvent) -> None:
        self.run.apply(stamped)
        self.idle = False
        self._woken.set()
        self.runs.told(self, stamped)

    def wake(self) -> None:
        """Look again."""
        self._woken.set()

    async def _go(self) -> None:
        while True:
            self._woken.clear()
            try:
                decision = decide(self.run, time.time(), self._credentials)
                await self._carry_out(decision)
            except JournalError as error:
                # Nothing is begun that can't be written down.
                self.held = str(error)
                self.runs.refused(self, error)
                await asyncio.sleep(_DISK_AGAIN_S)
                continue
            if self.run.over:
                self.idle = True
                await self.runs.ended(self)
                return
            if not self._woken.is_set():
                self._rest(decision)
                await self._sleep(decision.wake)

    def _rest(self, decision: Decision) -> None:
        """Nothing is to be done now; say so once if a person is needed."""
        self.held = decision.held
        waits = 0 < decision.wake < FOREVER
        working = self.run.count("running") > 0
        person = bool(self.held and not waits) or (bool(self.run.active) and not waits)
        if not working and person and not self.idle:
            self.idle = True
            self.runs.rests(self)

    async def _sleep(self, until: float) -> None:
        timeout = max(0.01, until - time.time()) if until else None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout)

    async def _carry_out(self, decision: Decision) -> None:
        for name in decision.expand:
            await self._expand(self.plan.task(name))
        for key, why in decision.fail:
            self.append(record.Ended(unit=key, attempt=0, state="failed", why=why))
        for start in decision.start:
            self._begin(start)
        if decision.start:
            await self.store.sync()
            for start in decision.start:
                self._work(start.unit, resumed=False)
        if decision.over:
            self.append(record.Over(state=decision.over))
            await self.store.sync()

    async def _expand(self, task: Task) -> None:
        """Find what a task is done for."""
        items, fault = None, ""
        if task.for_each is not None:
            try:
                if task.for_each.answer:
                    found = fanout.of_answer(self.run.task_units(task.for_each.answer)[0].answer)
                else:
                    places = read.folders(self.plan, task)
                    found = await asyncio.to_thread(fanout.items, task.for_each, places)
                items = [item.to_json() for item in found]
            except AgentdeckError as error:
                fault = str(error)
        self.append(record.Expanded(task=task.name, items=items, fault=fault))

    def _begin(self, start: Start) -> None:
        unit = self.run.units[start.unit]
        judges = self.run.nodes[unit.node].kind == JUDGE
        self.append(
            record.Started(
                unit=unit.key, attempt=unit.attempt + 1, session="" if judges else new_id(),
                usd=start.usd, tokens=start.tokens,
            )
        )  # fmt: skip

    def _work(self, key: str, *, resumed: bool) -> None:
        task = asyncio.get_running_loop().create_task(self._try(key, resumed), name=f"unit {key}")
        self._tasks[key] = task

        def ended(done: asyncio.Task[None]) -> None:
            if self._tasks.get(key) is done:
                del self._tasks[key]
            if not done.cancelled() and (error := done.exception()) is not None:
                log.error("unit %s of %s", key, self.run.id, exc_info=error)

        task.add_done_callback(ended)

    async def _try(self, key: str, resumed: bool) -> None:
        unit = self.run.units[key]
        session = unit.session
        self.sessions.add(session)
        if unit.state == "waiting":
            self.say(record.Going(unit=key))
        try:
            outcome = await self._outcome(unit, resumed)
        finally:
            self.sessions.discard(session)
        await self._home(unit, session)
        await self._ended(unit, outcome)
        if outcome.state == "done" and (made := self.deck.sessions.get(session)) is not None:
            await self.put_away(made)

    async def _home(self, unit: Unit, session_id: str, *, waits: bool = True) -> None:
        """What a try that is over made elsewhere comes back; what does not is named."""
        session = self.deck.sessions.get(session_id)
        if isinstance(session, Mirrored):
            title = f"{unit.key}: {self.run.title}"
            try:
                home = self.runs.far.home if waits else self.runs.far.home_now
                left = await home(session, self.plan.directory, title)
            except AgentdeckError as error:
                left = [str(error)]
            if left:
                told = f"Not brought back from {session.host}: {'; '.join(left)}"
                self.say(record.Note(unit=unit.key, kind="left", text=clean(told)[:1000]))

    async def _outcome(self, unit: Unit, resumed: bool) -> TryOutcome:
        try:
            if self.run.nodes[unit.node].kind == JUDGE:
                return await judging.pick(self, unit)
            return await Attempt(self, unit).run(resumed=resumed)
        except AgentdeckError as error:
            return TryOutcome("failed", str(error))
        except Exception as error:
            # The boundary of a worker: a fault of ours fails one task, not the run.
            log.exception("unit %s of %s", unit.key, self.run.id)
            return TryOutcome("failed", f"agentdeck failed: {type(error).__name__}")

    async def _ended(self, unit: Unit, outcome: TryOutcome) -> None:
        ended = record.Ended(
            unit=unit.key, attempt=unit.attempt, state=outcome.state,
            why=outcome.why[:2000], answer=outcome.answer, files=outcome.files, diff=outcome.diff,
            counts=outcome.counts, evidence=outcome.evidence, session=outcome.session,
            branch=outcome.branch, commit=outcome.commit, receipts=outcome.receipts,
        )  # fmt: skip
        while True:
            try:
                self.append(ended)
                await self.store.sync()
                return
            except JournalError as error:
                self.runs.refused(self, error)
                await asyncio.sleep(_DISK_AGAIN_S)

    # -- what a person asks for

    async def stop(self) -> None:
        """End what works; the run can be resumed."""
        self.append(record.Stopped())
        for key in sorted(self.run.active):
            await self._end_work(key, "The run was stopped.")
            unit = self.run.units[key]
            if unit.state in ("running", "waiting"):
                why = "the run was stopped in the middle of it"
                self.append(
                    record.Ended(
                        unit=key, attempt=unit.attempt, state="again", why=why, counts=False
                    )
                )
        self.start()

    async def add(self, text: str) -> list[str]:
        """Add the tasks of a text to the run while it goes on. Raises UsageError."""
        plan = self.plan
        skills = self.runs.others.library.names(plan.folder)
        whole = read.joined(plan.text, text)
        await asyncio.to_thread(
            read.parse, whole, plan.folder, self.deck.config, skills=skills, name=plan.name
        )
        before = set(self.run.nodes)
        self.append(record.Added(text=text))
        self.start()
        return [name for name in self.run.nodes if name not in before and not name.endswith("/")]

    def give(self, wanted: str, text: str, session: str) -> None:
        """Hand an answer to a task, for its sessions that have not begun. Raises UsageError."""
        known = wanted in self.run.units or wanted in self.run.nodes
        found = self.named(wanted) if known else []
        node = self.run.nodes.get(wanted)
        begins = any(u.state == "pending" for u in found) or (node and not node.expanded)
        if self.run.over or (known and not begins):
            hint = "Send it to its session instead." if found else ""
            raise UsageError(f"{wanted} has begun already, or the run is over.", hint)
        if not known:
            self.named(wanted)
        self.append(record.Given(task=wanted, text=text[:MOST_GIVEN], session=session))

    async def skip(self, wanted: str) -> list[str]:
        """Take a unit, or all of a task that is not over, out of the run."""
        found = [u for u in self.named(wanted) if u.state not in ("done", "skipped")]
        if not found:
            raise UsageError(f"{wanted} is over: there is nothing to skip.")
        for unit in found:
            await self._end_work(unit.key, "A person skipped this task.")
            self.append(record.Skipped(unit=unit.key))
        self.start()
        return [u.key for u in found]

    async def retry(self, wanted: str) -> list[str]:
        """Try a unit once more, or all of a task that failed."""
        exact = wanted in self.run.units
        states = SETTLED if exact else ("failed", "unknown", "skipped")
        found = [u for u in self.named(wanted) if u.state in states]
        if not found:
            raise UsageError(f"Nothing of {wanted} is over and not done.")
        for unit in found:
            self.append(record.Retried(unit=unit.key))
        self.start()
        return [u.key for u in found]

    def named(self, wanted: str) -> list[Unit]:
        """The unit, or the units of the task, of that name. Raises NotFound."""
        if wanted in self.run.units:
            return [self.run.units[wanted]]
        if wanted in self.run.nodes:
            nodes = self.run.nodes_of(self.run.nodes[wanted].task)
            return [self.run.units[key] for node in nodes for key in node.units]
        raise NotFound(f"The run has no task {wanted}.", f"There are: {', '.join(self.run.nodes)}.")

    async def _end_work(self, key: str, why: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        session = self.deck.sessions.get(self.run.units[key].session)
        if isinstance(session, Mirrored):
            if left := await self.runs.far.stop(session, why):
                self.say(record.Note(unit=key, kind="left", text=clean(left)[:1000]))
            else:
                await self._home(self.run.units[key], session.id, waits=False)
        elif session is not None:
            await session.interrupt(why)

    # -- what a try needs

    def values(self, unit: Unit, task: Task) -> placeholders.Values:
        """What a unit's placeholders stand for."""
        plan = {
            "title": self.run.title,
            "goal": self.plan.head.goal,
            "directory": str(self.plan.directory),
        }
        tasks = {name: [u.left for u in self._of_use(name)] for name in task.needs}
        return placeholders.Values(plan, unit.item, tasks)

    def _of_use(self, name: str) -> list[Unit]:
        return self.run.task_units(name)

    def directory(self, task: Task, values: placeholders.Values) -> Path:
        """Where a unit works. Raises UsageError."""
        where = placeholders.plain(task.directory, values)
        path = (self.plan.directory / Path(where).expanduser()).resolve()
        if "{" in task.directory and not path.is_relative_to(self.plan.directory):
            raise UsageError(f"The directory {where} lies outside the plan's.")
        return path

    async def make_session(self, unit: Unit, task: Task, values: placeholders.Values) -> Session:
        """The session of a unit that was started. Raises AgentdeckError."""
        item = f" {unit.item.text}" if unit.item else ""
        title, folder = clean_line(f"{unit.key}{item}")[:80], self.directory(task, values)
        if site := self.runs.far.chosen(remote_tasks.where_of(self.plan, task), unit.session):
            profile, backend, model = self.runs.who(self.plan, task)
            wishes = {
                "profile": profile, "backend": backend, "model": model, "title": title,
                "permission": task.permission or self.plan.head.permission,
                "max_steps": task.limits.steps, "strict": True,
            }  # fmt: skip
            return await self.runs.far.make(
                site, self.plan, task, unit.session, folder,
                placeholders.plain(task.base or self.plan.head.base, values), self.run.id, wishes,
                {**_states(self.plan.head.skills), **_states(task.skills)},
            )  # fmt: skip
        return await self._session(
            task, unit.session, title, folder,
            task.permission or self.plan.head.permission,
            worktree=self.plan.in_worktree(task) or task.worktree,
            base=placeholders.plain(task.base or self.plan.head.base, values),
        )  # fmt: skip

    async def asking_session(self, unit: Unit, who: Judge | Critic, title: str) -> Session:
        """A session that judges: it reads, and changes nothing."""
        task = self.run.nodes[unit.node].task
        values = self.values(unit, task)
        asking = Task(
            profile=who.profile or ("" if who.backend else task.profile),
            backend=who.backend or ("" if who.profile else task.backend),
            model=who.model or ("" if who.profile or who.backend else task.model),
        )
        session = await self._session(
            asking, new_id(), title[:80], self.directory(task, values), "read-only", worktree=False
        )
        self.sessions.add(session.id)
        return session

    async def _session(
        self, task: Task, session_id: str, title: str, cwd: Path,
        permission: Permission | Literal[""], *,
        worktree: bool | None, base: str = "",
    ) -> Session:  # fmt: skip
        profile, backend, model = self.runs.who(self.plan, task)
        head = self.plan.head.skills
        skills = {**_states(head), **_states(task.skills)}
        session = await self.deck.create(
            id=session_id, profile=profile, backend=backend, model=model, cwd=str(cwd), title=title,
            permission=permission, skills=skills, max_steps=task.limits.steps, strict=True,
            worktree=worktree, base=base, run=self.run.id,
        )  # fmt: skip
        try:
            await asyncio.to_thread(session.journal.settle)
        except OSError as error:
            raise JournalError(f"The session can't be recorded: {error.strerror}.") from error
        return session

    async def opened(self, unit: Unit) -> Session | None:
        """The session of a unit that an engine before this one started, if it got so far."""
        try:
            return await self.deck.get(unit.session)
        except NotFound:
            return None

    async def put_away(self, session: Session) -> None:
        """It is done with: no tile of the deck any more, and listed like any other."""
        self.sessions.discard(session.id)
        with suppress(AgentdeckError):
            await session.set({"closed": True})
            await self.deck.put_down(session)

    async def prime(self, unit: Unit, task: Task, session: Session) -> None:
        """Draw what the task wants, by a seed of the session's own. Raises AgentdeckError."""
        for number, wanted in enumerate(task.primings):
            text = wanted
            if kinds.parse_spec(wanted).seed is None:
                params = {"unit": unit.key, "attempt": unit.attempt, "number": number}
                seed = Stream("plan", self.run.seed, params).below(2**SEED_BITS)
                text = f"{wanted}{',' if ':' in wanted else ':'}seed={seed}"
            if isinstance(session, Mirrored):
                await self.runs.far.prime(session, text)
            else:
                await self.runs.others.primings.whole(session, text)

    def answer_file(self, session: Session, answer: str) -> str:
        """What a check calls the file with a session's answer. Raises AgentdeckError."""
        if isinstance(session, Mirrored):
            return ANSWER
        return str(check.answer_file(session.folder / "files", answer))

    async def check(
        self, session: Session, task: Task, argv: Sequence[str], answer: str
    ) -> check.CheckVerdict:
        """A check is run where the session works, as its own commands are."""
        if isinstance(session, Mirrored):
            return await self.runs.far.check(session, argv, task.check_minutes, answer)
        tools = self.runs.others.tools
        return await check.in_session(self.deck, tools, session, argv, task.check_minutes)

    async def tell_before(self, session: Session, texts: Sequence[str]) -> None:
        """What a session hears before its next message."""
        if isinstance(session, Mirrored):
            await self.runs.far.tell(session, texts)
        else:
            session.prepared += [{"kind": "plan", "text": text} for text in texts]

    async def heard(self, session: Session) -> None:
        """Return when all that a session has said so far is known here."""
        if isinstance(session, Mirrored):
            await self.runs.far.heard(session)

    async def critic(self, unit: Unit, task: Task, answer: str, values: placeholders.Values) -> str:
        """What the task's critic sends back, or "" where nothing is left or its rounds are over."""
        assert task.critic is not None
        sent_back = [n for n in unit.notes if n.kind == "critic" and n.at >= unit.began]
        if len(sent_back) >= task.critic.rounds:
            return ""
        prompt = placeholders.prompt(task.prompt, values)
        said = await judging.criticise(self, unit, task.critic, values, prompt, answer)
        if said:
            self.say(record.Note(unit=unit.key, kind="critic", text=said[:1000]))
            told = "Somebody has read your work and says what is still superficial."
            return f"{told} Mend it, and give the whole work again.\n\n{placeholders.quoted(said)}"
        return ""

    async def changes(self, session: Session, events: Sequence[ev.Event]) -> SessionChanges:
        """What a session has changed so far, before its check adds to it."""
        if isinstance(session, Mirrored):
            return await self.runs.far.changes(session)
        return await watch.changes_of(self.runs.others.worktrees, session, events)

    async def commit(self, unit: Unit, session: Session, changed: SessionChanges) -> str:
        """Put what a session did on its branch, once it is done; the commit, "" without one."""
        message = f"{unit.key}: {self.run.title}"
        if isinstance(session, Mirrored):
            return await self.runs.far.commit(session, self.plan.directory, message, changed)
        tree = review.own(session.summary)
        if tree is None:
            return ""
        if not changed.loose:
            return changed.head
        work = partial(land.commit_all, Path(tree["path"]), message, changed.loose)
        return await self.runs.others.worktrees.run(work)

    def spent(self, unit: Unit, session: Session) -> None:
        """Tell what a session has taken, if that is more than is known."""
        tokens = sum(session.summary.tokens.values())
        usd = session.summary.cost_usd
        known = self.run.spending.get(session.id)
        if (known is None and tokens) or (
            known and (known.tokens, known.usd) != (tokens, usd or 0.0)
        ):
            self.say(
                record.Spent(
                    unit=unit.key, session=session.id, usd=usd, tokens=tokens,
                    model=session.summary.model,
                )
            )  # fmt: skip

    # -- breakers

    async def wait_out(self, unit: Unit, times: int, asked_s: float, why: str) -> None:
        """Wait until a credential's fault has passed; nothing else of it starts until then."""
        own = self._credentials.get(unit.node, "")
        wait = max(asked_s, min(_MOST_WAIT_S, _WAIT_S * 2 ** (times - 1)))
        if self.run.held.get(own, (0.0, ""))[0] < time.time() + wait / 2:
            self.say(record.Held(credential=own, until=time.time() + wait, why=why[:500]))
        until = self.run.held.get(own, (time.time() + wait, ""))[0]
        await asyncio.sleep(max(0.0, until - time.time()))

    def went_through(self, unit: Unit) -> None:
        """A turn was answered: its credential is good."""

    def broken(self, unit: Unit, why: str) -> None:
        """Start nothing of a credential until a person has looked."""
        own = self._credentials.get(unit.node, "")
        self.say(record.Held(credential=own, until=FOREVER, why=why[:500]))


def _states(skills: list[str] | dict[str, SkillState]) -> dict[str, SkillState]:
    if isinstance(skills, dict):
        return dict(skills)
    return dict.fromkeys(skills, "on")
