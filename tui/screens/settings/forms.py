"""What a setting is changed with: a line that is checked as it is typed, or the key you want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from sessions.errors import AgentdeckError
from tui import actions as registry
from tui.screens.dialogs import Dialog
from tui.timing.background_work import while_shown
from tui.widgets.fields import Field
from tui.words.key_names import show_key
from tui.words.text import one_line, plain

if TYPE_CHECKING:
    from sessions.api.answers import SettingShown
    from tui.deck.client import DeckClient

_HOW = {
    "words": "Words as in a shell: quotation marks keep one together.",
    "pairs": "NAME=VALUE, as many as there are; quotation marks keep one together.",
    "secret": "It is written to your file, which is then readable by you alone.",
}


SHEETS = ["../dialogs.tcss", "settings.tcss"]


class EditSetting(Dialog[str]):
    """One value, checked as it is typed; gives what was typed."""

    CSS_PATH: ClassVar[CSSPathType | None] = SHEETS  # type: ignore[assignment]

    def __init__(self, client: DeckClient, setting: SettingShown) -> None:
        super().__init__(".".join(setting["keys"]))
        self.client = client
        self.setting = setting
        self.fault = ""

    def body(self) -> ComposeResult:
        """The words, the field, and what is wrong with what stands in it."""
        setting = self.setting
        secret = setting["kind"] == "secret"
        how = _HOW.get(setting["kind"], "")
        yield Static(plain(f"{setting['words']}.\n{how}".strip()), id="words", markup=False)
        value = "" if secret else setting["value"]
        default = one_line(setting["default"]) or "nothing"
        yield Field(value, placeholder=f"default: {default}", compact=True, password=secret)
        yield Static("", id="fault", markup=False)

    def on_mount(self) -> None:
        """Say what enter does."""
        self.hint("enter writes it · esc cancels")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        work = while_shown(self, self._check, event.value)
        self.run_worker(work, group="check", exclusive=True)

    async def _check(self, text: str) -> None:
        if text == self.setting["value"]:
            self.fault = ""
        else:
            try:
                keys = self.setting["keys"]
                self.fault = await self.client.call("config.check", keys=keys, text=text)
            except AgentdeckError as error:
                self.fault = str(error)
        self.query_one("#fault", Static).update(plain(self.fault))

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        await self._check(event.value)
        if not self.fault:
            self.dismiss(event.value)


class PressKey(Dialog[str]):
    """Takes the next key that is pressed; gives keys as the file has them, "" = the default."""

    CSS_PATH: ClassVar[CSSPathType | None] = SHEETS  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "none", show=False, priority=True),
        Binding("shift+tab", "none", show=False, priority=True),
    ]

    def __init__(self, setting: SettingShown, changed: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(f"A key for {setting['keys'][-1]}")
        self.setting = setting
        self.taken = {
            key: spec
            for spec in registry.actions().values()
            for key in registry.keys_of(spec, changed)
        }
        self.pressed = ""

    def body(self) -> ComposeResult:
        """What was pressed, and who has it."""
        with Vertical(id="confirm-text"):
            yield Static(plain(self.setting["words"]), markup=False)
            yield Static("", id="pressed", markup=False)
            yield Static("", id="fault", markup=False)

    def on_mount(self) -> None:
        """Wait for a key."""
        self.query_one("#pressed", Static).update(Content.styled("Press the key you want.", "bold"))
        self.hint("enter sets it · insert adds it · delete: the default · esc cancels")

    async def on_key(self, event: events.Key) -> None:
        """A key that is no answer is the one that is wanted."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
        elif event.key == "delete" and not self.pressed:
            self.dismiss("")
        elif event.key in ("enter", "insert"):
            if self.pressed:
                others = self.setting["value"].split() if event.key == "insert" else []
                self.dismiss(" ".join([*(k for k in others if k != self.pressed), self.pressed]))
        else:
            self._take(event)

    def _take(self, event: events.Key) -> None:
        fault = ""
        if event.is_printable:
            fault = "Letters and figures are for writing: press one with ctrl or alt, or an F key."
        self.pressed = "" if fault else event.key
        self.query_one("#fault", Static).update(plain(fault))
        shown = show_key(event.key)
        has = self.taken.get(event.key)
        mine = has is not None and has.name == self.setting["keys"][-1]
        whose = "" if has is None or mine else f", which {has.title!r} gives up"
        told = Content.assemble((shown, "bold reverse"), whose or (" is its own" if mine else ""))
        self.query_one("#pressed", Static).update(told if self.pressed else Content(""))
