"""What the parts of agentdeck add to every session, in one place.

The deck knows sessions and backends; skills, tools, limits and priming are joined to a session
here, each by a small object of its own module, so that the deck need not know them.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError, UsageError
from sessions.features.mcp import Servers
from sessions.features.sharing import Sharing
from sessions.features.skills import SessionSkills
from sessions.record import events as ev
from sessions.runtime import budget
from sessions.runtime.compaction import Compactor
from sessions.tools.grants import Granted
from skills.library import Library

if TYPE_CHECKING:
    from sessions.backends.base import Tools
    from sessions.features.comparing import Comparisons
    from sessions.features.daydreams import Daydreams
    from sessions.features.harvest import Harvests
    from sessions.features.passing import Passing
    from sessions.features.priming import Primings
    from sessions.features.subsessions import SubSessions
    from sessions.features.titles import Titles
    from sessions.features.worktrees import Worktrees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.tools.rewind import Rewound
    from sessions.tools.toolbox import Toolbox
    from sessions.worktrees.make import Worktree

log = logging.getLogger("agentdeck.features")

_WATCH_ENDS_S = 3.0
_TOLD = "The user has put these files back to what they were before turn {turn}:\n{files}"


class Features:
    """Skills, tools, limits and priming of the deck's sessions."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._skills: dict[str, SessionSkills] = {}
        self._granted: dict[str, Granted] = {}
        self._toolboxes: dict[str, Toolbox] = {}
        self.mcp = Servers(deck)
        self.sharing = Sharing(deck, self.knows)
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin what goes on by itself: a skill folder that lands is seen."""
        self._watching = asyncio.get_running_loop().create_task(self._watch_skills())

    # -- skills

    async def _watch_skills(self) -> None:
        """Tell every interface when a folder of skills changes; the system's notices tell us."""
        from skills.watch import changes, names

        def roots() -> set[Path]:
            cwds = {Path(s.summary.cwd) for s in self._deck.sessions.values()}
            found = [self.library.roots(), *(self.library.roots(cwd) for cwd in cwds)]
            return {root.path for some in found for root in some}

        async for paths in changes(roots, self._stop):
            found = await asyncio.to_thread(names, paths, roots())
            if paths and not found:
                continue  # something hidden: a skill that is being copied, say
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            told = f"Skills changed: {', '.join(found[:5])}{more}" if found else ""
            self._deck.notice("skills", told)

    @cached_property
    def library(self) -> Library:
        """The skills of this installation."""
        from sessions.library import library

        return library(list(self._deck.config.skills.paths), self._deck.places)

    @cached_property
    def primings(self) -> Primings:
        """Priming; imported when the first session is there."""
        from sessions.features.priming import Primings

        return Primings(self._deck)

    @cached_property
    def comparisons(self) -> Comparisons:
        """Blind comparisons of primings."""
        from sessions.features.comparing import Comparisons

        return Comparisons(self._deck, self.primings)

    @cached_property
    def daydreams(self) -> Daydreams:
        """What is dreamt while everything idles, if that is switched on."""
        from sessions.features.daydreams import Daydreams

        return Daydreams(self._deck, self.primings)

    @cached_property
    def harvests(self) -> Harvests:
        """Who says that a session is worth a harvest."""
        from sessions.features.harvest import Harvests

        return Harvests(self._deck)

    @cached_property
    def titles(self) -> Titles:
        """What sessions are called that have no title of anybody."""
        from sessions.features.titles import Titles

        return Titles(self._deck)

    @cached_property
    def subsessions(self) -> SubSessions:
        """Sessions that sessions start."""
        from sessions.features.subsessions import SubSessions

        return SubSessions(self._deck)

    @cached_property
    def passing(self) -> Passing:
        """What goes from one session to another."""
        from sessions.features.passing import Passing

        return Passing(self._deck)

    @cached_property
    def worktrees(self) -> Worktrees:
        """Git worktrees; imported when the first one is asked for."""
        from sessions.features.worktrees import Worktrees

        return Worktrees(self._deck)

    @cached_property
    def compactor(self) -> Compactor:
        """Who makes room where a conversation is about to outgrow its window."""
        return Compactor(self._deck, self._surviving)

    def _surviving(self, session: Session, window: int) -> list[str]:
        return self._skills[session.id].surviving(window)

    def skills(self, session: Session) -> SessionSkills:
        """The skills of a session."""
        return self._skills[session.id]

    async def set_profile_skill(self, profile: str, name: str, state: str) -> None:
        """Write a skill's default state for a profile. Raises UsageError."""
        if profile not in self._deck.config.profiles:
            raise UsageError(f"There is no profile {profile}.")
        from sessions.config import write

        path = self._deck.places.config_file
        await asyncio.to_thread(write.set_profile_skill, path, profile, name, state)

    # -- a session's life

    def joined(self, session: Session) -> None:
        """A session is in memory from now on; its past is folded next."""
        self._skills[session.id] = SessionSkills(session, self.library)
        granted = self._granted[session.id] = Granted()
        session.observers.append(granted.observe)
        self.mcp.joined(session)
        self.primings.joined(session)
        self.harvests.joined(session)
        self.sharing.joined(session)

    async def created(
        self, session: Session, skills: dict[str, str], *, strict: bool = False
    ) -> None:
        """A session was made; `skills` maps names to their first state."""
        for name, state in skills.items():
            try:
                await self._skills[session.id].switch(name, state)
            except AgentdeckError as error:
                if strict:
                    raise
                session.recorder.emit(
                    ev.Error(
                        kind="skill",
                        message=f"The skill {name} was not switched on: {error.message}",
                        hint=error.hint,
                    )
                )

    async def fork_worktree(self, parent: Session, session_id: str, title: str) -> Worktree | None:
        """A worktree for a fork of a session that has one, with all that is in it now."""
        if parent.summary.worktree is None:
            return None
        return await self.worktrees.fork(parent, session_id, title)

    async def forked(self, parent: Session, session: Session, tree: Worktree | None = None) -> None:
        """A session was forked; all else that is known of it is in its journal."""
        if tree is not None:
            await self.worktrees.begin(session, tree)
            self.worktrees.moved(parent, session)

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more; what it runs in the background ends."""
        self._skills.pop(session.id, None)
        self._granted.pop(session.id, None)
        self.compactor.removed(session)
        self.mcp.removed(session)
        self.primings.removed(session)
        self.titles.removed(session)
        self.subsessions.parted(session)
        toolbox = self._toolboxes.pop(session.id, None)
        if toolbox is not None:
            await toolbox.close()

    async def removed(self, session: Session) -> None:
        """A session is deleted: its worktree goes with it."""
        await self.parted(session)
        if session.summary.worktree is not None:
            await self.worktrees.removed(session)

    async def close(self) -> None:
        """End what the parts started."""
        self._stop.set()
        if self._watching is not None:
            await asyncio.wait([self._watching], timeout=_WATCH_ENDS_S)
        await self.harvests.close()
        await self.titles.close()
        await self.passing.close()
        await self.daydreams.close()
        await self.worktrees.close()
        for toolbox in self._toolboxes.values():
            await toolbox.close()
        await self.mcp.close()

    # -- a turn

    def system(self, session: Session) -> str:
        """The system prompt; the same through a session's life."""
        profile = self._deck.config.profiles.get(session.summary.profile)
        return profile.system if profile else ""

    async def notes(self, session: Session, message: ev.UserMessage) -> list[ev.JSON]:
        """What the model is told before a message."""
        can = self._deck.backend(session.summary.backend).capabilities
        own = "text" if can.elsewhere else "path"
        way = own if can.own_tools else "tool" if can.tools else ""
        return await self._skills[session.id].notes(message, way=way)

    def knows(self, session_id: str, path: Path) -> bool:
        """Whether a session's model has seen a file, as far as its tools know."""
        toolbox = self._toolboxes.get(session_id)
        return toolbox is not None and path in toolbox.state.seen

    async def toolbox(self, session: Session) -> Tools | None:
        """The session's tools. They change only when those of its MCP servers do."""
        foreign = await self.mcp.tools(session)
        toolbox = self._toolboxes.get(session.id)
        if toolbox is None:
            from sessions.features.tools import make_toolbox

            grants = self._granted[session.id].grants
            skills = self._skills[session.id]
            toolbox = make_toolbox(self._deck, session, skills, foreign or (), grants)
            toolbox.renewed = partial(self._renewed, session)
            self._toolboxes[session.id] = toolbox
        elif foreign is not None:
            toolbox.replace(foreign)
        return toolbox

    async def _renewed(self, session: Session) -> None:
        """Calls are done: a server may have other tools since (after a sign-in, say)."""
        foreign = await self.mcp.tools(session)
        toolbox = self._toolboxes.get(session.id)
        if foreign is not None and toolbox is not None:
            toolbox.replace(foreign)

    def servers_changed(self) -> None:
        """The configuration has other MCP servers: each session looks anew at its next turn."""
        self.mcp.changed()

    def confirm_full(self, session: Session) -> None:
        """A person has typed that mode `full` may be used without a sandbox."""
        session.full_confirmed = True
        toolbox = self._toolboxes.get(session.id)
        if toolbox is not None:
            toolbox.confirm_full()

    async def rewind(self, session: Session, turn: int | None) -> Rewound:
        """Put files back to before a turn."""
        from sessions.features.tools import rewind

        return await rewind(self._deck, session, turn)

    async def rewind_files(self, session: Session, turn: int) -> Rewound:
        """Put files back to before a turn; the conversation stays, and the model is told.

        Raises UsageError while a turn runs, or when there is no such turn.
        """
        if session.working:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        if not 1 <= turn <= session.summary.turns:
            raise UsageError(f"There is no turn {turn}.")
        rewound = await self.rewind(session, turn)
        if rewound.paths:
            await session.recorder.emit_synced(ev.FilesRewound(turn=turn, files=rewound.paths))
            session.prepared.append({"kind": "files", "text": _TOLD.format(
                turn=turn, files="\n".join(rewound.paths))})  # fmt: skip
        return rewound

    async def prime(self, session: Session, wanted: str) -> ev.JSON:
        """A whole priming without a person, put before the session's next message."""
        return await self.primings.whole(session, wanted)

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""; compacts a conversation that is nearly too long."""
        self.titles.begin(session)
        if session.summary.worktree is not None:
            await self.worktrees.ready(session)
        limits = self._deck.config.limits
        mine = budget.of_session(limits, session.summary.budget)
        if why := budget.exceeded(session.summary, mine):
            return why
        if why := self.subsessions.exceeded(session):
            return why
        whole = budget.Budget(limits.deck_usd, limits.deck_tokens)
        if whole.usd or whole.tokens:
            open_ones = [s.summary for s in self._deck.sessions.values()]
            if why := budget.deck_exceeded(open_ones, whole):
                return why
        await self.compactor.make_room(session)
        return ""

    async def compact(self, session: Session) -> None:
        """Compact now. Raises UsageError while a turn runs, or when there is nothing to."""
        await self.compactor.compact(session)

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """What follows a turn: primings are measured, a harvest may be suggested."""
        self.primings.of(session).measure()
        self.harvests.turn_ended(session, ended)
        self.titles.turn_ended(session, ended)
        self.daydreams.turn_ended(session)
        if session.summary.then:
            self.passing.turn_ended(session, ended)
