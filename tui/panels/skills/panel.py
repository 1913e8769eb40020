"""The Skills panel of the session in focus."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from sessions import events as ev
from sessions.errors import AgentdeckError, NeedsPerson
from tui.lines import Line, Spot
from tui.panels import Panel
from tui.panels.skills.reader import Reader
from tui.panels.skills.review import ReviewScreen
from tui.rows import Row, Rows
from tui.screens.dialogs import Choose, Listing, Pick
from tui.text import clip, one_line, tokens

STATES = ("off", "on", "name-only", "manual")
_MARKS = {"on": "●", "name-only": "◐", "manual": "○", "off": "·"}
_STYLES = {"on": "$text-success", "name-only": "$text-accent", "manual": "$text-warning"}
BUDGET = 2000
"""Tokens of listing at which the bar is full: about twenty skills."""
_HINT = "space switch · a all tiles · p default · enter read · r review · u uses · / filter"


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
        Binding("slash", "filter", show=False),
        Binding("escape", "unfilter", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.skills: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield Input(placeholder="filter", compact=True, id="skills-filter")
        yield Rows("No skills are seen from this directory.", id="skills-rows")
        yield Static("", markup=False, id="skills-about")
        yield Line(id="skills-budget")
        yield Static(_HINT, markup=False, id="skills-hint")

    # -- what it shows

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus."""
        super().attach(session_id)
        self.reload()

    def session_event(self, event: ev.Event) -> None:
        """Something of skills happened in the session."""
        if isinstance(event, ev.SkillSet | ev.SkillUsed):
            self.reload()

    def session_notice(self, notice: ev.JSON) -> None:
        """A skill folder came, went or changed."""
        if notice.get("kind") == "skills":
            self.reload()

    def reload(self) -> None:
        """Ask the engine again; what is shown stays until it has answered."""
        self.run_worker(self._load(), group="skills", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        try:
            args = {"session": self.session} if self.session else {}
            found = await self.client.call("skills.list", **args)
        except AgentdeckError as error:
            self.deck.say_error(error)
            return
        self.skills = found["rows"]
        self._show()
        self._say_budget(found["cost"])

    def _show(self) -> None:
        terms = self.query_one("#skills-filter", Input).value.casefold().split()
        rows = []
        for skill in self.skills:
            words = f"{skill['name']} {skill['description']} {skill['scope']}".casefold()
            if all(term in words for term in terms):
                rows.append(Row(skill["path"], _cells(skill)))
        self.query_one(Rows).show(rows)
        self._about()

    def _say_budget(self, cost: dict[str, Any]) -> None:
        used = int(cost["tokens"])
        filled = min(10, round(10 * used / BUDGET))
        bar = "█" * filled + "░" * (10 - filled)
        style = "$text-warning" if used > BUDGET else "$text-success"
        text = f" {cost['enabled']} on · listing {tokens(used)} tokens"
        self.query_one("#skills-budget", Line).say([Spot(bar, style), Spot(text, "$text-muted")])

    def _about(self) -> None:
        skill = self.chosen
        text = ""
        if skill is not None:
            where = f"hidden by {skill['shadowed_by']}" if skill["shadowed_by"] else skill["path"]
            text = f"{one_line(skill['description'])}\n{one_line(where)}"
            if skill.get("warnings"):
                text += f"\n! {one_line(skill['warnings'][0])}"
        self.query_one("#skills-about", Static).update(Content(clip(text, 600)))

    @property
    def chosen(self) -> dict[str, Any] | None:
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
        if skill is None or self.session is None:
            return
        if skill["shadowed_by"]:
            self.deck.say(f"{skill['name']} is hidden by {skill['shadowed_by']}")
            return
        self._switch(skill, STATES[(STATES.index(skill["state"]) + 1) % len(STATES)])

    def _switch(self, skill: dict[str, Any], state: str) -> None:
        async def send() -> None:
            try:
                await self.client.call(
                    "session.skill", session=self.session, name=skill["name"], state=state
                )
            except NeedsPerson:
                self._review(skill, then=state)
            except AgentdeckError as error:
                self.deck.say_error(error)

        self.run_worker(send(), group="switch", exit_on_error=False)

    def action_everywhere(self) -> None:
        """The state it has here, in all open sessions."""
        skill = self.chosen
        if skill is not None:
            self._command(
                "skills.everywhere",
                f"{skill['name']} is {skill['state']} in all tiles",
                name=skill["name"],
                state=skill["state"],
            )

    def action_default(self) -> None:
        """The state it has here, for new sessions of this session's profile."""
        skill = self.chosen
        summary = self.deck.model.summaries.get(self.session or "")
        if skill is None or summary is None:
            return
        self._command(
            "skills.default",
            f"New sessions of profile {summary.profile} have {skill['name']} {skill['state']}",
            profile=summary.profile,
            name=skill["name"],
            state=skill["state"],
        )

    def _command(self, command: str, done: str, **args: Any) -> None:
        async def send() -> None:
            try:
                await self.client.call(command, **args)
            except AgentdeckError as error:
                self.deck.say_error(error)
                return
            self.deck.say(done)
            await self._load()

        self.run_worker(send(), group="switch", exit_on_error=False)

    # -- looking closer

    @on(Rows.Picked)
    def _picked(self) -> None:
        skill = self.chosen
        if skill is not None:
            self.app.push_screen(Reader(self.client, skill["name"], self.session or ""))

    def action_review(self) -> None:
        """What the skill is and what was found in it."""
        if self.chosen is not None:
            self._review(self.chosen)

    def action_uses(self) -> None:
        """Where skills were used in this session: turn, and by whom."""
        if self.session is None:
            return

        async def show() -> None:
            try:
                uses = await self.client.call("skills.uses", session=self.session)
            except AgentdeckError as error:
                self.deck.say_error(error)
                return
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
            listing = Listing(picks, empty="No skill was used in this session yet.", enter="leaves")
            self.app.push_screen(Choose("Skills used in this session", listing))

        self.run_worker(show(), group="uses", exit_on_error=False)

    def _review(self, skill: dict[str, Any], then: str = "") -> None:
        def answered(trusted: bool | None) -> None:
            if trusted and then:
                self._switch(skill, then)
            elif trusted:
                self.reload()

        screen = ReviewScreen(self.client, skill["name"], self.session or "")
        self.app.push_screen(screen, answered)

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


def _cells(skill: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    muted = "$text-muted"
    if skill["shadowed_by"]:
        return (
            (f"  {one_line(skill['name'])}", "$text-disabled"),
            ("  shadowed", "$text-disabled"),
        )
    state = skill.get("state", "off")
    style = _STYLES.get(state, "")
    cells = [
        (f"{_MARKS[state]} ", style),
        (one_line(skill["name"]), style or "$text"),
        (f" {state}" if state not in ("on", "off") else "", style),
        (f"  {skill['scope']}", muted),
        (f" {tokens(skill['listing_tokens'])}+{tokens(skill['body_tokens'])}", muted),
    ]
    if skill.get("used"):
        cells.append((f" used {skill['used']}×", "$text-accent"))
    if not skill.get("usable", True):
        cells.append((" review", "$text-warning"))
    return tuple(cells)
