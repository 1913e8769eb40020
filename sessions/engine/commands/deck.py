"""Commands of the deck as a whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import cast

from sessions.api.answers import (
    BackendListed,
    BroadcastSent,
    EngineStatus,
    HostState,
    ModelChoice,
    SandboxState,
    SessionListed,
)
from sessions.api.deck import OfferFound, ProfileShown, SearchHit
from sessions.archive.index import Index
from sessions.archive.order import grouped, started_by
from sessions.archive.rows import repository_of
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.record.summary import SessionSummary, Summary
from sessions.record.summary_parts import AttachedFile

_AT_ONCE = 500
"""Values that one question to SQLite takes; an old one takes no thousand."""
_LISTED = tuple(SessionListed.__annotations__)


@command("deck.list")
async def listing(deck: Deck, archived: bool = False, closed: bool = False) -> list[SessionSummary]:
    """Summaries, newest first; without `closed`, those that are tiles of the deck."""
    return [
        s.to_json()
        for s in await deck.all_summaries()
        if (archived or not s.archived) and (closed or not s.closed)
    ]


@command("deck.order")
async def order(deck: Deck, first: list[str] | None = None) -> list[str]:
    """Every session's id: newest first, those of one repository or parent together.

    `first`: these come before the others.
    """
    found, above = await deck.index.ask(lambda index: index.groupings())
    for session in deck.sessions.values():
        found[session.id] = repository_of(session.summary.worktree)
        above[session.id] = started_by(session.summary.parent)
    return grouped(found, above, first or ())


@command("deck.rows")
async def rows(deck: Deck, sessions: list[str]) -> list[SessionListed]:
    """What a list shows of these sessions; one that is gone is left out."""
    found: list[Summary] = []
    for at in range(0, len(sessions), _AT_ONCE):
        part = sessions[at : at + _AT_ONCE]
        found += await deck.index.ask(lambda index, part=part: index.summaries(part))  # type: ignore[misc]
    known = {s.id: deck.elsewhere.shown(s) for s in found}
    known |= {s: deck.sessions[s].summary for s in sessions if s in deck.sessions}
    return [cast("SessionListed", known[s].part(_LISTED)) for s in sessions if s in known]


@command("deck.status")
async def status(deck: Deck) -> EngineStatus:
    """The engine's state."""
    return deck.status()


@command("deck.hosts")
async def hosts(deck: Deck, again: bool = False) -> list[HostState]:
    """The machines whose sessions are in this deck; `again`: those away are tried at once."""
    known = [s.host for s in await deck.all_summaries() if s.host]
    found: list[HostState] = []
    for name, host in deck.features.hosts.hosts.items():
        if again and host.offline:
            host.at_once()
        came, sent = host.traffic
        found.append(
            {
                "name": name,
                "version": host.version,
                "why": host.offline,
                "sessions": known.count(name),
                "came": came,
                "sent": sent,
            }
        )
    return found


@command("deck.backends")
async def backends(deck: Deck) -> list[BackendListed]:
    """What answers, what it can do, and what is missing for it."""
    from sessions.backends.registry import describe

    return await describe(deck.config, deck.places)


@command("deck.profiles")
async def profiles(deck: Deck) -> list[ProfileShown]:
    """The configured profiles."""
    default = deck.config.choose().profile
    return [
        cast("ProfileShown", {"name": name, **asdict(profile), "default": name == default})
        for name, profile in deck.config.profiles.items()
    ]


@command("deck.offers")
async def offers(deck: Deck) -> list[OfferFound]:
    """What was found while nobody asked: suggestions of a harvest, and dreams."""
    from sessions.harvest.service import Harvest

    suggested = await asyncio.to_thread(Harvest(deck.places).suggestions.open)
    skills: list[OfferFound] = [
        {
            "kind": "harvest",
            "key": f"{session} harvest",
            "session": session,
            "at": "",
            "words": why,
            "dream": None,
        }
        for session, why in sorted(suggested.items())
    ]
    dreams: list[OfferFound] = [
        {
            "kind": "dream",
            "key": f"dream {dream['id']}",
            "session": "",
            "at": dream["night"],
            "words": dream["idea"],
            "dream": dream,
        }
        for dream in deck.features.daydreams.inbox.waiting()
    ]
    return skills + sorted(dreams, key=lambda offer: (offer["at"], offer["key"]))


@command("deck.models")
async def models(deck: Deck, backend: str) -> list[ModelChoice]:
    """Models to choose from."""
    return [cast("ModelChoice", asdict(m)) for m in await deck.backend(backend).models()]


@command("deck.sandbox")
async def sandbox(deck: Deck, backend: str = "") -> SandboxState:
    """What contains the commands of a backend's sessions."""
    from sessions.tools.sandbox import describe

    if backend and deck.backend(backend).capabilities.own_tools:
        detail = "An agent runs its own tools, with all your rights."
        return {"works": False, "detail": detail, "remedy": ""}
    if not deck.config.tools.sandbox:
        detail = "It is switched off in the configuration: commands run with all your rights."
        return {"works": False, "detail": detail, "remedy": "Set [tools] sandbox = true."}
    found = await asyncio.to_thread(describe)
    return {"works": found.works, "detail": found.detail, "remedy": found.remedy}


@command("deck.broadcast")
async def broadcast(
    deck: Deck, sessions: list[str], text: str, attachments: list[AttachedFile] | None = None
) -> list[BroadcastSent]:
    """One message to several sessions; attachments as in `session.send`."""
    return await deck.broadcast(sessions, text, attachments or [])


@command("archive.import")
async def import_(deck: Deck, paths: list[str]) -> dict[str, int]:
    """Bring conversations of other programs in; how many are new, grown, known or failed."""
    from sessions.importers.homes import default_paths
    from sessions.importers.run import import_paths

    def work() -> dict[str, int]:
        wanted = [Path(path).expanduser() for path in paths] or default_paths()
        return dict(Counter(done.status for done in import_paths(wanted, deck.places)))

    return await asyncio.to_thread(work)


@command("archive.search")
async def search(deck: Deck, query: str, limit: int = 50) -> list[SearchHit]:
    """Full text over every session, best first; each hit with its session's title."""

    def look(index: Index) -> list[SearchHit]:
        hits = index.search(query, limit)
        titles = index.titles({hit.id for hit in hits})
        return [
            {
                "id": hit.id,
                "seq": hit.seq,
                "at": hit.at,
                "snippet": hit.snippet,
                "title": titles.get(hit.id, ""),
            }
            for hit in hits
        ]

    return await deck.index.ask(look)
