"""All runs of this installation: taken up when the engine starts, begun, asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.api.notices import RunTold
from sessions.api.plans import PlanDrafted, PlanFound, PlanReport, RunLine
from sessions.errors import AgentdeckError, JournalError, UsageError
from sessions.features.feature import Feature
from sessions.ids import new_id
from sessions.plans import plan_files, read, record, report, show, store, times
from sessions.plans.model import Plan, Task
from sessions.plans.remote_tasks import RemoteTasks
from sessions.plans.runner import Runner
from sessions.plans.schedules import ScheduleEntry, Timetable
from sessions.plans.scheduling import decide
from sessions.plans.state import Run
from sessions.plans.store import RunStore
from sessions.priming.rng import new_seed
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.features.interfaces import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.plans")

_ENOUGH = 1_000_000


class Runs(Feature):
    """The deck's runs of plans."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self.deck = deck
        self.others = others
        self.far = RemoteTasks(deck, others)
        self.root = deck.places.state / "plans"
        self.runners: dict[str, Runner] = {}
        self._places = asyncio.Semaphore(_ENOUGH)
        self._refused = False
        self.timetable = Timetable(self.root / "schedule.json")
        self._clock: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._loading = asyncio.Lock()
        self._lines: dict[str, tuple[tuple[int, int], RunLine]] = {}

    async def opened(self) -> None:
        """Take up every run that is not over, where its journal ends."""
        for folder in list(store.folders(self.root)):
            try:
                runner = await asyncio.to_thread(self._load, folder)
            except AgentdeckError as error:
                log.warning("run %s: %s", folder.name, error)
                self.deck.notice("plan", str(error))
                continue
            if runner.run.over:
                runner.store.close()
            else:
                self.runners[runner.run.id] = runner
                runner.start()

        try:
            await asyncio.to_thread(self.timetable.load)
        except AgentdeckError as error:
            log.warning("%s", error)
            self.deck.notice("plan", str(error))
        self._tick()

    async def stop(self) -> None:
        """The engine ends; each run goes on with the next one."""
        if self._clock is not None:
            self._clock.cancel()
        await asyncio.gather(*(r.close() for r in self.runners.values()), return_exceptions=True)

    @property
    def busy(self) -> bool:
        """A run goes on by itself, or one is due some day: the engine stays."""
        return bool(self.timetable.entries) or any(r.busy for r in self.runners.values())

    # -- by the clock

    def _tick(self) -> None:
        """Wait for what is due, if anything is."""
        self._changed.set()
        if self.timetable.entries and (self._clock is None or self._clock.done()):
            self._clock = asyncio.get_running_loop().create_task(self._by_the_clock())

    async def _by_the_clock(self) -> None:
        while due := self.timetable.next:
            self._changed.clear()
            wait = due - time.time()
            if wait > 0:
                # A machine that slept wakes late: the time is looked at again each half hour.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), min(wait, 1800.0))
                continue
            try:
                for entry, missed in list(self.timetable.due(time.time())):
                    await self._due(entry, missed)
            except AgentdeckError as error:
                log.warning("%s", error)
                await asyncio.sleep(60.0)

    async def _due(self, entry: ScheduleEntry, missed: int) -> None:
        late, told = time.time() - entry.due, ""
        if late > 60:
            more = f", and {missed} starts after it" if missed else ""
            when = times.told(entry.due)
            told = f"{entry.file} was due at {when}{more}: it is caught up once, now."
            self.deck.notice("plan", told)
        try:
            runner = await self.begin(Path(entry.file), **entry.wishes, note=told)
        except AgentdeckError as error:
            self.deck.notice("plan", f"{entry.file} was due and can't be started: {error}")
            log.warning("%s: %s", entry.file, error)
        else:
            self.timetable.began(entry, runner.run.id)

    async def schedule(self, file: Path, wishes: ev.JSON, at: str, every: str) -> ScheduleEntry:
        """Begin a plan at a time, or at each that `every` means. Raises UsageError."""
        await self._checked(file)
        moment = times.moment(at, times.local_now()).timestamp() if at else 0.0
        entry = self.timetable.add(str(file), wishes, at=moment, every=every)
        self._tick()
        return entry

    def unschedule(self, wanted: str) -> ScheduleEntry:
        """Take one out of the timetable. Raises NotFound."""
        entry = self.timetable.remove(wanted)
        self._changed.set()
        self.deck.on_quiet()
        return entry

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        """Sessions of a run take no place of the deck's: the run's own `parallel` counts."""
        return (
            self._places if any(session.id in r.sessions for r in self.runners.values()) else None
        )

    # -- runs

    def _load(self, folder: Path) -> Runner:
        own, text, events = RunStore.load(folder)
        created = next((e for e in events if isinstance(e, record.Created)), None)
        if created is None:
            own.close()
            raise JournalError(f"Run {folder.name} was never begun.", f"Remove {folder}.")
        plan = read.reread(text, Path(created.folder), created.name)
        return Runner(self, own, Run.of(plan, events))

    async def begin(self, file: Path, **wishes: float | str | None) -> Runner:
        """Begin a run of a plan file. Raises UsageError for one that is wrong."""
        plan = await self._checked(file)
        head = plan.head
        until = str(wishes.get("until") or head.until)
        run_id = new_id()
        created = record.Created(
            id=run_id, title=plan.title, folder=str(plan.folder), name=plan.name,
            seed=new_seed() if head.seed is None else head.seed,
            parallel=int(wishes.get("parallel") or head.parallel),
            usd=float(_given(wishes.get("usd"), head.budget.usd)),
            tokens=int(_given(wishes.get("tokens"), head.budget.tokens)),
            hours=float(_given(wishes.get("hours"), head.budget.hours)),
            until=times.moment(until, times.local_now()).timestamp() if until else 0.0,
            note=str(wishes.get("note") or ""),
        )  # fmt: skip
        own = await asyncio.to_thread(RunStore.create, self.root / run_id, plan.text)
        runner = Runner(self, own, Run(plan))
        self.runners[run_id] = runner
        runner.append(created)
        await own.sync()
        runner.start()
        return runner

    async def _checked(self, file: Path) -> Plan:
        skills = self.others.library.names(file.parent)
        return (await asyncio.to_thread(read.read, file, self.deck.config, skills=skills)).plan

    async def files(self, folder: Path) -> list[PlanFound]:
        """The plans of a directory. Raises UsageError."""
        skills = self.others.library.names(folder)
        return await asyncio.to_thread(plan_files.found, folder, self.deck.config, skills)

    async def new(self, folder: Path) -> PlanFound:
        """A new plan in a directory, to be changed. Raises AgentdeckError."""
        path = await asyncio.to_thread(plan_files.begin, folder)
        skills = self.others.library.names(folder)
        return await asyncio.to_thread(plan_files.look, path, self.deck.config, skills)

    async def report(self, wanted: str) -> PlanReport:
        """What came of a run so far, kept as well. Raises NotFound, JournalError."""
        return await asyncio.to_thread(_report, store.folder_of(self.root, wanted))

    async def get(self, wanted: str) -> Runner:
        """The run of an id, its beginning, or `last`. Raises NotFound, JournalError."""
        folder = store.folder_of(self.root, wanted)
        async with self._loading:
            runner = self.runners.get(folder.name)
            if runner is None:
                runner = await asyncio.to_thread(self._load, folder)
                self.runners[folder.name] = runner
        return runner

    async def all(self) -> list[RunLine]:
        """A line of each run, newest first."""
        found = []
        for folder in store.folders(self.root):
            try:
                found.append(await self._line(folder))
            except (AgentdeckError, OSError) as error:
                log.warning("run %s: %s", folder.name, error)
        return found

    async def _line(self, folder: Path) -> RunLine:
        """The line of a run; the journal of one that is over is read once."""
        if (runner := self.runners.get(folder.name)) is not None:
            return show.line(runner.run, runner.held, runner.idle)
        stat = (folder / store.JOURNAL).stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = self._lines.get(folder.name)
        if known is None or known[0] != stamp:
            line = show.line(await asyncio.to_thread(load, folder))
            known = self._lines[folder.name] = (stamp, line)
        return known[1]

    def going(self) -> list[RunLine]:
        """A line of each run that is not over."""
        runners = [r for r in self.runners.values() if not r.run.over]
        return [show.line(r.run, r.held, r.idle) for r in runners]

    async def draft(self, session: Session) -> PlanDrafted:
        """A plan of a session, by its own model, as a new file. Raises AgentdeckError."""
        from sessions.archive.export import export
        from sessions.backends.base import Question, Reply
        from sessions.plans import draft as drafts

        backend = self.deck.backend(session.summary.backend)
        model = self.deck.settings(session).model
        folder = Path(session.summary.cwd)

        async def ask(messages: Sequence[Mapping[str, Any]]) -> Reply:
            return await backend.ask(Question(messages=messages, model=model, max_tokens=8192))

        session.recorder.flush()
        spec = await asyncio.to_thread(lambda: export(session.journal.events(), "md"))
        skills = self.others.library.names(folder)
        spec = spec[-drafts.MOST_SPEC :]
        made = await drafts.draft(ask, spec, folder, self.deck.config, skills)
        title = session.summary.title or session.summary.about or session.id
        path = await asyncio.to_thread(drafts.write_new, folder, title, made.file(title))
        told = made.to_json()
        told["path"] = str(path)
        return told

    def counted(self, parent: str, child: Session) -> None:
        """A session of a run started one of its own: what that took counts for the task."""
        for runner in self.runners.values():
            for key in runner.run.active:
                if runner.run.units[key].session == parent:
                    runner.spent(runner.run.units[key], child)

    async def give(self, run: str, task: str, text: str, session: str) -> None:
        """Hand an answer of a session to a task that has not begun. Raises UsageError."""
        (await self.get(run)).give(task, text, session)

    # -- who answers

    def who(self, plan: Plan, task: Task) -> tuple[str, str, str]:
        """Profile, backend and model of a task's sessions."""
        own = bool(task.profile or task.backend)
        profile = task.profile or ("" if own else plan.head.profile)
        backend = task.backend or ("" if own else plan.head.backend)
        return profile, backend, task.model or ("" if own else plan.head.model)

    def credential(self, plan: Plan, task: Task) -> str:
        """What a task's sessions count against: a server and a key, or an agent."""
        profile, backend, model = self.who(plan, task)
        choice = self.deck.config.choose(profile=profile, backend=backend, model=model)
        configured = self.deck.config.backends.get(choice.backend)
        by_key = configured is not None and configured.type in ("anthropic", "openai")
        if configured is None or not by_key or configured.api_key:
            return choice.backend
        return f"{configured.base_url} {configured.variable}".strip() or choice.backend

    # -- what is told

    def told(self, runner: Runner, event: record.RunEvent) -> None:
        """An event of a run is written down."""
        told = record.to_json(event)
        self.deck.notice("plan", "", event=told, idle=False, **_progress(runner.run))

    def rests(self, runner: Runner) -> None:
        """A run needs a person."""
        run = runner.run
        waits = run.count("waiting")
        why = f"{waits} of its tasks wait for you" if waits else runner.held
        self._keep(runner)
        told = _progress(run)
        self.deck.notice("plan", f"{run.title}: {why}.", idle=True, held=runner.held, **told)
        self.deck.on_quiet()

    async def ended(self, runner: Runner) -> None:
        """A run is over."""
        run = runner.run
        self._refused = False
        self._keep(runner)
        told = _progress(run)
        self.deck.notice("plan", f"{run.title}: {show.words(run)}.", idle=True, **told)
        self.deck.on_quiet()

    def _keep(self, runner: Runner) -> None:
        """Write the report; it can be made again at any time."""
        try:
            report.keep(runner.run, runner.store.folder, runner.held)
        except OSError as error:
            log.warning("the report of run %s: %s", runner.run.id, error)

    def refused(self, runner: Runner, error: JournalError) -> None:
        """A run can't be written down; told once."""
        if not self._refused:
            log.warning("%s", error)
            self.deck.notice("plan", str(error), run=runner.run.id)
        self._refused = True


def _progress(run: Run) -> RunTold:
    """What a line on screen tells of a run."""
    return {
        "run": run.id,
        "title": run.title,
        "done": run.count("done") + run.count("skipped"),
        "of": len(run.units),
        "over": run.over,
    }


def load(folder: Path) -> Run:
    """A run as it is on disk, for reading."""
    events = store.read_events(folder)
    created = next((e for e in events if isinstance(e, record.Created)), None)
    if created is None:
        raise JournalError(f"Run {folder.name} was never begun.", f"Remove {folder}.")
    plan = read.reread(store.read_plan(folder), Path(created.folder), created.name)
    return Run.of(plan, events)


def _report(folder: Path) -> PlanReport:
    """The report of a run as it is on disk: what a runner has changes while it is made."""
    run = load(folder)
    path = report.keep(run, folder, held_at(run))
    return {"text": path.read_text("utf-8"), "path": str(path)}


def held_at(run: Run) -> str:
    """Why a run that is not over starts nothing, as far as its journal tells."""
    decision = decide(run, time.time())
    return "" if decision.over else decision.held


def _given(wish: float | str | None, otherwise: float) -> float:
    if wish is None:
        return otherwise
    try:
        return float(wish)
    except ValueError as error:
        raise UsageError(f"{wish!r} is no number.") from error
