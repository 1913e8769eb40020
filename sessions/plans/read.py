"""Reading a plan file, strictly: every fault with its line, its key and what to do."""

from __future__ import annotations

import dataclasses
import difflib
import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

from sessions.config.model import Config
from sessions.config.strict import StrictReader
from sessions.errors import AgentdeckError, UsageError
from sessions.plans import fanout, placeholders, times
from sessions.plans.model import ANY, NAME, RAY, RESERVED, ForEach, Plan, PlanTables, Task
from sessions.plans.toml_positions import Path as Key
from sessions.plans.toml_positions import positions
from sessions.priming import kinds
from sessions.record import events as ev
from sessions.worktrees.repository import pin, repository

_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class PlanFinding:
    """One fault of a plan file. `line` 0: it stands in no line."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"

    def to_json(self) -> ev.JSON:
        """As `plan check --json` prints it."""
        return dataclasses.asdict(self)


class PlanError(UsageError):
    """A plan file is wrong."""

    def __init__(self, path: Path | str, findings: Sequence[PlanFinding]) -> None:
        told = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(
            f"{path} is wrong:\n{told}", "Nothing was started. docs/plans.md has every key."
        )
        self.findings = list(findings)


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan without a fault, and what it leads to."""

    plan: Plan
    items: dict[str, list[fanout.FanoutItem] | None] = field(default_factory=dict)
    """Of each task that is done many times; None: only known when another one has answered."""
    warnings: list[str] = field(default_factory=list)

    def sessions(self, task: Task) -> int | None:
        """How many sessions a task begins with, if that is known."""
        items = self.items.get(task.name, [])
        if task.many and items is None:
            return None
        return (len(items or ()) if task.many else 1) * max(1, task.best_of)


class _Reader(StrictReader):
    """Knows in which of several `[[task]]` it is."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._positions = positions(text)
        self.findings: list[PlanFinding] = []
        self.names: dict[str, str] = {}

    def fault(self, path: Key, message: str) -> None:
        """Note a fault with its key and line."""
        self.findings.append(PlanFinding(self.line_of(path), self._say(path), message))

    def _say(self, path: Key) -> str:
        if path[:1] == ("task",) and len(path) > 1:
            name = self.names.get(path[1]) or f"number {int(path[1]) + 1}"
            return " ".join([f"task {name}", ".".join(path[2:])]).strip()
        return ".".join(path)

    def line_of(self, path: Key) -> int:
        """The line in which a key stands, or the table that it is in."""
        while path:
            if path in self._positions:
                return self._positions[path]
            path = path[:-1]
        return 0

    def value(self, hint: Any, value: Any, path: Key) -> Any:
        """As the Reader's; the tables of an array are told apart."""
        inner: Any = next(iter(get_args(hint)), None)
        if get_origin(hint) is list and dataclasses.is_dataclass(inner):
            if not isinstance(value, list):
                self.fault(path, f"must be an array of tables: [[{'.'.join(path)}]]")
                return []
            kind: Any = inner
            return [self.table(kind, v, (*path, str(n))) for n, v in enumerate(value)]
        return super().value(hint, value, path)


def read(path: Path, config: Config, *, skills: Sequence[str] | None = None) -> CheckedPlan:
    """The plan of a file, and what it leads to.

    `skills`: the names in the library; None: they are not looked at. Raises UsageError where the
    file can't be read, and PlanError with every fault that it has.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is too large for a plan.")
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}.", "Name a plan file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}.") from error
    return parse(text, path.resolve().parent, config, skills=skills, name=path.stem, shown=path)


def parse(
    text: str,
    folder: Path,
    config: Config,
    *,
    skills: Sequence[str] | None = None,
    name: str = "plan",
    shown: Path | str = "The plan",
) -> CheckedPlan:
    """The same for a text that lies, or would lie, in `folder`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(shown, [PlanFinding(0, "", f"it is not TOML: {error}")]) from error
    reader = _Reader(text)
    tasks = data.get("task")
    for number, table in enumerate(tasks if isinstance(tasks, list) else []):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            reader.names[str(number)] = table["name"]
    file = reader.table(PlanTables, data, ())
    assert isinstance(file, PlanTables)
    plan = Plan(file.plan, tuple(file.task), folder, text, name)
    check = _Check(plan, config, skills, reader)
    if not reader.findings:
        check.all()
    if reader.findings:
        raise PlanError(shown, sorted(reader.findings, key=lambda f: f.line))
    return CheckedPlan(plan, check.items, check.warnings)


def reread(text: str, folder: Path, name: str) -> Plan:
    """The plan of a run, which was checked when it began. Raises UsageError."""
    try:
        reader = _Reader(text)
        file = reader.table(PlanTables, tomllib.loads(text), ())
    except tomllib.TOMLDecodeError as error:
        raise PlanError("The run's plan", [PlanFinding(0, "", str(error))]) from error
    if reader.findings:
        raise PlanError("The run's plan", reader.findings)
    return Plan(file.plan, tuple(file.task), folder, text, name)


def joined(plan: str, more: str) -> str:
    """A plan's text with more tasks behind it. Raises UsageError where they are anything else."""
    try:
        tables = tomllib.loads(more)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"That is not TOML: {error}.", "Write one [[task]] or several.") from error
    if set(tables) != {"task"} or not isinstance(tables["task"], list):
        raise UsageError("Only tasks can be added to a run.", "Write one [[task]] or several.")
    return f"{plan.rstrip()}\n\n{more.strip()}\n"


class _Check:
    """What no single key can be wrong about: names, order, places, programs, placeholders."""

    def __init__(
        self, plan: Plan, config: Config, skills: Sequence[str] | None, reader: _Reader
    ) -> None:
        self.plan = plan
        self.config = config
        self.skills = skills
        self.reader = reader
        self.items: dict[str, list[fanout.FanoutItem] | None] = {}
        self.warnings: list[str] = []
        self._by_name = {task.name: task for task in plan.tasks}

    def all(self) -> None:
        """Note every fault."""
        fault = self.reader.fault
        if not self.plan.tasks:
            fault((), "it has no task; write a [[task]] with a name and a prompt")
            return
        self._head()
        seen: set[str] = set()
        for number, task in enumerate(self.plan.tasks):
            path = ("task", str(number))
            self._name(task, path, seen)
            self._order(task, path)
            self._values(task, path)
        if not self.reader.findings and (ring := self._ring()):
            number = next(n for n, t in enumerate(self.plan.tasks) if t.name == ring[0])
            circle = " needs ".join([*ring, ring[0]])
            fault(("task", str(number), "needs"), f"goes in a circle: {circle}; take one out")
        if not self.reader.findings:
            for number, task in enumerate(self.plan.tasks):
                self._leads_to(task, ("task", str(number)))

    # -- the whole

    def _head(self) -> None:
        head, fault = self.plan.head, self.reader.fault
        if not self.plan.directory.is_dir():
            fault(("plan", "directory"), f"there is no directory {self.plan.directory}")
        if head.parallel < 1:
            fault(("plan", "parallel"), "must be at least 1")
        if head.until:
            try:
                times.moment(head.until, times.local_now())
            except UsageError as error:
                fault(("plan", "until"), str(error))
        for number, window in enumerate(head.windows):
            if not window.hours or not (window.usd or window.tokens):
                fault(("plan", "windows", str(number)), "needs hours, and usd or tokens")
        if head.budget.usd and not self.config.prices:
            self.warnings.append(
                "No price is configured ([prices.MODEL]): dollars are counted only where a backend "
                "tells them."
            )
        self._who(head, ("plan",))

    def _who(self, wanted: Any, path: Key) -> None:
        """Profile, backend and skills are there."""
        if (where := getattr(wanted, "where", "")) and (told := self._nowhere(where)):
            self.reader.fault((*path, "where"), told)
        for key, there in (("profile", self.config.profiles), ("backend", self.config.backends)):
            name = getattr(wanted, key)
            if name and name not in there:
                self.reader.fault(
                    (*path, key), _unknown(f"no {key} is called {name!r}", name, there)
                )
        if self.skills is not None:
            for name in getattr(wanted, "skills", ()):
                if name not in self.skills:
                    told = _unknown(f"no skill is called {name!r}", name, self.skills)
                    self.reader.fault((*path, "skills"), told)

    def _nowhere(self, where: str) -> str:
        """Why no session can live there, or ""."""
        if where == RAY:
            known = self.config.cluster.address
            return "" if known else "no cluster is configured ([cluster] address)"
        if where == ANY or where in self.config.hosts:
            return ""
        return _unknown(f"no host is called {where!r}", where, (*self.config.hosts, ANY, RAY))

    def _ring(self) -> list[str]:
        """Tasks that need each other in a circle."""
        done: set[str] = set()

        def walk(name: str, way: list[str]) -> list[str]:
            if name in way:
                return way[way.index(name) :]
            if name in done:
                return []
            for need in self._by_name[name].needs:
                if ring := walk(need, [*way, name]):
                    return ring
            done.add(name)
            return []

        return next((ring for name in self._by_name if (ring := walk(name, []))), [])

    # -- one task

    def _name(self, task: Task, path: Key, seen: set[str]) -> None:
        fault = self.reader.fault
        if not task.name:
            fault(path, "needs a name")
        elif not NAME.fullmatch(task.name) or task.name in RESERVED:
            told = "letters, digits, - and _, a letter first, and none of plan, item, answer"
            fault((*path, "name"), f"{task.name!r} is no name of a task: {told}")
        elif task.name in seen:
            fault((*path, "name"), f"two tasks are called {task.name}; rename one")
        seen.add(task.name)
        if not task.prompt.strip():
            fault((*path, "prompt"), "is missing: say what its session shall do")

    def _order(self, task: Task, path: Key) -> None:
        for need in task.needs:
            if need not in self._by_name:
                told = _unknown(f"no task is called {need!r}", need, self._by_name)
                self.reader.fault((*path, "needs"), told)

    def _values(self, task: Task, path: Key) -> None:
        fault = self.reader.fault
        if task.tries < 1:
            fault((*path, "tries"), "must be at least 1")
        if task.best_of == 1:
            fault((*path, "best_of"), "must be at least 2, or left out")
        if bool(task.best_of) != (task.judge is not None):
            fault(path, "best_of and judge go together: write both, or neither")
        for who, key in ((task.judge, "judge"), (task.critic, "critic")):
            if who is not None:
                self._who(who, (*path, key))
                if not who.prompt.strip():
                    fault((*path, key), "needs a prompt: by what it judges")
        self._who(task, path)
        for wanted in task.primings:
            try:
                kinds.parse_spec(wanted)
            except UsageError as error:
                fault((*path, "prime"), str(error))
        if task.for_each is not None and len(task.for_each.kinds) != 1:
            fault((*path, "for_each"), "needs one of files, lines, rows, values or answer")

    # -- what it leads to

    def _leads_to(self, task: Task, path: Key) -> None:
        fields = self._fan_out(task, path)
        needs = {name: self._by_name[name].many for name in task.needs}
        others = frozenset(self._by_name) - needs.keys() - {task.name}
        for key, text in _texts(task):
            known = placeholders.KnownPlaceholders(
                needs, others, task.many, key == ("check",), fields
            )
            for name in placeholders.names(text):
                if told := known.fault(name):
                    self.reader.fault((*path, *key), told)
            for name in placeholders.spaced(text, known.roots):
                told = f"{{{name}}}: write {{{name.strip()}}}, without spaces"
                self.reader.fault((*path, *key), told)
        self._fields(task, path)
        self._directory(task, path)
        self._worktree(task, path)
        self._program(task, path)

    def _fan_out(self, task: Task, path: Key) -> tuple[str, ...] | None:
        """The fields of its items, None where only an answer will tell."""
        wanted = task.for_each
        if wanted is None:
            return ()
        if wanted.answer:
            self._answer(task, wanted, path)
            self.items[task.name] = None
            return None
        later = bool(task.needs) and not wanted.values
        found: list[fanout.FanoutItem] = []
        try:
            found = fanout.items(wanted, self.folders(task))
        except UsageError as error:
            if later:
                self.warnings.append(f"{task.name}: {error} A task before it must make it.")
            else:
                self.reader.fault((*path, "for_each"), str(error))
        else:
            if not found and not later:
                told = f"nothing is there to do it for: {wanted.kinds[0]} is empty"
                if wanted.files:
                    told = f"no file in {self.folders(task)[0]} matches {wanted.files!r}"
                self.reader.fault((*path, "for_each"), told)
        self.items[task.name] = found or None
        if not found:
            return None
        return tuple(dict.fromkeys(name for item in found for name in item.fields))

    def _answer(self, task: Task, wanted: ForEach, path: Key) -> None:
        if wanted.answer not in task.needs:
            there = self._by_name
            told = _unknown(f"no task is called {wanted.answer!r}", wanted.answer, there)
            if wanted.answer in there:
                told = f'add "{wanted.answer}" to needs, so that its answer is there by then'
            self.reader.fault((*path, "for_each"), told)
        elif self._by_name[wanted.answer].many:
            told = f"{wanted.answer} is done many times and has no single answer"
            self.reader.fault((*path, "for_each"), told)

    def _fields(self, task: Task, path: Key) -> None:
        """Every item has what the placeholders name."""
        for key, text in _texts(task):
            wanted = [n[5:] for n in placeholders.names(text) if n.startswith("item.")]
            for item in self.items.get(task.name) or ():
                lacks = [w for w in wanted if w != "number" and w not in item.fields]
                if lacks:
                    told = f"item {item.number} of {len(self.items[task.name] or ())} has no"
                    self.reader.fault((*path, *key), f"{told} {lacks[0]}")
                    break

    def folders(self, task: Task) -> list[Path]:
        """Where a task's files are looked for."""
        return folders(self.plan, task)

    def _directory(self, task: Task, path: Key) -> None:
        if "{" not in task.directory and not self.folders(task)[0].is_dir():
            told = f"there is no directory {self.folders(task)[0]}"
            self.reader.fault((*path, "directory"), told)

    def _worktree(self, task: Task, path: Key) -> None:
        folder = self.folders(task)[0]
        if not self.plan.in_worktree(task) or "{" in task.directory or not folder.is_dir():
            return
        where = ("plan", "worktrees") if task.worktree is None else (*path, "worktree")
        base = task.base or self.plan.head.base
        try:
            found = repository(folder)
            pin(found, "" if "{" in base else base)
        except AgentdeckError as error:
            self.reader.fault(where, str(error))

    def _program(self, task: Task, path: Key) -> None:
        if not task.check:
            return
        program = task.check[0]
        if any(True for _ in placeholders.names(program)):
            told = "the program itself can't be a placeholder; its arguments can"
            self.reader.fault((*path, "check"), told)
        elif "{" not in task.directory and not runs(program, self.folders(task)[0]):
            told = f"{program!r} is no program that can be run from {self.folders(task)[0]}"
            hint = "; write the program and each argument as texts of their own"
            self.reader.fault((*path, "check"), told + (hint if " " in program else ""))


def folders(plan: Plan, task: Task) -> list[Path]:
    """Where a task's files are looked for: its directory, then the plan file's folder."""
    own = plan.directory
    if "{" not in task.directory:
        own = (own / Path(task.directory).expanduser()).resolve()
    return [own, plan.folder]


def runs(program: str, folder: Path) -> bool:
    """Whether a check's first word is a program."""
    if not program:
        return False
    if "/" in program:
        path = folder / Path(program).expanduser()
        return path.is_file() and os.access(path, os.X_OK)
    return shutil.which(program) is not None


def _texts(task: Task) -> Iterator[tuple[Key, str]]:
    """Every text of a task that takes placeholders."""
    yield ("prompt",), task.prompt
    yield ("directory",), task.directory
    yield ("base",), task.base
    for part in task.check[1:]:
        yield ("check",), part
    for key, who in (("judge", task.judge), ("critic", task.critic)):
        if who is not None:
            yield (key, "prompt"), who.prompt


def _unknown(told: str, name: str, there: Any) -> str:
    near = difflib.get_close_matches(name, list(there), 1)
    if near:
        return f"{told}; did you mean {near[0]}?"
    return f"{told}; there are: {', '.join(list(there)[:20]) or 'none'}"


def order(tasks: Sequence[Task]) -> list[Task]:
    """The tasks so that each comes after what it needs, as the file has them otherwise."""
    waiting, found, done = list(tasks), list[Task](), set[str]()
    while waiting:
        ready = next((t for t in waiting if done.issuperset(t.needs)), None)
        if ready is None:
            raise AgentdeckError("The tasks need each other in a circle.")
        waiting.remove(ready)
        found.append(ready)
        done.add(ready.name)
    return found
