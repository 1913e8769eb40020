"""All features of the deck's sessions, put together: the one place that knows each by name.

The deck asks them as if they were one, a session never. To add one: a module with a `Feature`,
and its place in `Features.all`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sessions.features.cluster import Cluster
from sessions.features.hosts import Hosts
from sessions.features.mcp import McpServers
from sessions.record import events as ev
from sessions.record.event_parts import MessageNote
from sessions.runtime.parts import Parts

if TYPE_CHECKING:
    from sessions.backends.base import Settings
    from sessions.features.compaction import Compactor
    from sessions.features.comparing import Comparisons
    from sessions.features.daydreams import Daydreams
    from sessions.features.feature import Feature
    from sessions.features.file_scans import FileScans
    from sessions.features.files_made_by_agents import MadeByAgents
    from sessions.features.forwarding import Passing
    from sessions.features.harvest import Harvests
    from sessions.features.limits import Limits
    from sessions.features.mentions import Mentions
    from sessions.features.own_commands import OwnCommands
    from sessions.features.priming import Primings
    from sessions.features.remote_repositories import RemoteRepositories
    from sessions.features.shared_files import Sharing
    from sessions.features.skills import Skills
    from sessions.features.subsessions import SubSessions
    from sessions.features.terminals import TerminalSessions
    from sessions.features.titles import Titles
    from sessions.features.tools import SessionTools
    from sessions.features.worktrees import Worktrees
    from sessions.plans.service import Runs
    from sessions.runtime.deck import Deck
    from sessions.runtime.parts import NewSession
    from sessions.runtime.session import Session
    from sessions.tools.base import Tool
    from sessions.tools.toolbox import Toolbox
    from skills.library import Library

More = Sequence[Callable[["Deck"], "Feature"]]
_BY_THEMSELVES = ("skills", "plans")
"""Those that may be made without any session, and have something to end then."""


class Features(Parts):
    """The features of a deck, each asked in turn. `more`: others, after those always there."""

    def __init__(self, deck: Deck, more: More = ()) -> None:
        self._deck = deck
        self._more = more
        self.mcp = McpServers(deck)
        self.hosts = Hosts(deck)
        self.cluster = Cluster(deck)

    @cached_property
    def all(self) -> tuple[Feature, ...]:
        """Every feature, in the order in which they are asked; made with the first session."""
        return (
            self.titles,
            self.worktrees,
            self.carried,
            self.skills,
            self.limits,
            self.subsessions,
            self.compactor,
            self.primings,
            self.harvests,
            self.made_by_agents,
            self.daydreams,
            self.passing,
            self.mentions,
            self.own_commands,
            self.terminals,
            self.sharing,
            self.tools,
            self.file_scans,
            self.mcp,
            self.hosts,
            self.cluster,
            self.plans,
            *(make(self._deck) for make in self._more),
        )

    def _made(self) -> Iterator[Feature]:
        """Those that are there by now: what most of them import would hold up an engine's start.

        It is 11 MB too, which an engine without a session does not need.
        """
        if "all" in self.__dict__ or self._more:
            yield from self.all
        else:
            yield from (self.mcp, self.hosts, self.cluster)
            yield from [vars(self)[name] for name in _BY_THEMSELVES if name in vars(self)]

    # -- each of them, imported when it is made

    @cached_property
    def skills(self) -> Skills:
        """Skills; their folders are watched from then on."""
        from sessions.features.skills import Skills

        made = Skills(self._deck)
        made.start()
        return made

    @cached_property
    def plans(self) -> Runs:
        """Runs of plans."""
        from sessions.plans.service import Runs

        return Runs(self._deck, self)

    @property
    def has_plans(self) -> bool:
        """Whether there is a run or a timetable, of now or of an engine before."""
        return "plans" in self.__dict__ or any((self._deck.places.state / "plans").glob("*"))

    @cached_property
    def titles(self) -> Titles:
        """What sessions are called that have no title of anybody."""
        from sessions.features.titles import Titles

        return Titles(self._deck)

    @cached_property
    def worktrees(self) -> Worktrees:
        """Git worktrees."""
        from sessions.features.worktrees import Worktrees

        return Worktrees(self._deck)

    @cached_property
    def carried(self) -> RemoteRepositories:
        """Sessions on other machines that took a repository of here along."""
        from sessions.features.remote_repositories import RemoteRepositories

        return RemoteRepositories(self._deck, self.worktrees)

    @cached_property
    def limits(self) -> Limits:
        """What a session and the deck may take."""
        from sessions.features.limits import Limits

        return Limits(self._deck)

    @cached_property
    def subsessions(self) -> SubSessions:
        """Sessions that sessions start."""
        from sessions.features.subsessions import SubSessions

        return SubSessions(self._deck, self)

    @cached_property
    def compactor(self) -> Compactor:
        """Who makes room where a conversation is about to outgrow its window."""
        from sessions.features.compaction import Compactor

        return Compactor(self._deck, lambda session, most: self.skills.of(session).surviving(most))

    @cached_property
    def primings(self) -> Primings:
        """Priming."""
        from sessions.features.priming import Primings

        return Primings(self._deck)

    @cached_property
    def comparisons(self) -> Comparisons:
        """Blind comparisons of primings; no feature, since it follows no session."""
        from sessions.features.comparing import Comparisons

        return Comparisons(self._deck, self.primings)

    @cached_property
    def harvests(self) -> Harvests:
        """Who says that a session is worth a harvest."""
        from sessions.features.harvest import Harvests

        return Harvests(self._deck)

    @cached_property
    def file_scans(self) -> FileScans:
        """Who looks for what commands made, of all who run them."""
        from sessions.features.file_scans import FileScans

        return FileScans(self._deck)

    @cached_property
    def made_by_agents(self) -> MadeByAgents:
        """Who looks for what agents' commands make."""
        from sessions.features.files_made_by_agents import MadeByAgents

        return MadeByAgents(self._deck, self.file_scans)

    @cached_property
    def daydreams(self) -> Daydreams:
        """What is dreamt while everything idles, if that is switched on."""
        from sessions.features.daydreams import Daydreams

        return Daydreams(self._deck, self.primings)

    @cached_property
    def passing(self) -> Passing:
        """What goes from one session to another."""
        from sessions.features.forwarding import Passing

        return Passing(self._deck, self)

    @cached_property
    def mentions(self) -> Mentions:
        """Sessions that a message names."""
        from sessions.features.mentions import Mentions

        return Mentions(self._deck)

    @cached_property
    def own_commands(self) -> OwnCommands:
        """What the user runs in a session's directory."""
        from sessions.features.own_commands import OwnCommands

        return OwnCommands(self._deck, self.file_scans)

    @cached_property
    def terminals(self) -> TerminalSessions:
        """Programs on terminals."""
        from sessions.features.terminals import TerminalSessions

        return TerminalSessions(self._deck)

    @cached_property
    def sharing(self) -> Sharing:
        """Two sessions in one folder."""
        from sessions.features.shared_files import Sharing

        return Sharing(self._deck, self.tools.knows)

    @cached_property
    def tools(self) -> SessionTools:
        """The tools of sessions, and files put back."""
        from sessions.features.tools import SessionTools

        return SessionTools(self._deck, self, self.file_scans)

    @property
    def library(self) -> Library:
        """The skills of this installation."""
        return self.skills.library

    # -- the engine's life

    async def recover(self) -> None:
        places = self._deck.places
        notes = (places.landings.glob("*.json"), places.worktree_steps.glob("*.json"),
                 (places.state / "terminals").glob("*"))  # fmt: skip
        if any(any(found) for found in notes):
            _ = self.all
        for each in self._made():
            await each.recover()

    async def opened(self) -> None:
        if self.has_plans:
            _ = self.plans
        for each in self._made():
            await each.opened()

    @property
    def busy(self) -> bool:
        return any(each.busy for each in self._made())

    def configured(self) -> None:
        for each in self._made():
            each.configured()

    async def stop(self) -> None:
        for each in self._made():
            await each.stop()

    async def close(self) -> None:
        for each in self._made():
            await each.close()

    # -- a session's life

    async def prepare(self, new: NewSession) -> None:
        for each in self.all:
            await each.prepare(new)

    async def unmade(self, new: NewSession) -> None:
        for each in self.all:
            await each.unmade(new)

    def joined(self, session: Session) -> None:
        for each in self.all:
            each.joined(session)

    async def created(self, session: Session, new: NewSession) -> None:
        for each in self.all:
            await each.created(session, new)

    async def forked(self, parent: Session, session: Session) -> None:
        for each in self.all:
            await each.forked(parent, session)

    async def leaving(self, session: Session) -> None:
        for each in self._made():
            await each.leaving(session)

    async def parted(self, session: Session) -> None:
        for each in self.all:
            await each.parted(session)

    async def removed(self, session: Session) -> None:
        await self.parted(session)
        for each in self.all:
            await each.removed(session)

    # -- a turn

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        found = (each.slot(session) for each in self.all)
        return next((slot for slot in found if slot is not None), None)

    def settings(self, session: Session, settings: Settings) -> Settings:
        for each in self.all:
            settings = each.settings(session, settings)
        return settings

    def tools_of(self, session: Session) -> list[Tool]:
        """What all features give to a session's tools."""
        return [tool for each in self.all for tool in each.tools(session)]

    async def toolbox(self, session: Session) -> Toolbox:
        return await self.tools.toolbox(session)

    async def before_turn(self, session: Session) -> str:
        for each in self.all:
            if why := await each.before_turn(session):
                return why
        return ""

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        return [note for each in self.all for note in await each.notes(session, message)]

    async def make_room(self, session: Session, *, refused: bool) -> bool:
        for each in self.all:
            if await each.make_room(session, refused=refused):
                return True
        return False

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        for each in self.all:
            await each.after_turn(session, ended)
