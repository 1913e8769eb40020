"""Settings: every key of the configuration by section, found, told, checked and changed."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from sessions.api.answers import (
    SettingChanged,
    SettingShown,
    SettingsSection,
    SettingsShown,
)
from sessions.errors import AgentdeckError
from tui.deck.reload_config import reload_config
from tui.screens.dialogs import Choice, Choose, Confirm, Filtered, Listing, Pick
from tui.screens.frame import inner_width
from tui.screens.settings.forms import SHEETS, EditSetting, PressKey
from tui.screens.settings.items import (
    HEAD,
    SettingItem,
    about,
    items,
    row_of,
    shown_value,
    with_keys,
)
from tui.screens.settings.new_entry import wanted
from tui.timing.background_work import if_shown, while_shown
from tui.widgets.fields import Field
from tui.widgets.hints import Hints
from tui.widgets.rows import Rows
from tui.words.text import one_line, plain

if TYPE_CHECKING:
    from tui.deck.interfaces import ForSettings

_HINTS = (
    ("enter", "changes or unfolds"),
    ("alt+d", "default again, or removes"),
    ("ctrl+n", "adds a backend, profile, price, server, machine"),
    ("escape", "closes"),
)


class SettingsScreen(Filtered[None]):
    """Nothing is kept back: each change is written when it is made."""

    WHOLE = True
    CSS_PATH: ClassVar[CSSPathType | None] = SHEETS  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "change", show=False, priority=True),
        Binding("alt+d,delete", "reset", show=False),
        Binding("ctrl+n", "add", show=False, priority=True),
    ]

    def __init__(self, deck: ForSettings, look_for: str = "") -> None:
        super().__init__("Settings")
        self.deck = deck
        self.look_for = look_for
        self.sections: list[SettingsSection] = []
        self.opened: set[str] = set()
        self.shown: dict[str, SettingItem] = {}

    def body(self) -> ComposeResult:
        """What is looked for, the keys, and what is told of the one in hand."""
        yield Field(self.look_for, placeholder="type to find a setting", compact=True, id="filter")
        yield Rows("No setting has that in it.")
        yield Static("", id="about", markup=False)
        yield Static("", id="said", markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Ask the engine for all of them."""
        self.query_one("#offers", Hints).say(_HINTS)
        self.follow(self.deck.topics.config, self.reload)
        self.query_one("#filter", Input).focus()
        if (known := self.deck.settings.last) is not None:
            self._take(known)  # at once; what is new comes with the answer
        self.reload()

    # -- what is shown

    def reload(self) -> None:
        """Show what the file says now."""
        self.run_worker(while_shown(self, self._load), group="load", exclusive=True)

    async def _load(self) -> None:
        try:
            known = self.deck.settings.last if self.sections else None
            found = await self.deck.settings.answer(self.deck.client)
            if found != known:
                self._take(found)
            if found["fault"]:
                self.say(f"The file is wrong: {found['fault']}", fault=True)
            elif self.deck.settings.changed(Path(found["path"])):
                # It reads the file once more.
                reloading = while_shown(self, self._retake, found)
                self.call_after_refresh(self.run_worker, reloading, group="config", exclusive=True)
        except AgentdeckError as error:
            self.say(str(error), fault=True)

    async def _retake(self, found: SettingsShown) -> None:
        """The deck's own part of it, after the rows stand there."""
        before = self.deck.options.keys
        try:
            await reload_config(self.deck)
        except AgentdeckError as error:
            self.say(str(error), fault=True)
        if self.deck.options.keys != before:
            self._take(found)

    def _take(self, found: SettingsShown) -> None:
        self.sections = with_keys(found["sections"], self.deck.options.keys)
        self.hint(one_line(found["path"]))
        self.show()

    def show(self) -> None:
        """Draw the rows."""
        terms = self.query_one("#filter", Input).value.casefold().split()
        rows = self.query_one(Rows)
        self.shown = {item.key: item for item in items(self.sections, self.opened, terms)}
        width = rows.scrollable_content_region.width or inner_width(self.app.size.width)
        rows.show(
            [
                row_of(item, width, bool(terms) or item.key.removeprefix(HEAD) in self.opened)
                for item in self.shown.values()
            ]
        )
        if terms and rows.key.startswith(HEAD) and len(rows.rows) > 1:
            rows.action_move(1)
        self._tell()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.say("")
        self.query_one(Rows).cursor = 0
        self.show()

    @on(Rows.Moved)
    def _tell(self) -> None:
        item = self.item
        told = about(item) if item is not None else []
        self.query_one("#about", Static).update(plain("\n".join(told)))

    def on_resize(self) -> None:
        """Columns have another width."""
        self.call_after_refresh(if_shown(self, self.show))

    @property
    def item(self) -> SettingItem | None:
        """The row in hand."""
        return self.shown.get(self.query_one(Rows).key)

    def say(self, text: str, *, fault: bool = False) -> None:
        """Tell what became of a change."""
        said = self.query_one("#said", Static)
        said.set_class(fault, "-fault")
        said.update(plain(text))

    # -- what is done

    @on(Rows.Picked)
    async def _picked(self) -> None:
        await self.action_change()

    def _begin(self, work: Awaitable[None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self.say(str(error), fault=True)

        self.run_worker(while_shown(self, guarded), group="change")

    async def action_change(self) -> None:
        """Fold or unfold a section; ask for another value of a key."""
        await self.caught_up()
        item = self.item
        if item is None:
            return
        if item.setting is None:
            self.opened ^= {item.key.removeprefix(HEAD)}
            self.show()
        else:
            self._begin(self._change(item.setting))

    async def _change(self, setting: SettingShown) -> None:
        if setting["kind"] == "rule":
            self.say("A rule is taken back by alt+d; new ones are written by the answer “always”.")
            return
        text = await self._ask(setting)
        if text is None or (text == setting["value"] and setting["kind"] != "secret"):
            return
        default = setting["kind"] == "key" and not text
        await self._write(setting, None if default else text)

    async def _ask(self, setting: SettingShown) -> str | None:
        if setting["kind"] == "switch":
            return "false" if setting["value"] == "true" else "true"
        if setting["kind"] == "key":
            return await self.app.push_screen_wait(PressKey(setting, self.deck.options.keys))
        choices = list(setting["choices"])
        if setting["keys"] == ["defaults", "theme"]:
            choices = sorted(self.app.available_themes)
        if not choices:
            return await self.app.push_screen_wait(EditSetting(self.deck.client, setting))
        rows = [Pick(choice, ((one_line(choice) or "–", "bold"),)) for choice in choices]
        listing = Listing(rows, enter="sets it", at=setting["value"])
        chosen: Choice | None = await self.app.push_screen_wait(
            Choose(".".join(setting["keys"]), listing)
        )
        return chosen.row if chosen is not None else None

    async def _put(
        self, setting: SettingShown, text: str | None, before: str | None
    ) -> SettingChanged:
        call, keys = self.deck.client.call, setting["keys"]
        if text is None:
            return await call("config.reset", keys=keys, before=before)
        return await call("config.put", keys=keys, text=text, before=before)

    async def _write(self, setting: SettingShown, text: str | None) -> None:
        """Write it, None: the default; where the file has another value by now, ask which."""
        name = ".".join(setting["keys"])
        # A key's row may show a default of the deck's, which the file knows nothing of.
        before = None if setting["kind"] in ("key", "rule") else setting["value"]
        done = await self._put(setting, text, before)
        if not done["written"]:
            now = one_line(done["now"]) or "nothing"
            wish = "its default" if text is None else one_line(text) or "nothing"
            question = f"The file was changed meanwhile: {name} is {now} there.\n\nMake it {wish}?"
            if not await self.app.push_screen_wait(Confirm("Changed by hand", question, "Yes")):
                self.say(f"{name} is left as it is in the file.")
                self.reload()
                return
            done = await self._put(setting, text, done["now"])
        value = one_line(done["now"]) or "nothing"
        if setting["kind"] in ("switch", "key", "secret") and done["now"]:
            value = shown_value({**setting, "value": done["now"]})
        self.say(f"{name} is {value}, in force {done['force']}.")
        self.reload()

    async def action_reset(self) -> None:
        """The default again; a table of the user's goes, once that is confirmed."""
        item = self.item
        if item is None:
            return
        if item.setting is not None:
            if not item.setting["ours"]:
                self.say("It is not in your file: nothing to take out.")
                return
            self._begin(self._write(item.setting, None))
        elif item.section["named"] and item.section["ours"]:
            self._begin(self._remove(item))
        else:
            self.say("Only what stands in your file under a name of yours can be removed.")

    async def _remove(self, item: SettingItem) -> None:
        question = f"[{item.name}] goes from your file, with all that it says."
        if await self.app.push_screen_wait(Confirm("Remove it?", question, "Remove", danger=True)):
            await self.deck.client.call("config.reset", keys=item.section["keys"])
            self.say(f"{item.name} is removed.")
            self.reload()

    def action_add(self) -> None:
        """Make a backend, a profile, a price or an MCP server."""
        item = self.item
        at = item.section["keys"][0] if item is not None else ""
        self._begin(self._add(at))

    async def _add(self, at: str) -> None:
        wish = await wanted(self.app, self.sections, at)
        if wish is None:
            return
        keys, first = wish
        done = await self.deck.client.call("config.add", keys=keys, first=first)
        name = ".".join(keys)
        self.opened.add(name)
        with self.prevent(Input.Changed):  # else the rows are drawn once more, from their first
            self.query_one("#filter", Input).value = ""
        self.say(f"{name} is made, in force {done['force']}.")
        await self._load()
        self.query_one(Rows).go_to(HEAD + name)
