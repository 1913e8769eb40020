"""The form for a new session: who answers, where, under which title, how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.suggester import Suggester
from textual.widgets import Button, Input, Label, Select, Static

from sessions.api.answers import BackendListed
from sessions.api.calls import Calls
from sessions.api.deck import ProfileShown
from sessions.api.requests import SessionBegun
from sessions.errors import AgentdeckError
from sessions.record.closed_sets import Permission, one_of
from sessions.runtime.budget import EXAMPLE, parse
from sessions.runtime.directories import lack_of
from tui.deck.client import DeckClient
from tui.screens.confirm_full_mode import unprotected
from tui.screens.dialogs import Dialog
from tui.start_directory import here
from tui.timing.background_work import while_shown
from tui.widgets.fields import Field, Tick
from tui.words.text import one_line, plain

MAX_AT_ONCE = 24
BRING = "a repository of here goes along; its branch returns"
BUDGET_HINT = f"the configuration's · or: {EXAMPLE}"
TERMINAL_HINT = "no: a model · or a program in its place: bash, vim notes.md"
_CREATES = "enter creates · tab next field · → completes a path · esc cancels"
_TICKS = "space ticks · enter creates · tab next field · esc cancels"
_OPENS = "enter opens the list · ^n creates · tab next field · esc cancels"
# In a list of choices `$text-muted`, which takes after what is behind it, comes out white.
_GREY = "$foreground 55%"


def permissions(unprotected: str = "") -> list[tuple[str, str]]:
    """The modes and what they mean; `unprotected`: why no sandbox contains mode full."""
    full = "may do everything unasked, inside the sandbox"
    if unprotected:
        full = f"may do everything unasked. NO SANDBOX: {unprotected}"
    return [
        ("ask", "ask before what changes things"),
        ("read-only", "may only read"),
        ("edit", "may edit files, asks for the rest"),
        ("full", full),
    ]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen: the arguments of `session.create`, how many sessions, and what follows.

    `permission` and `backend` are those that the sessions will have, by the form or its profile.
    """

    args: SessionBegun
    count: int = 1
    permission: str = ""
    backend: str = ""
    program: str = ""
    """The command line of a terminal: then there is no model."""


class _Tick(Tick, inherit_bindings=False):
    """A tick in a form that enter creates from."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "toggle_button", show=False)]


class Folders(Suggester):
    """Completes a directory's name from the file system."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first directory whose path begins with `value`."""
        import asyncio

        return await asyncio.to_thread(complete_folder, value)


def complete_folder(value: str) -> str | None:
    """The first directory (by name) that `value` is the beginning of, with `~` kept."""
    if not value:
        return None
    head, _, tail = value.rpartition("/")
    base = Path(head + "/").expanduser() if head or value.startswith("/") else Path(here())
    try:
        names = sorted(e.name for e in base.iterdir() if e.name.startswith(tail) and e.is_dir())
    except OSError:
        return None
    visible = [n for n in names if not n.startswith(".") or tail.startswith(".")]
    if not visible or not tail:
        return None
    return f"{head}/{visible[0]}/" if "/" in value else f"{visible[0]}/"


class NewSessionForm(Dialog[Wish]):
    """Everything has a default: enter alone makes a session."""

    WIDE: ClassVar[bool] = False
    AUTO_FOCUS = "#title"
    QUICKER: ClassVar[Mapping[str, str]] = {"create": "enter", "leave": "escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "create", "create", show=False),
        Binding("ctrl+n", "create", "create", show=False, priority=True),
        Binding("enter", "create", "create", show=False),
    ]

    def __init__(self, client: DeckClient, cwd: str, host: str = "") -> None:
        super().__init__("New session")
        self.client = client
        self.host = host
        """The machine that is chosen, "" = this one."""
        self.cwd = cwd.removeprefix(f"{host}:") if host else cwd or here()
        self.profiles: list[ProfileShown] = []
        self.backends: list[BackendListed] = []

    def body(self) -> ComposeResult:
        """One row per question."""
        with VerticalScroll(id="form", can_focus=False):
            with Horizontal(classes="form--row", id="host-row"):
                yield Label(Content("Machine"))
                yield Select[str]((), prompt="this one", compact=True, id="host")
            with Horizontal(classes="form--row", id="bring-row"):
                yield Label(Content("Its files"))
                yield _Tick(Content(BRING), compact=True, id="bring")
            yield from self._row("Profile", Select[str]((), prompt="default", id="profile"))
            yield from self._row("Backend", Select[str]((), prompt="of the profile", id="backend"))
            yield from self._row("Model", Select[str]((), prompt="of the backend", id="model"))
            yield from self._row(
                "Directory", Field(self.cwd, suggester=Folders(), compact=True, id="cwd")
            )
            with Horizontal(classes="form--row"):
                yield Label(Content("Worktree"))
                yield _Tick(Content("on a branch of its own"), compact=True, id="worktree")
                yield Field(placeholder="from what is checked out", compact=True, id="base")
            yield from self._row(
                "Terminal", Field(placeholder=TERMINAL_HINT, compact=True, id="program")
            )
            yield from self._row("Title", Field(placeholder="none", compact=True, id="title"))
            modes = Select[str](self._modes(""), prompt="of the profile", id="permission")
            yield from self._row("Permission", modes)
            yield from self._row(
                "How many", Field("1", type="integer", max_length=2, compact=True, id="count")
            )
            yield from self._row(
                "Budget", Field(placeholder=BUDGET_HINT, compact=True, id="budget")
            )
            yield Static("", id="fault", markup=False)
        with Horizontal(id="buttons"):
            yield Button(Content("Create"), id="create", variant="primary", compact=True)
            yield Button(Content("Cancel"), id="leave", compact=True)

    def _modes(self, unprotected: str) -> list[tuple[Content, str]]:
        return [(Content(f"{name}: {text}"), name) for name, text in permissions(unprotected)]

    def on_resize(self) -> None:
        """Rows stand apart where there is room."""
        self.set_class(self.size.height >= 28, "-roomy")

    def _row(self, label: str, field: Input | Select[str]) -> ComposeResult:
        with Horizontal(classes="form--row"):
            yield Label(Content(label))
            if isinstance(field, Select):
                field.compact = True
            yield field

    def on_mount(self) -> None:
        """Ask the engine for the choices; the form can be used meanwhile."""
        self.hint(_CREATES)
        self.query_one("#host-row").display = False
        self.query_one("#bring-row").display = False
        self.run_worker(while_shown(self, self._load), exclusive=True)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Say what enter does there."""
        kind = event.widget
        self.hint(
            _OPENS if isinstance(kind, Select) else _TICKS if isinstance(kind, Tick) else _CREATES
        )

    @property
    def there(self) -> Calls:
        """The engine of the machine that is chosen."""
        return self.client.on_host(self.host)

    async def _load(self) -> None:
        try:
            hosts = list(await self.client.call("deck.hosts"))
        except AgentdeckError as error:
            self._fault(str(error))
            return
        if hosts:
            self._offer(
                "host", [(h["name"], h["version"], "offline" if h["why"] else "") for h in hosts]
            )
            self.query_one("#host-row").display = True
            self.query_one("#bring-row").display = bool(self.host)
            if self.host in {host["name"] for host in hosts}:
                self.query_one("#host", Select).value = self.host
        await self._load_choices()

    @on(Select.Changed, "#host")
    def _other_machine(self) -> None:
        """Its profiles are chosen from, and its directories."""
        if (chosen := self._value("host")) == self.host:
            return
        self.host = chosen
        self.query_one("#bring-row").display = bool(chosen)
        self.query_one("#bring", Tick).value = False
        self._directory()
        self.query_one("#backend", Select).clear()
        self._fault("")
        self.run_worker(while_shown(self, self._load_choices), exclusive=True)

    @on(Tick.Changed, "#bring")
    def _directory(self) -> None:
        """Whose directories are chosen from: those of here, or of the machine."""
        there = "" if self.query_one("#bring", Tick).value else self.host
        field = self.query_one("#cwd", Field)
        field.value = "" if there else here()
        field.placeholder = f"home, on {there}" if there else ""
        field.suggester = None if there else Folders()
        self.query_one("#worktree", Tick).disabled = bool(self.host) and not there

    async def _load_choices(self) -> None:
        try:
            self.profiles = list(await self.there.call("deck.profiles"))
            self.backends = list(await self.there.call("deck.backends"))
        except AgentdeckError as error:
            self._fault(str(error))
            return
        self._offer("profile", [(each["name"], "", "") for each in self.profiles])
        self._offer(
            "backend",
            [
                (b["name"], b["model"], "" if b["ok"] else b["detail"] or "no reason is known")
                for b in self.backends
            ],
        )
        default = [p for p in self.profiles if p["default"]]
        if default:
            self.query_one("#profile", Select).value = default[0]["name"]

    def _offer(self, field: str, items: Sequence[tuple[str, str, str]]) -> None:
        """Each: its name, what is told beside it, and what keeps it from being ready, or ""."""
        options: list[tuple[Content, str]] = []
        for name, more, fault in items:
            note = f"not ready: {one_line(fault)}" if fault else one_line(more)
            words = Content.assemble(
                (one_line(name), _GREY if fault else ""), (f"  {note}" if note else "", _GREY)
            )
            options.append((words, name))
        self.query_one(f"#{field}", Select).set_options(options)

    @on(Select.Changed, "#profile")
    def _other_profile(self) -> None:
        profile = self._profile()
        self.query_one("#worktree", Tick).value = bool(profile and profile["worktree"])
        base = profile["base"] if profile else ""
        self.query_one("#base", Input).placeholder = f"from {base or 'what is checked out'}"

    @on(Input.Changed, "#base")
    def _based(self, event: Input.Changed) -> None:
        """A base is where a branch begins: it asks for one."""
        if event.value.strip():
            self.query_one("#worktree", Tick).value = True

    @on(Select.Changed, "#profile")
    @on(Select.Changed, "#backend")
    def _other_backend(self) -> None:
        work = while_shown(self, self._load_models)
        self.run_worker(work, group="models", exclusive=True)

    async def _load_models(self) -> None:
        backend = self._backend()
        if not backend:
            return
        try:
            self._say_modes(await unprotected(self.there, backend))
            models = list(await self.there.call("deck.models", backend=backend))
        except AgentdeckError as error:
            self._fault(str(error))
            return
        self._fault("")
        self._offer("model", [(each["id"], each["name"], "") for each in models])

    def _say_modes(self, why: str) -> None:
        field = self.query_one("#permission", Select)
        chosen = self._value("permission")
        field.set_options(self._modes(why))
        if chosen:
            field.value = chosen

    def _profile(self) -> ProfileShown | None:
        name = self._value("profile")
        return next((each for each in self.profiles if each["name"] == name), None)

    def _backend(self) -> str:
        profile = self._profile()
        return self._value("backend") or (profile["backend"] if profile else "")

    def _value(self, field: str) -> str:
        value = self.query_one(f"#{field}", Select).value
        return value if isinstance(value, str) else ""

    def _fault(self, text: str) -> None:
        self.query_one("#fault", Static).update(plain(text))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_create()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "create":
            self.action_create()
        else:
            self.dismiss(None)

    def action_create(self) -> None:
        """Check what was entered, and go."""
        named = self.query_one("#cwd", Input).value.strip()
        folder = Path(here()) / Path(named).expanduser()
        bring = bool(self.host) and self.query_one("#bring", Tick).value
        if (bring or not self.host) and (lack := lack_of(folder)):
            self._fault(f"{lack} Choose another.")
            self.query_one("#cwd", Input).focus()
            return
        text = self.query_one("#count", Input).value
        count = int(text) if text.isdigit() else 0
        if not 1 <= count <= MAX_AT_ONCE:
            self._fault(f"How many: a number from 1 to {MAX_AT_ONCE}.")
            self.query_one("#count", Input).focus()
            return
        budget = self.query_one("#budget", Input)
        try:
            parse(budget.value)
        except AgentdeckError as error:
            self._fault(str(error))
            budget.focus()
            return
        args: SessionBegun = {
            "host": self.host,
            "bring": str(folder) if bring else "",
            "cwd": "" if bring else named if self.host else str(folder),
            "title": self.query_one("#title", Input).value,
            "budget": budget.value.strip(),
            "profile": self._value("profile"),
            "backend": self._value("backend"),
            "model": self._value("model"),
            "permission": one_of(Permission, self._value("permission"), ""),
        }
        given = cast("SessionBegun", {k: v for k, v in args.items() if v})
        ticked = self.query_one("#worktree", Tick).value
        profile = self._profile()
        if ticked != bool(profile and profile["worktree"]) and not bring:
            given["worktree"] = ticked
        if (ticked or bring) and (base := self.query_one("#base", Input).value.strip()):
            given["base"] = base
        if program := self.query_one("#program", Input).value.strip():
            self.dismiss(Wish({"cwd": str(folder), "title": args["title"]}, count, program=program))
            return
        permission = args["permission"] or (profile["permission"] if profile else "")
        self.dismiss(Wish(given, count, permission, self._backend()))
