"""The skills of the deck's sessions: switched, told, seen when their folders change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.backends.base import ReadsSkills
from sessions.errors import AgentdeckError, UsageError
from sessions.features.feature import Feature
from sessions.features.session_skills import SessionSkills
from sessions.record import events as ev
from sessions.record.closed_sets import SkillState
from sessions.record.event_parts import MessageNote
from skills.library import Library

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.parts import NewSession
    from sessions.runtime.session import Session
    from sessions.tools.base import Tool
    from skills.skill import Skill

_WATCH_ENDS_S = 3.0


class Skills(Feature):
    """The library of this installation, and what each session has of it."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._of: dict[str, SessionSkills] = {}
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @cached_property
    def library(self) -> Library:
        """The skills of this installation."""
        from sessions.library import library

        return library(list(self._deck.config.skills.paths), self._deck.places)

    def of(self, session: Session) -> SessionSkills:
        """The skills of a session."""
        return self._of[session.id]

    async def set_for_profile(self, profile: str, name: str, state: SkillState) -> None:
        """Write a skill's default state for a profile. Raises UsageError."""
        if profile not in self._deck.config.profiles:
            raise UsageError(f"There is no profile {profile}.")
        from sessions.config import write

        path = self._deck.places.config_file
        await asyncio.to_thread(write.set_profile_skill, path, profile, name, state)

    # -- the engine's life

    def start(self) -> None:
        """A skill folder that lands is seen from now on. Needs a running event loop."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Tell every interface when a folder of skills changes; the system's notices tell us."""
        from skills.watch import changes, names

        def roots() -> set[Path]:
            cwds = {Path(s.summary.cwd) for s in self._deck.sessions.values()}
            found = [self.library.roots(), *(self.library.roots(cwd) for cwd in cwds)]
            return {root.path for some in found for root in some}

        async for paths in changes(roots, self._stop, late=True):
            found = await asyncio.to_thread(names, paths, roots()) if paths else []
            if paths and not found:
                continue  # something hidden: a skill that is being copied, say
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            told = f"Skills changed: {', '.join(found[:5])}{more}" if found else ""
            self._deck.notice("skills", told)

    async def close(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._watching is not None:
            await asyncio.wait([self._watching], timeout=_WATCH_ENDS_S)

    # -- a session's life

    def joined(self, session: Session) -> None:
        """A session is in memory from now on; its past is folded next."""
        self._of[session.id] = SessionSkills(
            session,
            self.library,
            partial(self._own, session),
            lambda: self._deck.config.skills.most_on,
        )

    def _own(self, session: Session, skills: list[Skill]) -> frozenset[str]:
        """The skills that the session's backend reads by itself."""
        try:
            backend = self._deck.backend(session.summary.backend)
        except AgentdeckError:  # it is configured no more
            return frozenset()
        if not isinstance(backend, ReadsSkills):
            return frozenset()
        named = [(skill.name, skill.path) for skill in skills]
        return backend.own_skills(named, Path(session.summary.cwd))

    async def created(self, session: Session, new: NewSession) -> None:
        """Switch on what is wished of a session from its beginning."""
        for name, state in new.skills.items():
            try:
                await self._of[session.id].switch(name, state)
            except AgentdeckError as error:
                if new.strict:
                    raise
                told = f"The skill {name} was not switched on: {error.message}"
                session.recorder.emit(ev.Error(kind="skill", message=told, hint=error.hint))

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self._of.pop(session.id, None)

    # -- a turn

    def tools(self, session: Session) -> Sequence[Tool]:
        """The tool that reads a skill."""
        from sessions.tools.skill import SkillTool

        return [SkillTool(self.of(session))]

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """The listing where it has changed, and what the message names."""
        can = self._deck.backend(session.summary.backend).capabilities
        own = "text" if can.elsewhere else "path"
        way = own if can.own_tools else "tool" if can.tools else ""
        return await self.of(session).notes(message, way=way)
