"""The deck as its parts see it: each names the few things that it needs, and is given no more.

The deck's screen (`tui.deck.screen`) is all of these; it imports its parts, and none of them it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.app import App
    from textual.geometry import Size
    from textual.widget import Widget

    from sessions.errors import AgentdeckError
    from sessions.record.summary import SessionSummary, Summary
    from tui.deck.client import DeckClient
    from tui.deck.composer import Composer
    from tui.deck.engine_link import Link
    from tui.deck.memory import Memory
    from tui.deck.model import DeckModel
    from tui.deck.notify import Notifier
    from tui.deck.settings_cache import AskedSettings
    from tui.deck.tile import Tile
    from tui.deck.topics import Topics
    from tui.options import DeckOptions
    from tui.view.clock import FrameClock
    from tui.widgets.permission import PermissionBox

Part = TypeVar("Part", bound="Widget")


class HasModel(Protocol):
    """What the deck knows of its sessions."""

    @property
    def model(self) -> DeckModel:
        """All sessions, and which of them is the current one."""


class Redraws(Protocol):
    """What is drawn anew."""

    def redraw(self, reflow: bool = False) -> None:
        """Draw once all that is happening now has happened."""


class HasTiles(Redraws, Protocol):
    """What is in view."""

    @property
    def tiles(self) -> dict[str, Tile]:
        """The tiles by session."""


class HasTile(Protocol):
    """The tile in hand."""

    @property
    def tile(self) -> Tile | None:
        """The current tile, if it is in view."""


class AsksEngine(Protocol):
    """Who can be asked: the engine."""

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""


class AsksUser(Protocol):
    """Who can be asked: the user."""

    @property
    def app(self) -> App[object]:
        """For dialogs and notices."""


class Asks(AsksEngine, AsksUser, Protocol):
    """Who can be asked: the engine, and the user."""


class Says(Protocol):
    """What is told in a notice."""

    def say(self, text: str) -> None:
        """A sentence."""

    def say_error(self, error: AgentdeckError) -> None:
        """What is wrong and what to do."""


class HasComposer(Protocol):
    """Where messages are written."""

    @property
    def composer(self) -> Composer:
        """The one composer of the deck."""


class HasLink(Protocol):
    """The connection to the engine."""

    @property
    def link(self) -> Link:
        """Whether there is one."""


class HasOptions(Protocol):
    """What the deck was started with."""

    @property
    def options(self) -> DeckOptions:
        """Keys, theme, notices and the like."""


class HasMemory(Protocol):
    """What is kept from one start to the next."""

    @property
    def memory(self) -> Memory:
        """Drafts, history, order, widths."""


class MemorySaved(Protocol):
    """Who writes the deck's memory."""

    def remember(self) -> None:
        """Write it soon."""


class Remembers(HasMemory, Protocol):
    """Keeps what changed in it."""

    @property
    def drafts(self) -> MemorySaved:
        """They are part of it."""


class HasSize(Protocol):
    """How much room there is."""

    @property
    def size(self) -> Size:
        """Of the screen, in cells."""


class Goes(Protocol):
    """From tile to tile."""

    def go(self, session_id: str) -> None:
        """Make a session's tile the current one; what is typed next is written to it."""


class SessionsTold(Protocol):
    """What the engine tells of sessions, as far as its answers tell it too."""

    def met(self, data: SessionSummary) -> str:
        """A session that the engine answers with, though it may not have told of it; its id."""

    def summary_came(self, summary: Summary) -> None:
        """Status, title, cost, queue … of a session."""


class Meets(Protocol):
    """Sessions that were just made, or come back."""

    @property
    def feed(self) -> SessionsTold:
        """Takes them in."""


class HasTopics(Protocol):
    """What is told of sessions, runs and the like."""

    @property
    def topics(self) -> Topics:
        """To be subscribed to."""


class SeesSessions(Protocol):
    """What can be looked at."""

    def in_sight(self, session_id: str) -> bool:
        """Whether somebody may be looking at a session now."""


class HasClock(Protocol):
    """When tiles are drawn."""

    @property
    def clock(self) -> FrameClock:
        """Draws those that have something new."""


class Starts(Protocol):
    """Begins what is done beside its keys."""

    def start(self, name: str) -> None:
        """Run an action in the background: it may ask something first."""


class SideSteered(Protocol):
    """The side panel from outside."""

    open_name: str
    """The panel that is open, or was last."""

    @property
    def title(self) -> str:
        """The open panel's name, "" if none is."""

    @property
    def has_focus_within(self) -> bool:
        """Whether it has the keys."""

    @property
    def shown(self) -> bool:
        """Whether it is open."""

    @property
    def panel(self) -> object:
        """The open panel, if one is."""

    async def toggle(self, name: str = "") -> None:
        """Open a panel, or close it when it is the open one."""

    def widen(self, width: int = 0) -> int:
        """Take the next of its widths, or this one; what it is then."""


class HasSide(Protocol):
    """The side panel."""

    @property
    def side(self) -> SideSteered:
        """Open or not."""


class HasFocused(Protocol):
    """Who has the keys."""

    @property
    def focused(self) -> Widget | None:
        """The widget that has them."""


class Works(Protocol):
    """What is done aside."""

    def run_worker(
        self, work: Coroutine[object, object, None], *, group: str, exit_on_error: bool
    ) -> object:
        """Do something aside."""


class WorksInBackground(Protocol):
    """What is done in the background, and may be refused."""

    def in_background(self, work: Awaitable[object], group: str) -> None:
        """Do something while keys and drawing go on; what is refused is said."""


class Guards(Protocol):
    """What may be refused."""

    async def guarded(self, work: Awaitable[object]) -> None:
        """Do something; what is refused is said."""


class ForDrafts(HasModel, HasComposer, HasMemory, Protocol):
    """What is needed to keep each session's draft, and the deck's memory."""

    @property
    def is_mounted(self) -> bool:
        """Whether it stands."""

    def run_worker(self, work: Callable[[], None], *, thread: bool, group: str) -> object:
        """Do something aside."""


class ForSending(
    HasModel,
    HasTiles,
    HasTile,
    Asks,
    HasComposer,
    HasLink,
    Remembers,
    Goes,
    Meets,
    HasFocused,
    HasSide,
    HasTopics,
    WorksInBackground,
    Protocol,
):
    """What is needed to send a message."""


class ForScrolling(HasModel, HasTiles, HasTopics, Protocol):
    """What is needed to bring a place of a record into view."""


class ForReopening(HasModel, Asks, HasComposer, Goes, Meets, Protocol):
    """What is needed to make a session a tile again."""


class ForPanels(HasTiles, Says, Guards, ForReopening, Protocol):
    """The deck as the panels of the side see it."""


class ForTelling(HasModel, AsksEngine, WorksInBackground, Protocol):
    """What is needed to tell the engine something that nobody waits for."""


class ForMarking(Says, ForTelling, Protocol):
    """What is needed to mark something for the harvest."""


class ForTerminals(HasTiles, AsksUser, HasLink, ForTelling, Protocol):
    """What is needed of the deck for terminals."""


class ForPlanRuns(Redraws, HasModel, HasTopics, Asks, Protocol):
    """What is needed to know which runs of plans go on."""


# -- the deck as its dialogs see it


class ForLooking(HasModel, AsksEngine, Protocol):
    """What is needed to show something of a session."""


class ForPicking(HasModel, Asks, Protocol):
    """What is needed to have something of a session chosen."""


class ForBeginning(HasModel, HasTiles, Asks, Goes, Meets, Protocol):
    """What is needed to begin a terminal."""


class ForPickingTiles(HasSize, ForPicking, Protocol):
    """What is needed to have tiles chosen."""


class ForAiming(HasComposer, ForPickingTiles, Protocol):
    """What is needed to have several tiles ticked, and to write to them at once."""


class ForListing(HasSize, ForReopening, Protocol):
    """What is needed to list all sessions, and to open one."""


class ForSigningIn(Asks, Says, Protocol):
    """What is needed to sign in to an agent."""


class ForGoingOn(HasComposer, Goes, Meets, ForSigningIn, Protocol):
    """What is needed to go on with an imported conversation."""


class ForBackends(AsksEngine, HasOptions, Protocol):
    """What is needed to say what answers here."""


class Decides(Protocol):
    """Answers requests."""

    def decide(self, message: PermissionBox.Answered) -> None:
        """Give an answer to a request."""


class Defers(Protocol):
    """What is done when this is drawn."""

    def call_after_refresh(self, callback: Callable[..., object], *args: object) -> object:
        """Call when what happens now has been drawn."""


class ForInbox(HasModel, AsksEngine, Starts, HasTopics, HasSide, Decides, Defers, Protocol):
    """What is needed to answer what wants a person."""


class ForQueue(HasModel, AsksEngine, Says, HasMemory, HasTopics, Protocol):
    """What is needed to change what waits in a session."""


class ForRuns(AsksEngine, Says, Starts, HasTopics, Protocol):
    """What is needed to look at runs of plans and to steer them."""


class ForSearching(HasModel, AsksEngine, HasTopics, Protocol):
    """What is needed to search all sessions."""


class ForTimeline(HasModel, AsksEngine, HasTopics, Protocol):
    """What is needed to show where a turn's time goes while it runs."""


class SetsOptions(Protocol):
    """What the deck goes by from now on."""

    options: DeckOptions
    notifier: Notifier


class ReloadsConfig(Redraws, AsksUser, SetsOptions, Protocol):
    """What is set anew when the configuration changed."""


class ForFeed(
    HasTiles,
    HasClock,
    HasMemory,
    SeesSessions,
    ForTelling,
    ForPlanRuns,
    ReloadsConfig,
    Protocol,
):
    """What is needed to take in what the engine tells."""


class KnowsSettings(Protocol):
    """The settings, as they were told last."""

    @property
    def settings(self) -> AskedSettings:
        """Asked before their screen is there."""


class ForSettings(AsksEngine, HasTopics, ReloadsConfig, KnowsSettings, Protocol):
    """What is needed to change settings."""
