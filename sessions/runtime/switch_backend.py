"""A session goes on with another backend; its past goes along, as the new one can take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sessions.errors import NotFound, UsageError
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.backends.base import Backend
    from sessions.config import Config
    from sessions.runtime.session import Session


class BackendsOf(Protocol):
    """Who knows what answers (the deck)."""

    config: Config

    def backend(self, name: str) -> Backend:
        """What answers by that name."""


def with_backend(deck: BackendsOf, session: Session, changes: ev.JSON) -> ev.JSON:
    """Changes with all that follows from the backend that is among them.

    A native backend is told the whole conversation with its next request; an agent is told it in
    words. What the backend before said of itself (its own session, modes, options) is gone with
    it, and mode `full` is to be confirmed anew where nothing contains what the new one does.

    Raises:
        NotFound: no backend is called so.
        UsageError: a turn runs.
    """
    name = changes["backend"]
    if not isinstance(name, str) or name not in deck.config.backends:
        raise NotFound(
            f"No backend is called {name}.", f"There are: {', '.join(deck.config.backends)}."
        )
    if name == session.summary.backend:
        return {key: value for key, value in changes.items() if key != "backend"}
    if session.working:
        raise UsageError(
            "The session works: it can't be given to another backend now.",
            "Interrupt it, or wait until its turn has ended.",
        )
    answering = deck.backend(name)
    if answering.capabilities.elsewhere:
        raise UsageError(
            f"{name} works on another machine, where this session's directory is not.",
            "Start a new session there.",
        )
    session.full_confirmed = False
    changed: dict[str, Any] = {"model": _model(deck, name) or answering.default_model}
    return {**changed, **changes}


def _model(deck: BackendsOf, backend: str) -> str:
    """The model that a profile of that backend names."""
    return deck.config.choose(backend=backend).model
