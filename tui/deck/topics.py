"""What the deck is told, topic by topic: who shows it subscribes for as long as it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVarTuple

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from sessions.record.events import Event
    from sessions.record.summary import Summary

Told = TypeVarTuple("Told")


class Topic(Generic[*Told]):
    """One kind of news. `Told`: what each subscriber is called with.

    Textual's own Signal (8.2.8) keeps to itself what a subscriber fails of, and does not say
    whether it has any.
    """

    def __init__(self) -> None:
        # Never changed in place: one that is told may leave, or bring another.
        self._subscribers: tuple[Callable[[*Told], object], ...] = ()

    def subscribe(self, subscriber: Callable[[*Told], object]) -> None:
        """Call it whenever there is news, after those that came before it."""
        self._subscribers = (*self._subscribers, subscriber)

    def unsubscribe(self, subscriber: Callable[[*Told], object]) -> None:
        """Call it no more."""
        self._subscribers = tuple(each for each in self._subscribers if each != subscriber)

    def publish(self, *told: *Told) -> bool:
        """Tell all subscribers; whether there is any.

        One that fails keeps the news from nobody. Raises what it failed of once all are told; of
        several an ExceptionGroup.
        """
        subscribers = self._subscribers
        faults: list[Exception] = []
        for subscriber in subscribers:
            try:
                subscriber(*told)
            except Exception as error:  # noqa: BLE001 - raised below, when all have been told
                faults.append(error)
        if len(faults) > 1:
            raise ExceptionGroup("several subscribers failed", faults)
        if faults:
            raise faults[0]
        return bool(subscribers)


class Topics:
    """One for a deck. What is told here the deck's model has already."""

    def __init__(self) -> None:
        self.connected: Topic[bool] = Topic()
        """The engine is there; whether that is so for the first time."""
        self.lost: Topic[str, str] = Topic()
        """It can't be reached, or has gone: what is wrong, and what to do."""
        self.fault: Topic[Exception] = Topic()
        """Something of ours failed of what the engine told."""
        self.event: Topic[str, Event] = Topic()
        """An event of a watched session: the session, and the event."""
        self.summary: Topic[Summary] = Topic()
        """A session's summary is new, or has changed."""
        self.gone: Topic[str] = Topic()
        """A session was deleted."""
        self.notice: Topic[EngineNotice] = Topic()
        """What the engine says of the whole deck, but for runs of plans and the index."""
        self.run: Topic[EngineNotice] = Topic()
        """Something of a run of a plan."""
        self.index: Topic[()] = Topic()
        """More of the search index is made."""
        self.config: Topic[()] = Topic()
        """The configuration was read again: who subscribes takes it over from the deck."""
