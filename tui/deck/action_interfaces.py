"""The deck as actions see it (`tui.commands`): each names the few things that it needs.

`ForActions` is all of them together: what the registry (`tui.actions`) hands to every action, and
what the deck's screen must be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.deck.interfaces import (
    AsksEngine,
    AsksUser,
    Decides,
    Defers,
    ForAiming,
    ForBackends,
    ForBeginning,
    ForGoingOn,
    ForInbox,
    ForPicking,
    ForPickingTiles,
    ForQueue,
    ForReopening,
    ForRuns,
    ForSearching,
    ForSettings,
    ForTimeline,
    Goes,
    HasComposer,
    HasFocused,
    HasLink,
    HasModel,
    HasSide,
    HasSize,
    HasTile,
    HasTiles,
    HasTopics,
    KnowsSettings,
    Meets,
    Redraws,
    ReloadsConfig,
    Remembers,
    Says,
    SetsOptions,
    Starts,
    Works,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.binding import ActiveBinding
    from textual.css.query import DOMQuery
    from textual.timer import Timer
    from textual.widget import Widget

    from tui.deck.banner import Banner
    from tui.deck.event_spot import EventSpot
    from tui.deck.tile import Tile
    from tui.widgets.clickable_line import ClickableLine

Part = TypeVar("Part", bound="Widget")


# -- parts, as far as actions steer them


class TourSteered(Protocol):
    """The tour."""

    @property
    def shown(self) -> bool:
        """Whether it is on screen."""

    def begin(self) -> None:
        """Show its first step."""

    def end(self) -> None:
        """Put it away."""


class SenderSteered(Protocol):
    """Where the composer's message goes."""

    many: tuple[str, ...]
    """The tiles of a broadcast; empty = the current one."""
    editing: tuple[str, str] | None
    """A queued message that is being edited: its session and id."""

    def targets(self) -> tuple[str, ...]:
        """Where a message goes now."""

    def aim(self, sessions: tuple[str, ...]) -> None:
        """Write to these tiles from now on."""


class GridSteered(Protocol):
    """The tiles in view, as they share it."""

    def tiles(self) -> Sequence[Tile]:
        """Those that are there, in order."""

    def grow(self, session: str, by: float) -> None:
        """Give a tile so much more of its row, and its row so much more of the height."""


class HintsShown(Protocol):
    """Which key would have been quicker."""

    def than(self, name: str) -> None:
        """An action was done without its key."""


class KeysKnown(Protocol):
    """What the deck's edges say of keys."""

    def key(self, name: str) -> str:
        """An action's first key, "" if it has none."""


class EventScroller(Protocol):
    """Brings a place of a record into view."""

    def want(self, spot: EventSpot) -> None:
        """Show this place as soon as all that is recorded now has been read."""


# -- the deck, one thing each


class HasTour(Protocol):
    """The tour."""

    @property
    def tour(self) -> TourSteered:
        """Shown or not."""


class HasSender(Protocol):
    """Who sends the composer's message."""

    @property
    def sender(self) -> SenderSteered:
        """Where it goes."""


class HasGrid(Protocol):
    """The tiles' shares of the screen."""

    @property
    def grid(self) -> GridSteered:
        """The tiles."""


class Arrives(Protocol):
    """Another tile is in hand."""

    def arrived(self, before: list[str]) -> None:
        """From now on the composer's message goes there; `before`: the tiles that were in view."""


class GivesKeys(Protocol):
    """Where the keys go."""

    def to_composer(self) -> None:
        """Give the composer the keys now, so that the next one finds it."""


class StartsWithHint(Starts, Protocol):
    """What is begun without its key."""

    @property
    def shortcut_hints(self) -> HintsShown:
        """Says which key would have been quicker."""


# -- what actions need


class SessionInHand(HasModel, HasLink, Protocol):
    """Enough to know what can be done with the current session."""


class TileInHand(HasModel, HasTile, Protocol):
    """Enough to do something in the current tile."""


class Talks(Says, ForPicking, Protocol):
    """Asks the engine and the user of a session, and says what came of it."""


class WritesInComposer(HasComposer, Talks, Protocol):
    """Puts something into the composer besides."""


class GoesOn(HasModel, ForGoingOn, Protocol):
    """Goes on with an imported conversation."""


class HandsOn(Says, ForPickingTiles, Protocol):
    """Hands something of a session to others."""


class Settles(HasModel, Redraws, Says, Remembers, Protocol):
    """Arranges tiles anew, says how, and remembers it."""


class Arranges(ForPicking, Settles, Protocol):
    """Asks how tiles shall be arranged."""


class ArrangesTiles(HasTiles, Arranges, Protocol):
    """Sets how the tiles that are there look."""


class Resizes(HasModel, Remembers, HasGrid, Protocol):
    """Gives tiles another share of the screen."""


class Hides(Arrives, Settles, Protocol):
    """Takes a tile out of view."""


class ShowsHidden(Goes, Arranges, Protocol):
    """Brings tiles back into view."""


class ShowsTime(AsksUser, ForTimeline, Protocol):
    """Shows where a turn's time went."""


class Forks(HasModel, AsksEngine, Goes, Meets, Protocol):
    """Makes a session with the same past, and goes there."""


class Undoes(AsksEngine, Says, Protocol):
    """Takes something back, and says what."""


class GoesBack(HasTile, AsksUser, Says, HasComposer, Goes, Meets, ForTimeline, Protocol):
    """Goes back to a turn, in any of the ways that there are."""


class OpensRuns(ForReopening, ForRuns, Protocol):
    """Shows runs of plans, and opens a session of one."""


class Reloads(AsksEngine, Says, ReloadsConfig, Protocol):
    """Reads again what was changed on the disk."""


class Makes(HasComposer, ForBeginning, Protocol):
    """Makes sessions, also those that are terminals."""


class ScrollsToEvents(Protocol):
    """Brings places of records into view."""

    @property
    def scroll_to_event(self) -> EventScroller:
        """Brings it into view."""


class Searches(ForReopening, ForSearching, ScrollsToEvents, Protocol):
    """Searches all sessions, and shows the place that was found."""


class HasChrome(Protocol):
    """The deck's edges."""

    @property
    def chrome(self) -> KeysKnown:
        """Knows the keys."""


class Closes(Talks, HasChrome, Protocol):
    """Takes a session off the deck, and says how it comes back."""


class Moves(HasModel, Redraws, Remembers, Protocol):
    """Puts tiles in another order."""


class SteersTerminal(Redraws, GivesKeys, TileInHand, Protocol):
    """Gives a terminal the keys, and takes them back."""


class PastesCode(HasTile, ForBeginning, ForPickingTiles, Protocol):
    """Types something of a session into a terminal."""


class Escapes(HasComposer, HasFocused, HasTour, HasSender, SessionInHand, Protocol):
    """Enough to know what esc does now."""


class Interrupts(Redraws, Starts, ForPicking, Escapes, Protocol):
    """Does what esc does."""


class ChangesQueue(Redraws, AsksUser, HasComposer, ForQueue, HasSender, Protocol):
    """Shows what waits, and takes a message back into the composer."""


class SendsNext(HasComposer, HasFocused, HasSender, SessionInHand, Protocol):
    """Enough to know whether what waits can be sent now."""


class SeesDraft(HasComposer, SessionInHand, Protocol):
    """Enough to know what can be done with what is written."""


class Steers(Says, HasComposer, Remembers, ForPicking, Protocol):
    """Sends into a running turn."""


class Broadcasts(Goes, ForAiming, HasSender, Protocol):
    """Writes to several tiles at once."""


class OpensInbox(HasTile, AsksUser, Goes, ForInbox, Protocol):
    """Shows what wants a person, and goes there."""


class AnswersRequest(HasFocused, TileInHand, Protocol):
    """Enough to know whether a request can be answered."""


class Edits(AsksUser, HasComposer, GivesKeys, Protocol):
    """Has the composer's text edited in another program."""


class Steps(HasModel, Arrives, Protocol):
    """Goes from tile to tile, or from page to page."""


class GoesToTile(HasModel, Goes, Protocol):
    """Goes to a tile."""


class GoesWhereNeeded(Goes, Defers, TileInHand, Protocol):
    """Goes to who needs a person."""


class Zooms(HasModel, Redraws, Protocol):
    """Shows one tile alone, or all."""


class Compares(Redraws, ForPickingTiles, Protocol):
    """Shows two tiles alone."""


class MovesFocus(HasTile, HasComposer, HasFocused, Protocol):
    """From the composer into the tile, and back."""


class OpensSide(HasComposer, HasSide, Protocol):
    """Opens and closes the side panel."""


class HasClasses(Protocol):
    """How the screen is styled."""

    def has_class(self, name: str, /) -> bool:
        """Whether the screen is styled so, as narrow ones are."""


class SeesSide(HasSide, HasClasses, Protocol):
    """Enough to know whether the panel stands beside the tiles."""


class WidensSide(Redraws, Remembers, HasSide, Protocol):
    """Makes the side panel wider."""


class Reconnects(Protocol):
    """Looks for the engine."""

    def reconnect(self) -> None:
        """In the background; start it if none runs."""


class ShowsBackends(AsksUser, ForBackends, Protocol):
    """Shows what answers here."""


class HangsUp(Protocol):
    """Ends the connection."""

    async def close_link(self) -> None:
        """Remember, hang up. The sessions go on."""


class Leaves(AsksUser, HangsUp, Protocol):
    """Leaves the deck."""


class ForActions(
    HasModel,
    HasTiles,
    HasTile,
    AsksEngine,
    AsksUser,
    Says,
    HasComposer,
    HasFocused,
    HasLink,
    HasSize,
    Remembers,
    Goes,
    Meets,
    HasTopics,
    KnowsSettings,
    SetsOptions,
    HasSide,
    Decides,
    Defers,
    HasTour,
    HasSender,
    HasGrid,
    Arrives,
    GivesKeys,
    StartsWithHint,
    ScrollsToEvents,
    HasChrome,
    HasClasses,
    Reconnects,
    HangsUp,
    Protocol,
):
    """All that any action needs."""


class ForChrome(ForActions, Protocol):
    """What is needed to say everything around the tiles."""

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


class OffersPriming(HasModel, HasSide, Works, Protocol):
    """Offers every kind of priming, and opens the panel for it."""


class OffersSettings(HasLink, Works, ForSettings, Protocol):
    """Offers every section of the settings, and opens it."""


class ForPalette(ForActions, Works, Protocol):
    """What is needed to offer every action, and to do it."""
