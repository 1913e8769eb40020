"""Runs of plans: which there are, and one as it goes: tasks, who worked when, what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from sessions.api.plans import RunLine, RunShown, RunUnit
from sessions.errors import AgentdeckError
from sessions.record.closed_sets import UnitState
from tui.screens.dialogs import Confirm, Dialog
from tui.terminal import glyphs
from tui.timing.timers import later
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clip_middle, column, cost, in_column, one_line, plain, tokens

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from tui.deck.interfaces import ForRuns

REFRESH_S = 1.0
"""A run is asked for anew so often at most, however much happens in it."""
_LINE = 24
"""Cells of the timeline."""
_NARROW = 100
"""In fewer columns the timeline has half as many."""
_STATES: dict[UnitState, tuple[str, str, str]] = {
    "waiting": ("needs-you", "needs you", "$text-warning"),
    "failed": ("failed", "failed", "$text-error"),
    "unknown": ("unknown", "unknown", "$text-warning"),
    "running": ("working", "working", "$text-accent"),
    "pending": ("idle", "waits", "$text-muted"),
    "done": ("done", "done", "$text-success"),
    "skipped": ("paused", "skipped", "$text-muted"),
}
_RANK = {name: rank for rank, name in enumerate(_STATES)}
_LIST_KEYS = (("enter", "opens"), ("n", "starts a plan"), ("escape", "closes"))
_RUN_KEYS = (
    ("enter", "goes to its tile"),
    ("p", "pauses, resumes"),
    ("t", "retries"),
    ("s", "skips"),
    ("x", "stops"),
    ("r", "report"),
    ("escape", "all runs"),
)
_NONE = (
    "No plan has run yet. n starts one, or writes one to begin with; the palette's “Make a plan "
    "of this session” drafts one."
)


class RunsView(Dialog[str]):
    """Gives the session that is wanted, or nothing."""

    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", show=False),
        Binding("t", "retry", show=False),
        Binding("s", "skip", show=False),
        Binding("x", "stop", show=False),
        Binding("r", "report", show=False),
        Binding("n", "new", show=False),
    ]

    def __init__(self, deck: ForRuns, run: str = "") -> None:
        super().__init__("Runs of plans")
        self.deck = deck
        self.run_id = run
        """The one that is looked at, "" = all of them."""
        self.listed: list[RunLine] = []
        self.told: RunShown | None = None
        """The run that is looked at; None: all of them are."""
        self._asking = False
        self._due = False

    def body(self) -> ComposeResult:
        """How it stands, the rows, and what the keys do."""
        yield Static("", id="standing", markup=False)
        yield Rows("…")
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Show all runs, and follow what happens."""
        self.follow(self.deck.topics.run, self.happened)
        self.query_one(Rows).focus()
        self._ask()

    def happened(self, notice: EngineNotice) -> None:
        """Something of a run happened."""
        if (not self.run_id or notice.get("run") == self.run_id) and not self._due:
            self._due = True
            later(self, REFRESH_S, self._ask)

    def _ask(self) -> None:
        self._due = False
        if not self._asking and self.is_attached:
            self._asking = True
            self.run_worker(self._fetch(), exclusive=False, exit_on_error=False)

    async def _fetch(self) -> None:
        try:
            if self.run_id:
                self.told = await self.deck.client.call("plan.show", run=self.run_id)
            else:
                self.listed = await self.deck.client.call("plan.list")
                self.told = None
        except AgentdeckError as error:
            self.query_one("#standing", Static).update(plain(one_line(str(error))))
        else:
            self.show()
        finally:
            self._asking = False

    # -- what is shown

    def show(self) -> None:
        """Draw what was told last."""
        told = self.told
        listed = _LIST_KEYS if self.listed else _LIST_KEYS[1:]  # where there is one to open
        self.query_one("#offers", Hints).say(listed if told is None else _RUN_KEYS)
        rows = self.query_one(Rows)
        standing = self.query_one("#standing", Static)
        rows.empty = _NONE
        if told is None:
            self.query_one("#dialog").border_title = plain(f"Runs ({len(self.listed)})")
            standing.display = False
            columns = zip(*map(_run_cells, self.listed), strict=True)
            widths = [column(cells, 24) for cells in columns]
            rows.show([_run_row(run, widths) for run in self.listed])
            return
        self.query_one("#dialog").border_title = plain(one_line(told["title"]))
        standing.display = True
        standing.update(plain(_standing(told)))
        units = sorted(told["units"], key=lambda u: _RANK.get(u["state"], 9))
        names = (one_line(unit["unit"]) for unit in units)
        # The rest has what room the names leave it.
        room = self.app.size.width
        width, line = column(names, max(14, room // 5)), _LINE if room >= _NARROW else _LINE // 2
        rows.show([_unit_row(unit, told, width, line) for unit in units])

    # -- what is done

    @on(Rows.Picked)
    def _picked(self, message: Rows.Picked) -> None:
        if not self.run_id:
            self.run_id = message.key
            self._ask()
        elif (unit := self._unit(message.key)) and unit["session"]:
            self.dismiss(unit["session"])

    def on_resize(self) -> None:
        """The columns follow what room there is."""
        if self.told is not None:
            self.show()

    def _unit(self, key: str) -> RunUnit | None:
        units = self.told["units"] if self.told else []
        return next((u for u in units if u["unit"] == key), None)

    def action_cancel(self) -> None:
        """Back to all runs, or out."""
        if self.run_id:
            self.run_id = ""
            self._ask()
        else:
            self.dismiss(None)

    def action_pause(self) -> None:
        """Pause the run, or let it go on."""
        if self.run_id:
            told = self.told
            going = told and told["state"] in ("working", "needs-you") and not told["held"]
            self._tell("plan.pause" if going else "plan.resume")

    def action_retry(self) -> None:
        """Try the task under the cursor again."""
        if self.run_id:
            self._tell("plan.retry", task=self.query_one(Rows).key)

    def action_skip(self) -> None:
        """Take the task under the cursor out of the run."""
        if self.run_id:
            self._tell("plan.skip", task=self.query_one(Rows).key)

    def action_stop(self) -> None:
        """End the run, after asking."""
        if self.run_id:
            text = "What works is ended. p resumes the run."
            question = Confirm("Stop this run?", text, "Stop", danger=True)

            def answered(yes: bool | None) -> None:
                if yes:
                    self._tell("plan.stop")

            self.app.push_screen(question, answered)

    def action_new(self) -> None:
        """Start another plan."""
        if not self.run_id:
            self.dismiss(None)
            self.deck.start("start_plan")

    def action_report(self) -> None:
        """What came of it so far, to be read."""
        if self.run_id:
            self.run_worker(self._report(), exit_on_error=False)

    async def _report(self) -> None:
        try:
            told = await self.deck.client.call("plan.report", run=self.run_id)
        except AgentdeckError as error:
            self.deck.say(str(error))
            return
        title = f"The report: {one_line(told['path'])}"
        await self.app.push_screen_wait(Confirm(title, told["text"], "Good"))

    def _tell(self, command: str, **args: Any) -> None:
        async def tell() -> None:
            try:
                calls: Any = self.deck.client.call
                await calls(command, run=self.run_id, **args)
            except AgentdeckError as error:
                self.deck.say(str(error))
            self._ask()

        self.run_worker(tell(), exit_on_error=False)


def _run_cells(run: RunLine) -> tuple[str, ...]:
    """How it stands, how far it is, what it took and when it began."""
    counts = run["counts"]
    done = f"{counts.get('done', 0)}/{sum(counts.values())}"
    return run["state"], done, _money(run), run["began"][5:16].replace("T", " ")


def _run_row(run: RunLine, widths: Sequence[int]) -> Row:
    state, done, money, began = map(in_column, _run_cells(run), widths)
    cells = (
        (f"{state} ", "$text-warning" if run["idle"] and run["held"] else ""),
        (f"{done} ", "bold"),
        (f"{money} ", "$text-muted"),
        (f"{began} ", "$text-muted"),
        (one_line(run["title"]), "bold"),
    )
    return Row(run["id"], cells)


def _money(run: RunLine) -> str:
    spent, budget = run["spent"], run["budget"]
    parts = [f"{tokens(spent['tokens'])} tok"]
    if spent["usd"]:
        parts.insert(0, cost(spent["usd"]))
    if budget["usd"]:
        parts.append(f"of {cost(budget['usd'])}")
    elif budget["tokens"]:
        parts.append(f"of {tokens(budget['tokens'])}")
    return " ".join(parts)


def _standing(run: RunShown) -> str:
    """How a run stands, in two lines: by state, and what it took."""
    counts = run["counts"]
    by_state = [f"{counts[name]} {_STATES[name][1]}" for name in _STATES if counts.get(name)]
    lost = [f"{t['name']}: {one_line(t['why'])}" for t in run["tasks"] if t["why"]]
    second = [_money(run), f"{run['parallel']} at once"]
    if run["held"]:
        second.append(f"held: {one_line(run['held'])}")
    return "\n".join([f"{run['state']} · " + ", ".join(by_state), " · ".join(second), *lost[:2]])


def _unit_row(unit: RunUnit, run: RunShown, width: int, line: int) -> Row:
    """`width` of its name, `line` of its timeline."""
    glyph, word, style = _STATES.get(unit["state"], ("unknown", unit["state"], ""))
    if unit["state"] == "pending" and not unit["began"]:
        return _waiting_row(unit["unit"], unit["item"] or "", width, line, glyphs.is_ascii())
    about = unit["why"] if unit["state"] in ("waiting", "failed", "unknown") else ""
    about = about or unit["item"] or unit["why"] or ""
    cells = (
        (f"{glyphs.status(glyph)} {word:<10}", style),
        (_in_column(unit["unit"], width), "bold"),
        (_timeline(unit, run, line), style),
        (f" {tokens(unit['tokens']):>6} ", "$text-muted"),
        (one_line(str(about)), ""),
    )
    return Row(unit["unit"], cells)


def _in_column(name: str, width: int) -> str:
    """A unit's name: its number, at the end, is what it differs by from the others."""
    return in_column(clip_middle(one_line(name), width), width)


@lru_cache(4096)
def _waiting_row(name: str, item: str, width: int, line: int, ascii_: bool) -> Row:
    """A task that has not begun: of a thousand most are, and none of them changes."""
    glyph, word, style = _STATES["pending"]
    cells = (
        (f"{glyphs.status(glyph)} {word:<10}", style),
        (_in_column(name, width), "bold"),
        (("." if ascii_ else "·") * line, style),
        (f" {tokens(0):>6} ", "$text-muted"),
        (one_line(item), ""),
    )
    return Row(name, cells)


def _timeline(unit: RunUnit, run: RunShown, line: int) -> str:
    """From when to when a unit worked, over the run's whole time."""
    begin, end = _time(run["began"]), _time(run["updated"])
    length = max(1.0, end - begin)
    full, empty = ("#", ".") if glyphs.is_ascii() else ("▬", "·")
    cells = [empty] * line
    if unit["began"]:
        over = unit["ended"] if unit["ended"] >= unit["began"] else run["updated"]
        first = int((_time(unit["began"]) - begin) / length * (line - 1))
        last = int((_time(over) - begin) / length * (line - 1))
        for at in range(max(0, first), min(line - 1, last) + 1):
            cells[at] = full
    return "".join(cells)


@lru_cache(4096)
def _time(at: str) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0
