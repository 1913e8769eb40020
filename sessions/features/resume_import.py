"""An imported conversation goes on, live, with the agent that had it.

The import stays what it is, a copy that grows with its source. What goes on is a fork of it
whose agent opens its own session of that id again (`session/load`); where the agent can't, it
is told the past as text.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import NotFound, UsageError
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.record.names import name_of
from sessions.record.summary_parts import AgentState

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


async def go_on(deck: Deck, session: Session, backend: str = "", cwd: str = "") -> Session:
    """A live session from an imported one. `backend`: another one than the agent that had it.

    Raises:
        UsageError: it was not imported, or its directory is not there any more.
        NotFound: no backend is that agent.
    """
    from sessions.runtime.fork import fork_journal

    summary = session.summary
    source = summary.source
    if not source:
        raise UsageError(
            "This session was not imported: it goes on by itself.", "Send it a message."
        )
    harness = source.get("harness", "")
    own = _backend_of(deck, harness)
    name = backend or own
    if name not in deck.config.backends:
        raise NotFound(
            f"No backend goes on with a conversation of {harness}."
            if not backend
            else f"No backend is called {backend}.",
            f"Choose one: {', '.join(deck.config.backends)}.",
        )
    folder = Path(cwd or summary.cwd or "").expanduser()
    if not (cwd or summary.cwd) or not folder.is_dir():
        raise UsageError(
            f"The directory of this conversation is not there: {folder}.",
            "Name one in which it shall go on.",
        )
    new = new_id()
    choice = deck.config.choose(backend=name)
    other = {
        "backend": name,
        "model": choice.model or deck.backend(name).default_model,
        "cwd": str(folder.resolve()),
        "profile": choice.profile,
        "permission": choice.permission,
    }
    title = name_of(summary) or "continued"
    fork_journal(session, deck.places.session(new), new, None, title, other)
    made = await deck.get(new)
    theirs = source.get("id", "")
    if theirs and _is(deck, name, harness):
        state: AgentState = {"session_id": theirs, "owner": made.id, "imported": harness}
        await made.recorder.emit_synced(ev.BackendState(data=state))
    await deck.features.forked(session, made)
    return made


def _is(deck: Deck, backend: str, harness: str) -> bool:
    """Whether a backend runs the agent that a harness is called after."""
    from sessions.config.known_agents import is_remote, known_by_command

    found = deck.config.backends.get(backend)
    if found is None or found.type != "acp" or is_remote(found.command):
        return False
    known = known_by_command(found.command)
    return known is not None and known.name == harness


def _backend_of(deck: Deck, harness: str) -> str:
    """The backend that runs a harness's agent, one that is installed before others; or ""."""
    found = [name for name in deck.config.backends if _is(deck, name, harness)]
    here = [n for n in found if shutil.which(deck.config.backends[n].command[0])]
    return next(iter([*here, *found]), "")
