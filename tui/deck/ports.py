"""The deck as its parts see it: each names the few things that it needs, and is given no more.

The deck's screen (`tui.deck.screen`) is all of these; it imports its parts, and none of them it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.app import App
    from textual.binding import ActiveBinding
    from textual.css.query import DOMQuery
    from textual.geometry import Size
    from textual.timer import Timer
    from textual.widget import Widget

    from sessions.errors import AgentdeckError
    from sessions.record.summary import SessionSummary, Summary
    from tui.deck.banner import Banner
    from tui.deck.client import DeckClient
    from tui.deck.composer import Composer
    from tui.deck.engine_link import Link
    from tui.deck.memory import Memory
    from tui.deck.model import DeckModel
    from tui.deck.tile import Tile
    from tui.options import DeckOptions
    from tui.widgets.clickable_line import ClickableLine

Part = TypeVar("Part", bound="Widget")


class HasModel(Protocol):
    """What the deck knows of its sessions."""

    @property
    def model(self) -> DeckModel:
        """All sessions, and which of them is the current one."""

    def name_of(self, session_id: str) -> str:
        """A session's number and title, as they are said everywhere."""


class HasTiles(Protocol):
    """What is in view."""

    @property
    def tiles(self) -> dict[str, Tile]:
        """The tiles by session."""

    def redraw(self, reflow: bool = False) -> None:
        """Draw once all that is happening now has happened."""


class Asks(Protocol):
    """Who can be asked: the engine, and the user."""

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""

    @property
    def app(self) -> App[object]:
        """For dialogs and notices."""


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


class SideShown(Protocol):
    """The side panel from outside."""

    @property
    def title(self) -> str:
        """The open panel's name, "" if none is."""

    @property
    def has_focus_within(self) -> bool:
        """Whether it has the keys."""


class HasFocus(Protocol):
    """Who has the keys."""

    @property
    def focused(self) -> Widget | None:
        """The widget that has them."""

    @property
    def side(self) -> SideShown:
        """The side panel."""


class ForChrome(HasModel, HasTiles, HasFocus, Protocol):
    """What is needed to say everything around the tiles."""

    @property
    def options(self) -> DeckOptions:
        """What the deck was started with."""

    @property
    def link(self) -> Link:
        """Whether there is an engine."""

    @property
    def size(self) -> Size:
        """Of the screen, in cells."""

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that do something now."""

    @property
    def banner(self) -> Banner:
        """Above everything, when there is something wrong."""

    def query(self, selector: type[Part]) -> DOMQuery[Part]:
        """The parts of a kind; none when the deck is leaving."""

    def line(self, name: str) -> ClickableLine:
        """One of the lines `status`, `tabs` and `footer`."""

    def set_interval(self, interval: float, callback: Callable[[], None]) -> Timer:
        """Call again and again."""


class ForDrafts(HasModel, HasComposer, Protocol):
    """What is needed to keep each session's draft, and the deck's memory."""

    @property
    def memory(self) -> Memory:
        """What is kept from one start to the next."""

    @property
    def is_mounted(self) -> bool:
        """Whether it stands."""

    def name_target(self) -> None:
        """Name in the composer's frame where a message goes."""

    def run_worker(self, work: Callable[[], None], *, thread: bool, group: str) -> object:
        """Do something aside."""


class ForSending(HasModel, HasTiles, HasFocus, HasComposer, Asks, Protocol):
    """What is needed to send a message."""

    keys_for: str
    """The terminal that gets the keys as soon as it is in view."""

    @property
    def link(self) -> Link:
        """The way to the engine."""

    interrupting: tuple[str, float] | None
    """The session in which esc was pressed once, and until when a second one counts."""

    @property
    def memory(self) -> Memory:
        """What was sent before."""

    @property
    def tile(self) -> Tile | None:
        """The current tile, if it is in view."""

    def met(self, data: SessionSummary) -> str:
        """A session that the engine answers with, though it may not have told of it; its id."""

    def go(self, session_id: str) -> None:
        """Make a session's tile the current one."""

    def remember(self) -> None:
        """Write the deck's memory soon."""


class ForScrolling(HasModel, HasTiles, Protocol):
    """What is needed to bring a place of a record into view."""


class ForReopening(HasModel, HasComposer, Asks, Protocol):
    """What is needed to make a session a tile again."""

    def summary_came(self, summary: Summary) -> None:
        """Status, title, cost, queue … of a session."""

    def go(self, session_id: str) -> None:
        """Make a session's tile the current one."""


class ForPanels(ForReopening, HasTiles, Says, Protocol):
    """The deck as the panels of the side see it."""

    async def guarded(self, work: object) -> None:
        """Do something; what is refused is said."""
