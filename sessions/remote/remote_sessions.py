"""All sites where sessions of this deck live that are not here: their mirrors, and the way there.

A site brings what its sessions said, in any order and as often as it likes: `take` writes each
event once, in order, and pulls what is missing between two of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from sessions.api.calls import Calls
from sessions.api.calls_by import CallsBy
from sessions.archive.indexer import Indexer
from sessions.errors import AgentdeckError, EngineError, EventRefused, JournalError, UsageError
from sessions.ids import is_id
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.closed_sets import Status, one_of
from sessions.record.journal import FILES, NAME, store_file
from sessions.record.reading import read
from sessions.record.summary import Summary
from sessions.remote import untrusted_input
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.site_interface import HasFiles, Offline, Reaches, Site
from sessions.remote.source_repository import Origins
from sessions.runtime.session import Session
from sessions.worktrees import naming

if TYPE_CHECKING:
    from sessions.remote.remote_terminal import FarTerminal

log = logging.getLogger("agentdeck.remote")

_RECORDED = "terminal.recorded"
Said = bytes | ev.JSON
"""An event as a site says it: its line, or the JSON of it."""


class _Deck(Protocol):
    """What is needed of the deck that the mirrors are part of."""

    places: Places
    sessions: dict[str, Session]
    index: Indexer

    async def all_summaries(self) -> list[Summary]:
        """Every session's summary."""

    async def get(self, session_id: str) -> Session:
        """The session of that id. Raises NotFound, JournalError."""

    async def delete(self, session_id: str) -> None:
        """Remove what is here of a session."""

    def mirror(self, created: ev.SessionCreated) -> Mirrored:
        """A session that lives elsewhere, known here from now on. Raises JournalError."""


class RemoteSessions:
    """The sites of a deck, by name. All methods are for the engine's event loop."""

    def __init__(self, deck: _Deck) -> None:
        self._deck = deck
        self._sites: dict[str, Site] = {}
        self.origins = Origins(deck.places.data / "carried")
        """Of sessions that took a repository of this machine along."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One mirror is written by one at a time."""
        self._reached: dict[str, set[str]] = {}
        """By site: the sessions that are here as they are there."""
        self._listing: set[asyncio.Task[None]] = set()
        self._terminals: WeakValueDictionary[str, FarTerminal] = WeakValueDictionary()
        """Those that are looked at."""

    # -- sites

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site, reachable or not."""
        return tuple(self._sites.values())

    def add(self, site: Site) -> None:
        """Sessions may live there from now on. Raises ValueError: another has the name."""
        if self._sites.setdefault(site.name, site) is not site:
            raise ValueError(f"two sites are called {site.name}")

    def drop(self, name: str) -> None:
        """No place is called so any more; what is mirrored stays, to be read."""
        if self._sites.pop(name, None) is not None:
            self.cut(name, f"No host is called {name} any more.")

    def of(self, name: str) -> Site:
        """The site of that name. Raises Offline: none is."""
        site = self._sites.get(name)
        if site is None:
            raise Offline(
                f"No host is called {name} in the configuration.",
                "Put it back to reach its sessions; what was seen of them stays.",
            )
        return site

    def mirrors(self, name: str) -> list[Mirrored]:
        """Its sessions that are in memory here."""
        sessions = self._deck.sessions.values()
        return [s for s in sessions if isinstance(s, Mirrored) and s.host == name]

    def shown(self, summary: Summary) -> Summary:
        """A summary of the index: of a session that is not reached, it says so."""
        if summary.host and summary.id not in self._reached.get(summary.host, ()):
            summary.status = "offline"
        return summary

    def host_of(self, session: str) -> str:
        """Where a session lives: "" is here, or nowhere."""
        if (found := self._deck.sessions.get(session)) is not None:
            return found.summary.host
        if not is_id(session) or not (self._folder(session) / NAME).exists():
            return ""
        with contextlib.suppress(JournalError):
            first = next(iter(read(self._folder(session) / NAME)), None)
            return first.host if isinstance(first, ev.SessionCreated) else ""
        return ""

    def all_of(self, name: str, targets: Any) -> bool:
        """Whether all to whom an answer goes are sessions of one site, or new ones there."""
        wanted = [str(each) for each in targets] if isinstance(targets, list) else []
        return all(each.split(":")[0] == "new" or self.host_of(each) == name for each in wanted)

    async def known(self, name: str, there: Mapping[str, Summary]) -> dict[str, int]:
        """Its sessions that are mirrored, and up to which event. `there`: those it has now."""
        found = [s for s in await self._deck.all_summaries() if s.host == name]
        for session in self.mirrors(name):
            if session.id not in there:
                session.cut(f"It is not on {name} any more; what was seen of it stays.")
        self._reached.setdefault(name, set()).update(s.id for s in found if s.id in there)
        for summary in found:
            if summary.id in there and summary.id not in self._deck.sessions:
                # The index has it as it was when the site was away.
                summary.status = one_of(Status, there[summary.id].status, "unknown")
                self._deck.index.note(summary.id, summary)
        return {s.id: s.seq for s in found}

    def cut(self, name: str, why: str) -> None:
        """A site can't be reached: its sessions are shown as offline."""
        self._reached.pop(name, None)
        for session in self.mirrors(name):
            session.cut(why)
            self._deck.index.note(session.id, session.summary)
        task = asyncio.get_running_loop().create_task(self._listed_offline(name))
        self._listing.add(task)
        task.add_done_callback(self._listing.discard)

    async def _listed_offline(self, name: str) -> None:
        """What is in the index alone is offline there too: lists are read without the deck."""
        with contextlib.suppress(AgentdeckError):
            found = await self._deck.index.ask(lambda index: index.not_offline(name))
            for summary in found:
                if summary.id not in self._deck.sessions:
                    self._deck.index.note(summary.id, self.shown(summary))

    def _heard(self, session: Mirrored | None) -> int:
        """It is here as it is there; its last event's number, 0 where it has no mirror yet."""
        if session is None:
            return 0
        self._reached.setdefault(session.host, set()).add(session.id)
        if session.offline:
            session.back()
            self._deck.index.note(session.id, session.summary)
        return session.last_seq

    async def landable(self, session: str) -> None:
        """Raises UsageError: its branch is one of a plan, which came back and is landed here."""
        summary = (await self._deck.get(session)).summary
        if summary.run and naming.is_of(summary.branch, session):
            raise UsageError(
                f"This session is a plan's task on {summary.host}: its branch came back into the "
                "repository that the plan ran in, and lands there.",
                f"In that repository: git merge {shlex.quote(summary.branch)}",
            )

    # -- on the way there

    def on(self, name: str) -> Calls:
        """The commands of the site of that name, each done there as `ask` has it done."""
        return CallsBy(partial(self.ask, name))

    async def ask(self, name: str, command: str, args: ev.JSON) -> Any:
        """A command for the site of that name, where `cwd` is one of its places.

        For who passes on what he was asked; who knows what he asks does it by `on`.
        Raises Offline and the error of over there.
        """
        site = await self._there(name)
        if cwd := args.get("cwd"):
            args = {**args, "cwd": untrusted_input.unplaced(cwd, name)}
        told = await site.call(command, args)
        return (
            untrusted_input.recorded(told) if command == _RECORDED else untrusted_input.answer(told)
        )

    async def _there(self, name: str) -> Site:
        """The site of that name, once it is known how it stands. Raises Offline."""
        site = self.of(name)
        if isinstance(site, Reaches):
            await site.settled()  # an engine that has just begun is on its way there
        if site.offline:
            raise Offline(site.offline, "Nothing was sent; try again once it is back.")
        return site

    async def terminal(self, name: str, session: str) -> FarTerminal:
        """A terminal over there, to be looked at. Raises AgentdeckError."""
        from sessions.remote.remote_terminal import FarTerminal, ShowsTerminals

        found = self._terminals.get(session)
        if found is None or found.over:
            site = await self._there(name)
            if not isinstance(site, ShowsTerminals):
                raise UsageError(f"{name} does not show its terminals.")
            found = self._terminals.get(session)
            if found is None or found.over:
                found = self._terminals[session] = FarTerminal(site, session)
        await found.begin()
        return found

    def lives(self, name: str) -> bool:
        """Whether a site is called so."""
        return name in self._sites

    async def arrived(self, name: str, answer: Any) -> Any:
        """An answer of over there; a session that it is the summary of is here before it is told.

        Raises AgentdeckError.
        """
        if not isinstance(answer, dict) or not is_id(str(answer.get("id"))):
            return answer
        if self._of_another(name, str(answer["id"])):
            raise EngineError(f"What {name} answered names a session that is not of {name}.")
        if "seq" in answer:
            try:
                await self.pull(name, answer["id"])
            except ValueError as error:
                raise EngineError(f"What {name} answered can't be shown: {error}.") from error
            mirror = self._deck.sessions.get(answer["id"])
            return mirror.summary.to_json() if mirror is not None else {**answer, "host": name}
        return answer

    async def create(self, name: str, wishes: ev.JSON) -> Session:
        """A new session over there, as `session.create` takes it. Raises AgentdeckError."""
        told = await self.arrived(name, await self.on(name).call("session.create", **wishes))
        session = await self._deck.get(str(told.get("id")) if isinstance(told, dict) else "")
        if not isinstance(session, Mirrored) or session.host != name:
            raise EngineError(f"What {name} answered is no new session.")
        return session

    # -- on the way here

    async def take(self, name: str, session: str, said: Iterable[Said]) -> int:
        """Mirror what a site says of a session, once and in order; the last event's number.

        Raises ValueError: that id is another session's, or what came is no session's record;
        JournalError: the disk refuses it; Offline.
        """
        async with self._turn(untrusted_input.session_id(session)):
            mirror = await self._mirror(name, session)
            for found in _sound(said, name):
                if found.seq > (mirror.last_seq if mirror is not None else 0) + 1:
                    mirror = await self._pulled(name, session, mirror)
                mirror = await self._taken(name, session, mirror, found)
            return self._heard(mirror)

    async def pull(self, name: str, session: str) -> int:
        """Mirror all that a session has said since; the last event's number. As `take`."""
        async with self._turn(untrusted_input.session_id(session)):
            mirror = await self._mirror(name, session)
            return self._heard(await self._pulled(name, session, mirror))

    async def gone(self, name: str, session: str) -> None:
        """A session was deleted over there: its mirror goes too."""
        async with self._turn(untrusted_input.session_id(session)):
            if await self._mirror(name, session) is not None:
                await self._deck.delete(session)

    def _turn(self, session: str) -> asyncio.Lock:
        lock = self._turns.get(session)
        if lock is None:
            lock = self._turns[session] = asyncio.Lock()
        return lock

    async def _mirror(self, name: str, session: str) -> Mirrored | None:
        """The mirror of a session; None where it has none yet.

        Raises ValueError: what is here under that id is not of that site.
        """
        if not (self._folder(session) / NAME).exists():
            return None
        found = await self._deck.get(session)
        if not isinstance(found, Mirrored) or found.host != name:
            raise ValueError(f"session {session} is not of {name}")
        return found

    def _of_another(self, name: str, session: str) -> bool:
        """Whether a session is here, and not of that site."""
        there = is_id(session) and (self._folder(session) / NAME).exists()
        return there and self.host_of(session) != name

    def _folder(self, session: str) -> Path:
        return self._deck.places.session(session)

    async def _pulled(self, name: str, session: str, mirror: Mirrored | None) -> Mirrored | None:
        """Pull until nothing more comes: what is missing in that is missing over there too."""
        site = self.of(name)
        while True:
            before = mirror.last_seq if mirror is not None else 0
            said: Sequence[Said] = await site.since(session, before)
            for found in _sound(said, name):
                mirror = await self._taken(name, session, mirror, found)
            if mirror is None or mirror.last_seq == before:
                return mirror

    async def _bring(self, name: str, session: str, found: ev.Event) -> None:
        """The files that an event names are here before it is told; one that can't be is named."""
        folder = self._folder(session)
        lacking = [n for n in untrusted_input.kept(found) if not (folder / FILES / n).exists()]
        site = self._sites.get(name)
        if not lacking or not isinstance(site, HasFiles) or not folder.exists():
            return
        for wanted in lacking:
            data = await site.file(session, wanted)
            if data is None or hashlib.sha256(data).hexdigest() != wanted[:64]:
                log.info("the file %s of session %s stays on %s", wanted, session, name)
                continue
            await asyncio.to_thread(store_file, folder, data, wanted[64:])

    async def _taken(
        self, name: str, session: str, mirror: Mirrored | None, found: ev.Event
    ) -> Mirrored | None:
        """The mirror with one event more, and the files that it names."""
        await self._bring(name, session, found)
        if mirror is None:
            if found.seq != 1:
                return None  # what is before it can't be had: it comes with the beginning
            created = untrusted_input.created(found, session, name)
            if created.parent and self._of_another(name, str(created.parent.get("id"))):
                created = ev.replace(created, parent=None)  # it has none among those of here
            return self._deck.mirror(created)
        if isinstance(found, ev.SessionCreated) and found.seq > mirror.last_seq:
            log.warning("session %s is begun once more: passed over", session)
            return mirror
        try:
            mirror.take(found)
        except EventRefused as error:
            log.warning("event %d of session %s is passed over: %s", found.seq, session, error)
        return mirror


def _sound(said: Iterable[Said], host: str) -> Iterable[ev.Event]:
    """The events among what was said; what is none costs itself alone."""
    for each in said:
        try:
            yield untrusted_input.event(each, host)
        except ValueError as error:
            log.warning("what came is no event: %s", error)
