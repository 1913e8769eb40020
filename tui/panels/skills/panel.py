"""The Skills panel of the session in focus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from sessions.api.calls import Calls
from sessions.api.notices import EngineNotice
from sessions.api.skills import NotSwitched, SkillBroken, SkillListed
from sessions.errors import AgentdeckError, NeedsPerson
from sessions.record import events as ev
from sessions.record.closed_sets import SkillState
from tui.panels.base import Panel
from tui.panels.skills import paired, upkeep
from tui.panels.skills.reader import SkillReader
from tui.panels.skills.review import ReviewScreen
from tui.panels.skills.rows import OWN, broken_row, budget, header, skill_row, where
from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Pick, Prompt
from tui.timing.background_work import while_shown
from tui.widgets.clickable_line import ClickableLine, ClickableSpot
from tui.widgets.fields import Field
from tui.widgets.hints import Hints
from tui.widgets.rows import Rows
from tui.words.text import clip, one_line

T = TypeVar("T")

STATES: tuple[SkillState, ...] = ("off", "on", "name-only", "manual")
_MEANS = {
    "on": "on: the model sees its description",
    "name-only": "name-only: the model sees its name",
    "manual": "manual: only you can call it, by /name",
    "off": "off: not mentioned",
}
_HINTS = (
    ("space", "switch"),
    ("a", "all tiles"),
    ("p", "profile's default"),
    ("enter", "read"),
    ("r", "review"),
    ("u", "uses"),
    ("k", "upkeep"),
    ("b", "with and without"),
    ("n", "add"),
    ("d", "remove"),
    ("z", "put back"),
    ("slash", "filter"),
)


class SkillsPanel(Panel):
    """Skills seen from the session's directory, each with its state in this session."""

    name_ = "skills"
    title = "Skills"
    key = "f4"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "switch", show=False),
        Binding("a", "everywhere", show=False),
        Binding("p", "default", show=False),
        Binding("r", "review", show=False),
        Binding("u", "uses", show=False),
        Binding("k", "upkeep", show=False),
        Binding("b", "pair", show=False),
        Binding("n", "add", show=False),
        Binding("d", "remove", show=False),
        Binding("z", "undo", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "unfilter", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.skills: list[SkillListed] = []
        self.broken: list[SkillBroken] = []

    def compose(self) -> ComposeResult:
        yield Field(placeholder="filter", compact=True, id="skills-filter")
        yield ClickableLine(id="skills-head")
        yield Rows("No skills are seen from this directory.", id="skills-rows")
        yield Static("", markup=False, id="skills-about")
        yield Static("", markup=False, id="skills-budget")
        yield Hints(id="skills-hint")

    def on_mount(self) -> None:
        """Say what the keys do."""
        self.query_one(Hints).say(_HINTS)

    def on_resize(self) -> None:
        """Columns fit the width."""
        self._show()

    # -- what it shows

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus."""
        super().attach(session_id)
        self.reload()

    def session_event(self, event: ev.Event) -> None:
        """Something of skills happened in the session."""
        if isinstance(event, ev.SkillSet | ev.SkillUsed):
            self.reload()

    def session_notice(self, notice: EngineNotice) -> None:
        """A skill folder came, went or changed."""
        if notice.get("kind") == "skills":
            self.reload()

    def reload(self) -> None:
        """Ask the engine again; what is shown stays until it has answered."""
        self.run_worker(
            while_shown(self, self._load), group="skills", exclusive=True, exit_on_error=False
        )

    async def _load(self) -> None:
        try:
            found = await self.client.call("skills.list", session=self.session or "")
        except AgentdeckError as error:
            self.deck.say_error(error)
            return
        if not self.is_mounted:
            return
        self.skills, self.broken = found["rows"], found["broken"]
        self._show()
        self.query_one("#skills-budget", Static).update(budget(found["cost"], len(self.broken)))

    def _show(self) -> None:
        terms = self.query_one("#skills-filter", Input).value.casefold().split()
        rows = self.query_one(Rows)
        width = max(20, self.size.width - 2)  # the scroll bar may need two
        used = any(skill.get("used") for skill in self.skills)

        def asked(*words: str) -> bool:
            text = " ".join(words).casefold()
            return all(term in text for term in terms)

        shown = [
            skill_row(skill, width, used)
            for skill in self.skills
            if asked(skill["name"], skill["description"], skill["scope"], skill.get("state", ""))
        ]
        shown += [broken_row(b, width, used) for b in self.broken if asked(b["path"], "broken")]
        if terms:
            rows.empty = "No skill matches the filter."
        else:
            rows.empty = "No skills are seen from this directory. n adds one."
        rows.show(shown)
        self.query_one("#skills-head", ClickableLine).say(
            [ClickableSpot(header(width, used), "$text-muted")]
        )
        self._about()

    def _about(self) -> None:
        """The description in up to three lines, then a line each of what else is to be known.

        In a low terminal the rows go first: one line of it, and no path.
        """
        width = max(20, self.size.width)
        low = self.size.height < 24
        room = width if low else 3 * width - 8
        lines: list[str] = []
        skill, broken = self.chosen, self._broken
        if skill is not None:
            lines = [clip(one_line(skill["description"]), room)]
            if skill["shadowed_by"]:
                lines.append(f"hidden by {skill['shadowed_by']}")
            elif "state" in skill:
                lines.append(OWN if skill.get("own") else _MEANS[skill["state"]])
            lines += [f"! {warning}" for warning in skill.get("warnings", [])[:1]]
            lines += [] if low else [where(skill)]
        elif broken is not None:
            lines = [clip(one_line(f"It does not load: {broken['why']}"), 3 * width - 8)]
            lines.append(broken["path"])
        first, *others = lines or [""]
        text = "\n".join([first, *(clip(one_line(line), width) for line in others)])
        if skill is not None and skill.get("measured"):
            text += f"\n{clip(one_line('measured: ' + skill['measured']), 4 * width)}"
        self.query_one("#skills-about", Static).update(Content(text))

    @property
    def _broken(self) -> SkillBroken | None:
        """The folder under the cursor, if it does not load."""
        key = self.query_one(Rows).key
        return next((b for b in self.broken if b["path"] == key), None)

    @property
    def chosen(self) -> SkillListed | None:
        """The skill under the cursor."""
        key = self.query_one(Rows).key
        return next((s for s in self.skills if s["path"] == key), None)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._about()

    # -- switching

    def action_switch(self) -> None:
        """The next state of the skill under the cursor, in this session."""
        skill = self.chosen
        if skill is None:
            return
        if self.session is None:
            self.deck.say("Skills are switched per session; there is none yet.")
            return
        if skill["shadowed_by"]:
            self.deck.say(f"{skill['name']} is hidden by {skill['shadowed_by']}")
            return
        self._switch(skill, STATES[(STATES.index(skill["state"]) + 1) % len(STATES)])

    def _switch(self, skill: SkillListed, state: SkillState) -> None:
        session = self.session or ""

        async def send() -> None:
            try:
                await self.client.call(
                    "session.skill", session=session, name=skill["name"], state=state
                )
            except NeedsPerson:
                self._review(skill, then=state)
            except AgentdeckError as error:
                self.deck.say_error(error)

        self.run_worker(send(), group="switch", exit_on_error=False)

    def action_everywhere(self) -> None:
        """The state it has here, in all open sessions."""
        skill = self.chosen
        if skill is None or self.session is None:
            return

        def done(told: NotSwitched) -> str:
            refused = list(told["refused"].values())
            if not refused:
                return f"{skill['name']} is {skill['state']} in all tiles"
            return f"{skill['name']} was refused in {len(refused)}: {one_line(refused[0])}"

        name, state = skill["name"], skill["state"]
        self._command(lambda c: c.call("skills.everywhere", name=name, state=state), done)

    def action_default(self) -> None:
        """The state it has here, for new sessions of this session's profile."""
        skill = self.chosen
        summary = self.deck.model.summaries.get(self.session or "")
        if skill is None or summary is None:
            return
        name, state = skill["name"], skill["state"]
        said = f"New sessions of profile {summary.profile} have {name} {state}"
        profile = summary.profile
        self._command(
            lambda c: c.call("skills.default", profile=profile, name=name, state=state),
            lambda _: said,
        )

    def _command(self, ask: Callable[[Calls], Awaitable[T]], done: Callable[[T], str]) -> None:
        async def send() -> None:
            try:
                told = await ask(self.client)
            except AgentdeckError as error:
                self.deck.say_error(error)
                return
            self.deck.say(done(told))
            await self._load()

        self.run_worker(send(), group="switch", exit_on_error=False)

    # -- looking closer

    @on(Rows.Picked)
    def _picked(self) -> None:
        skill = self.chosen
        if skill is not None:
            name, folder = skill["name"], skill["path"]
            self.app.push_screen(SkillReader(self.client, name, self.session or "", folder))

    def action_review(self) -> None:
        """What the skill is and what was found in it."""
        if self.chosen is not None:
            self._review(self.chosen)

    def action_uses(self) -> None:
        """Where skills were used in this session: turn, and by whom."""
        session = self.session
        if session is None:
            return

        async def show() -> None:
            uses = await self.client.call("skills.uses", session=session)
            picks = [
                Pick(
                    f"{number}",
                    (
                        (f"turn {use['turn']}  ", "$text-accent"),
                        (one_line(use["name"]), ""),
                        (f"  by the {'model' if use['how'] == 'tool' else 'user'}", "$text-muted"),
                    ),
                )
                for number, use in enumerate(uses)
            ]
            listing = Listing(picks, empty="No skill was used in this session yet.", enter="closes")
            self.app.push_screen(Choose("Skills used in this session", listing))

        self.run_worker(self.deck.guarded(show()), group="uses", exit_on_error=False)

    def action_upkeep(self) -> None:
        """Your skills: used by whom, with what outcome, and what wants a look."""

        def put_away(name: str) -> None:
            self._command(
                lambda c: c.call("harvest.uninstall", name=name),
                lambda _: f"{one_line(name)} is put away; u in Harvest brings it back",
            )

        async def show() -> None:
            await upkeep.show(self.app, self.client, put_away)

        self.run_worker(self.deck.guarded(show()), group="upkeep", exit_on_error=False)

    def action_pair(self) -> None:
        """The skill with and without, over several prompts: begun, looked at, or judged."""
        if self.chosen is not None:
            self.alone(paired.go_on(self, self.chosen["name"]))

    def alone(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something of a paired run; another one takes its place. What is refused is said."""
        guarded = self.deck.guarded(work)
        self.run_worker(guarded, group="pair", exclusive=True, exit_on_error=False)

    def _review(self, skill: SkillListed, then: SkillState | None = None) -> None:
        def answered(trusted: bool | None) -> None:
            if trusted and then:
                self._switch(skill, then)
            elif trusted:
                self.reload()

        screen = ReviewScreen(self.client, skill["name"], self.session or "", skill["path"])
        self.app.push_screen(screen, answered)

    # -- in and out

    def action_add(self) -> None:
        """Copy a skill into mine, then show what came."""

        def given(source: str | None) -> None:
            if source and source.strip():
                self.run_worker(self._add(source), group="add", exit_on_error=False)

        words = "a folder, a .zip or .skill archive, a git address"
        self.app.push_screen(Prompt("Add a skill", placeholder=words, enter="adds it"), given)

    async def _add(self, source: str, only: str = "", replace: bool = False) -> None:
        try:
            added = await self.client.call(
                "skills.add",
                source=source,
                session=self.session or "",
                only=only,
                replace=replace,
            )
        except AgentdeckError as error:
            self.deck.say_error(error)
            return
        if name := added["taken"]:
            self._ask_replace(name, source, only)
        elif names := added["several"]:
            self._ask_which(names, source)
        elif (skill := added["added"]) is not None:
            await self._load()
            self.deck.say(f"Added {skill['name']}; it is off until you switch it on.")
            self._review(skill)

    def _ask_which(self, names: list[str], source: str) -> None:
        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self.run_worker(self._add(source, choice.row), group="add", exit_on_error=False)

        picks = [Pick(name, ((one_line(name), ""),)) for name in names]
        screen = Choose("Which of its skills?", Listing(picks, enter="adds it"))
        self.app.push_screen(screen, chosen)

    def _ask_replace(self, name: str, source: str, only: str) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                again = self._add(source, only, replace=True)
                self.run_worker(again, group="add", exit_on_error=False)

        text = f"You have a skill {one_line(name)} already. It would go to the trash."
        self.app.push_screen(Confirm("Replace it?", text, "Replace"), answered)

    def action_remove(self) -> None:
        """Move one of mine to the trash, when that is confirmed."""
        skill = self.chosen
        if skill is None:
            return
        name = skill["name"]

        def answered(yes: bool | None) -> None:
            if yes:
                path, session = skill["path"], self.session or ""
                self._command(
                    lambda c: c.call("skills.remove", name=name, path=path, session=session),
                    lambda _: f"Removed {name}; z puts it back",
                )

        text = f"{name} goes to the trash:\n{skill['path']}\nSessions that have it on lose it."
        self.app.push_screen(Confirm(f"Remove {one_line(name)}?", text, "Remove"), answered)

    def action_undo(self) -> None:
        """Put back what was removed last."""
        self._command(
            lambda c: c.call("skills.undo"), lambda told: f"Put back {one_line(told['path'])}"
        )

    # -- the filter

    def action_filter(self) -> None:
        """Type to filter."""
        self.query_one("#skills-filter", Input).focus()

    def action_unfilter(self) -> None:
        """Back from the filter to the rows; from there to the composer."""
        field = self.query_one("#skills-filter", Input)
        if field.has_focus or field.value:
            field.value = ""
            self.query_one(Rows).focus()
        else:
            self.deck.composer.focus()

    @on(Input.Changed, "#skills-filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#skills-filter")
    def _to_rows(self) -> None:
        self.query_one(Rows).focus()
