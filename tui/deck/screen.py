"""The deck: status line, tiles, side panel, composer, footer, and what connects them."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from sessions.errors import AgentdeckError
from tui import actions as registry
from tui.deck import completion_sources, harvest_marks, terminals
from tui.deck.attached_files import AttachedFiles
from tui.deck.banner import Banner
from tui.deck.chrome import Chrome
from tui.deck.client import ClientFactory, DeckClient
from tui.deck.composer import Composer
from tui.deck.drafts import Drafts
from tui.deck.engine_feed import EngineFeed
from tui.deck.engine_link import Link
from tui.deck.grid import Grid
from tui.deck.memory import Memory
from tui.deck.model import DeckModel
from tui.deck.notify import Notifier
from tui.deck.preload import ready_when_idle
from tui.deck.scroll_to_event import ScrollToEvent
from tui.deck.sending import Sender
from tui.deck.settings_cache import AskedSettings
from tui.deck.shortcut_hints import ShortcutHints
from tui.deck.side_panel import SidePanel
from tui.deck.tell_engine import tell_engine
from tui.deck.tile import Tile
from tui.deck.topics import Topics
from tui.deck.tour import Tour
from tui.deck.welcome import Welcome
from tui.options import DeckOptions
from tui.panels import sheets
from tui.screens import fill_form
from tui.terminal import glyphs
from tui.terminal.asked_once import ACTIONS
from tui.timing.background_work import caught_up, if_shown, while_shown
from tui.view.blocks import looks
from tui.view.clock import FrameClock
from tui.view.compositor import LeanScreen
from tui.view.transcript_view import TranscriptView
from tui.widgets.clickable_line import ClickableLine
from tui.widgets.permission import PermissionBox
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from tui.terminals.view import TerminalView


class DeckScreen(LeanScreen):
    """Draws what the model says, and runs the actions of the registry."""

    CSS_PATH: ClassVar[CSSPathType] = ["screen.tcss", "../widgets/permission.tcss", *sheets()]
    AUTO_FOCUS = "Composer"
    BINDINGS: ClassVar[list[BindingType]] = [*registry.bindings()]

    def __init__(self, options: DeckOptions, memory: Memory, factory: ClientFactory) -> None:
        super().__init__()
        self.options = options
        self.memory = memory
        self.model = DeckModel()
        self.model.arrangement = memory.arrangement
        looks.thinking = memory.arrangement.thinking
        looks.compact = memory.arrangement.compact
        self.topics = Topics()
        self.feed = EngineFeed(self)
        self.link = Link(factory, self.feed)
        self.sender = Sender(self)
        self.chrome = Chrome(self)
        self.drafts = Drafts(self)
        self.shortcut_hints = ShortcutHints(self)
        self.clock = FrameClock(self, self.one_frame)
        self.scroll_to_event = ScrollToEvent(self)
        self.set_class(glyphs.is_ascii(), "-ascii")
        self.add_class("-empty", update=False)
        self.settings = AskedSettings()
        self.tiles: dict[str, Tile] = {}
        self.topics.connected.subscribe(self._connected)
        self._due = False
        self._reflow_due = False

    def compose(self) -> ComposeResult:
        yield ClickableLine(id="status")
        yield Banner()
        yield ClickableLine(id="tabs")  # over the side panel too, which would cover them
        with Horizontal(id="body"):
            with Vertical(id="middle"):
                yield Grid(self.model, self.options.max_tiles)
                yield Welcome(self.options.keys)
            yield SidePanel(self.topics)
        yield Tour(self.options.keys)
        composer = Composer(self.memory.history, id="composer")
        composer.offers.commands = self._commands
        composer.offers.sessions = lambda: completion_sources.sessions(self.model)
        yield AttachedFiles(id="attached")
        yield composer
        yield composer.offers
        yield ClickableLine(id="footer")

    def on_mount(self) -> None:
        """Draw first, then look for the engine."""
        self.notifier = Notifier(self.app, self.options.notify)
        self.clock.together = self.app.is_web
        self.drafts.begin()
        if self.memory.side_width:
            self.side.widen(self.memory.side_width)
        self.watch(self, "focused", lambda: self.redraw(), init=False)
        self.redraw()
        self.call_after_refresh(if_shown(self, self.reconnect))

    # -- parts

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""
        return self.link.client

    @property
    def banner(self) -> Banner:
        """Above everything, when there is something wrong."""
        return self.query_one(Banner)

    def line(self, name: str) -> ClickableLine:
        """One of the lines `status`, `tabs` and `footer`."""
        return self.query_one(f"#{name}", ClickableLine)

    @property
    def grid(self) -> Grid:
        """The tiles."""
        return self.query_one(Grid)

    @property
    def composer(self) -> Composer:
        """Where messages are written."""
        return self.query_one(Composer)

    @cached_property
    def side(self) -> SidePanel:
        """The side panel."""
        return self.query_one(SidePanel)

    @property
    def tour(self) -> Tour:
        """The tour, shown or not."""
        return self.query_one(Tour)

    @property
    def tile(self) -> Tile | None:
        """The current tile, if it is in view."""
        return self.tiles.get(self.model.current or "")

    def in_sight(self, session_id: str) -> bool:
        """Whether somebody may be looking at a session now."""
        return self.app.app_focus and self.app.screen is self and session_id in self.tiles

    # -- the engine

    def reconnect(self) -> None:
        """Look for the engine in the background; start it if none runs."""
        self.link.tried = False
        self.chrome.looking()
        self.run_worker(while_shown(self, self.link.connect), group="link", exclusive=True)
        self.redraw()

    def _connected(self, first: bool) -> None:
        if first and not (self.memory.toured or self.options.read_only):
            self.tour.begin()
        ready_when_idle(self, self)

    # -- drawing

    def redraw(self, reflow: bool = False) -> None:
        """Draw once all that is happening now has happened."""
        self._reflow_due = self._reflow_due or reflow
        if not self._due:
            self._due = True
            self.call_later(self._draw)

    async def _draw(self) -> None:
        self._due = False
        if not self.is_attached:
            return
        if self._reflow_due:
            self._reflow_due = False
            await self.grid.reflow()
            self.tiles = {tile.session: tile for tile in self.grid.tiles()}
            self.clock.show([tile.face for tile in self.tiles.values()])
            watching = while_shown(self, self.link.watch, self.model.known())
            self.run_worker(watching, group="watch")
            terminals.attend(self)
        model = self.model
        narrow = self.size.width < 110
        self.update_classes({"-empty": not model.order, "-narrow": narrow}, animate=False)
        for tile in self.tiles.values():
            tile.mark_current(tile.session == model.current)
        self.clock.first = current.face if (current := self.tile) else None
        self.drafts.swap()
        if self.side.attach(model.current) and self.side.has_focus_within:
            # Whatever made another session the current one: no key that was meant for the
            # one before draws, reads or sends in it.
            self.to_composer()
        self.side.say(model.name_of(self.side.session) if self.side.session else "")
        self.chrome.say()
        self.tour.look(model)
        self.sender.name_target()
        self.scroll_to_event.show()
        if self.app.app_focus and self.link.up and (seen := model.unseen()):
            tell_engine(self, seen, lambda c: c.call("session.seen", session=seen))

    # -- acting

    async def action_deck(self, name: str) -> None:
        """Run an action of the registry, if it can be done now."""
        spec = registry.actions()[name]
        if not spec.when(self):
            return
        if spec.instant:
            # Keys before it were meant for what was in focus, keys after it for what will be.
            if self.focused is self.composer:
                await caught_up(self.composer)
            await self.guarded(spec.run(self))
        else:
            self.start(name)

    def start(self, name: str) -> None:
        """Run an action in the background: it may ask something first."""
        spec = registry.actions()[name]
        if spec.when(self):
            work = while_shown(self, lambda: self.guarded(spec.run(self)))
            self.run_worker(work, group=f"{ACTIONS}{name}", exit_on_error=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key whose action can't be done now is left to whatever is in focus."""
        if action == "deck" and parameters:
            spec = registry.actions().get(str(parameters[0]))
            if parameters[0] == "focus" and self.composer.offers.open:
                return False  # tab takes what is offered
            return spec is not None and bool(spec.keys or spec.name) and spec.when(self)
        return True

    def in_background(self, work: Awaitable[object], group: str) -> None:
        """Do something while keys and drawing go on; what is refused is said."""
        self.run_worker(self.guarded(work), group=group, exit_on_error=False)

    async def guarded(self, work: Awaitable[object]) -> None:
        """Do something; what is refused is said."""
        try:
            await work
        except AgentdeckError as error:
            self.say_error(error)

    def say_error(self, error: AgentdeckError) -> None:
        """What is wrong and what to do, in a notice."""
        text = clip(one_line(str(error)), 400)
        self.app.notify(text, severity="error", markup=False, timeout=10)

    def say(self, text: str) -> None:
        """A sentence, in a notice."""
        self.app.notify(clip(one_line(text), 400), markup=False, timeout=5)

    def go(self, session_id: str) -> None:
        """Make a session's tile the current one; what is typed next is written to it."""
        if session_id != self.model.current:
            before = self.model.visible()
            self.model.go(session_id)
            self.arrived(before)
        self.to_composer()

    def to_composer(self) -> None:
        """Give the composer the keys now, so that the next one finds it."""
        self.set_focus(self.composer)

    def arrived(self, before: list[str]) -> None:
        """Another tile is the current one: from now on the composer's message goes there.

        `before`: the tiles that were in view.
        """
        self.model.interrupting = None
        self.drafts.swap()
        self.sender.name_target()
        self.to_composer()
        self.redraw(reflow=before != self.model.visible())
        self.drafts.remember()

    # -- what widgets tell

    @on(Grid.Resized)
    def _resized(self) -> None:
        self.redraw(reflow=True)

    @on(Tour.Ended)
    def _toured(self) -> None:
        self.memory.toured = True
        self.drafts.remember()
        self.redraw()

    @on(Grid.Sized)
    def _sized(self) -> None:
        self.drafts.remember()

    @on(Tile.Chosen)
    def _chosen(self, message: Tile.Chosen) -> None:
        tile = self.tiles.get(message.session)
        if tile is None or not tile.has_focus_within:  # its request was clicked
            if message.session != self.model.current:
                self.shortcut_hints.than_going(message.session)
            self.go(message.session)
        elif message.session != self.model.current:
            focused = self.focused
            self.go(message.session)
            self.set_focus(focused)

    @on(TranscriptView.BlockMarked)
    def _marked(self, message: TranscriptView.BlockMarked) -> None:
        tile = next((t for t in self.query(Tile) if t.view is message.view), None)
        if tile is not None:
            harvest_marks.mark(self, tile.session, message)

    @on(PermissionBox.Answered)
    def decide(self, message: PermissionBox.Answered) -> None:
        """Give an answer to a request."""
        if not terminals.copies(self, message):
            tell_engine(self, message.session, lambda c: fill_form.answer(c, message))

    @on(PermissionBox.Fill)
    def _fill(self, message: PermissionBox.Fill) -> None:
        fill_form.fill(self, message, self.decide)

    @on(Tile.Answered)
    @on(PermissionBox.Left)
    def _left(self) -> None:
        self.composer.focus()

    @on(ClickableLine.Clicked)
    def _clicked(self, message: ClickableLine.Clicked) -> None:
        kind, _, what = message.target.partition(":")
        if kind == "go":
            self.go(what)
            self.shortcut_hints.than_going(what)
        elif kind == "status":
            if first := self.model.first_that_is(what):
                self.go(first)
        elif what.startswith("!"):
            self.app.simulate_key(what[1:])
        else:
            self.start(what)
            self.shortcut_hints.than(what)

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted while a tile or a panel has the keys is for the composer."""
        event.stop()
        self.to_composer()
        self.composer.paste(event.text)

    @on(Composer.Submitted)
    def _submitted(self, message: Composer.Submitted) -> None:
        self.sender.send(message)

    @on(Composer.GoOn)
    def _go_on(self, message: Composer.GoOn) -> None:
        if self.tour.shown:
            self.tour.go_on()
        # Enter may have been pressed twice: the second one is no wish for another turn.
        elif message.targets == self.sender.targets():
            self.start("send_next")

    @on(Composer.Act)
    def _act(self, message: Composer.Act) -> None:
        self.start(message.action)
        self.shortcut_hints.than(message.action)

    def _commands(self) -> list[completion_sources.WordOffer]:
        now = [spec for spec in registry.actions().values() if spec.when(self)]
        return completion_sources.commands(self.model.summary(), now)

    @on(AttachedFiles.Removed)
    def _removed(self, message: AttachedFiles.Removed) -> None:
        self.composer.detach(message.file)

    @on(Composer.Edited)
    def _edited(self) -> None:
        self.query_one(AttachedFiles).show(self.composer.files)
        self.sender.edited()
        self.drafts.remember()

    @on(Composer.Scrolled)
    def _scrolled(self, message: Composer.Scrolled) -> None:
        if (tile := self.tile) is not None:
            face = tile.face
            scroll = face.scroll_page_up if message.pages < 0 else face.scroll_page_down
            scroll(animate=False)

    def on_terminal_view_pasted(self, message: TerminalView.Pasted) -> None:
        """A text for a terminal: asked about where its lines would run."""
        self.in_background(terminals.paste(self, message.view.session, message.text), "paste")

    def on_terminal_view_keys_moved(self) -> None:
        """The footer says who has the keys."""
        self.redraw()

    def on_terminal_view_again(self, message: TerminalView.Again) -> None:
        """A program that has ended is started again, and has the keys again."""
        terminals.start_again(self, message.view.session)

    # -- leaving

    async def close_link(self) -> None:
        """Leave: remember, hang up. The sessions go on."""
        self.drafts.save()
        await self.link.close()
