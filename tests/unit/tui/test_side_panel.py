"""The side panel's frame: tabs of what exists, the session in focus, no dead keys."""

from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.widgets import Input, Static

from sessions.record import events as ev
from tests.support.deckpilot import opened
from tui import panels as panels_module
from tui.deck.memory import Memory
from tui.deck.side_panel import SidePanel
from tui.panels import PanelKind, kinds
from tui.panels.base import Panel
from tui.screens.dialogs import Choose, Listing, Pick
from tui.widgets.rows import Rows


class Probe(Panel):
    """Writes down what it is told."""

    name_: ClassVar[str] = "probe"

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def attach(self, session_id: str | None) -> None:
        super().attach(session_id)
        self.told.append(session_id)

    def session_event(self, event: ev.Event) -> None:
        self.told.append(event.type)


class ProbeKind(PanelKind):
    """Makes the probe."""

    def make(self) -> Panel:
        return Probe()


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = ProbeKind("probe", "Probe", "f3", "Probe")
    monkeypatch.setattr("tui.deck.side_panel.kinds", lambda: (kind,))


@pytest.mark.usefixtures("probe")
async def test_the_panel_follows_the_session_in_focus() -> None:
    async with opened(2) as here:
        await here.deck.side.toggle("probe")
        panel = here.deck.side.panel
        assert isinstance(panel, Probe)
        await here.press("alt+2")
        here.client.start_turn("s002")
        here.client.start_turn("s001")
        await here.settle()
        assert panel.told == ["s001", "s002", "message.user", "turn.started"]


@pytest.mark.usefixtures("probe")
async def test_a_closed_panel_is_told_nothing_and_catches_up_when_it_opens() -> None:
    async with opened(2) as here:
        await here.deck.side.toggle("probe")
        panel = here.deck.side.panel
        assert isinstance(panel, Probe)
        await here.deck.side.toggle()
        assert not here.deck.side.display
        await here.press("alt+2")
        assert panel.told == ["s001"]
        await here.deck.side.toggle()
        assert panel.told == ["s001", "s002"]


@pytest.mark.usefixtures("probe")
async def test_a_narrow_terminal_gives_the_panel_the_whole_width() -> None:
    async with opened(1, (80, 24)) as here:
        await here.deck.side.toggle("probe")
        await here.settle()
        assert here.deck.query_one(SidePanel).region.width >= 70


@pytest.mark.usefixtures("probe")
async def test_opening_the_panel_leaves_the_focus_where_it_was() -> None:
    async with opened(1) as here:
        await here.deck.side.toggle("probe")
        await here.settle()
        assert here.app.focused is here.composer


class Fields(Panel):
    """Has a field for text beside what gets the keys."""

    name_: ClassVar[str] = "fields"

    def compose(self) -> ComposeResult:
        """A field before and one that is typed into."""
        yield Input(id="other")
        yield Input(id="typed")

    def take_focus(self) -> None:
        """The second gets the keys."""
        self.query_one("#typed").focus()


class FieldsKind(PanelKind):
    """Makes it."""

    def make(self) -> Panel:
        return Fields()


async def test_what_is_typed_after_the_panel_was_closed_goes_to_the_composer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "tui.deck.side_panel.kinds", lambda: (FieldsKind("fields", "Fields", "f3", "F"),)
    )
    async with opened(1) as here:
        await here.press("f2")
        await here.settle()
        assert here.app.focused is here.deck.query_one("#typed")
        await here.press("f2", "h")
        assert here.composer.text == "h"
        assert not any(field.value for field in here.deck.query(Input))


def test_only_panels_that_exist_have_a_key() -> None:
    from tui import actions as registry

    named = {kind.name for kind in kinds()}
    for name in ("prime", "skills", "harvest"):
        assert (name in registry.actions()) == (name in named)


def test_every_panel_can_be_made() -> None:
    for kind in kinds():
        assert kind.make().name_ == kind.name


def test_the_tabs_are_in_the_order_of_their_keys() -> None:
    assert [k.key for k in panels_module._KNOWN] == ["f3", "f4", "f5"]


async def test_the_panel_can_be_made_wider_and_that_is_remembered() -> None:
    memory = Memory()
    async with opened(1, memory=memory) as here:
        await here.press("f3")
        widths = []
        for _ in range(4):
            widths.append(here.deck.side.size.width)
            await here.press("alt+v")
        assert widths[0] < widths[1] < widths[2] and widths[3] == widths[0]
    assert memory.side_width
    async with opened(1, memory=memory) as here:
        await here.press("f3")
        assert here.deck.side.size.width == widths[1]
        await here.resize(80, 24)
        assert here.deck.side.size.width >= 78


async def test_what_an_empty_list_says_is_not_cut() -> None:
    async with opened(1, (80, 24)) as here:
        text = "Daydreams are off. " * 9 + "Switch them on."
        here.app.push_screen(Choose("Daydreams", Listing([], empty=text)))
        await here.settle()
        rows = here.app.screen.query_one(Rows)
        shown = " ".join(rows.render_line(y).text.strip() for y in range(6))
        assert "Switch them on." in shown


async def test_a_row_that_is_cut_is_said_in_full() -> None:
    async with opened(1, (80, 24)) as here:
        picks = [Pick("a", (("short", ""),)), Pick("b", (("long " * 30 + "sees no secrets", ""),))]
        here.app.push_screen(Choose("Modes", Listing(picks)))
        await here.settle()
        whole = here.app.screen.query_one("#whole", Static)
        assert not whole.display
        await here.press("down")
        assert whole.display and "sees no secrets" in str(whole.content)


@pytest.mark.parametrize("width", [80, 120])
async def test_who_needs_somebody_is_in_the_tabs_beside_an_open_panel(width: int) -> None:
    async with opened(12, (width, 24)) as here:
        here.client.ask("s012")
        await here.press("f4")
        await here.until(lambda: "12" in here.line("tabs"))
        tabs = here.deck.line("tabs")
        seen = here.deck.get_widget_at(here.line("tabs").index("12"), tabs.region.y)[0]
        assert seen is tabs
