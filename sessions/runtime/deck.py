"""All sessions together: made, found, routed, limited. What an interface talks to.

The deck lives in the engine's process. Sessions are opened from their journals when somebody
asks for them; those whose last turn was cut off are opened at once, so that their record is
completed.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self, Unpack, cast

from sessions.api.notices import EngineNotice, NoticeParts
from sessions.archive.indexer import Indexer
from sessions.errors import AgentdeckError, JournalError, NotFound, UsageError
from sessions.ids import new_id
from sessions.paths import JOURNAL, Places, private_folder
from sessions.record import events as ev
from sessions.record.closed_sets import NoticeTopic, Permission, SkillState
from sessions.record.event_parts import MessageNote
from sessions.record.file_descriptors import near_limit
from sessions.record.journal import half_made
from sessions.record.summary import SessionSummary, Summary
from sessions.record.summary_parts import AttachedFile, SessionAbove
from sessions.record.terminal_state import refuse_if_terminal
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.remote_sessions import RemoteSessions
from sessions.runtime.attachments import taken
from sessions.runtime.directories import lack_of
from sessions.runtime.full_disk import Refusals
from sessions.runtime.limit_waits import Waits
from sessions.runtime.parts import NewSession
from sessions.runtime.session import Session
from sessions.runtime.subagent_session import BY, SubagentSession
from sessions.safety.numbers_from_outside import count

if TYPE_CHECKING:
    from sessions.api.answers import BroadcastSent, EngineStatus
    from sessions.backends.base import Backend, Conversation, Settings, Tools
    from sessions.config import Config
    from sessions.runtime.parts import Parts

log = logging.getLogger("agentdeck.deck")

CHANGEABLE = {
    "title", "backend", "model", "permission", "profile", "archived", "closed", "aside", "paused",
    "tags",
}  # fmt: skip


class Listener(Protocol):
    """Who is told what happens (the engine's server)."""

    def on_event(self, session_id: str, event: ev.Event, line: bytes) -> None:
        """An event is in the journal."""

    def on_summary(self, summary: SessionSummary) -> None:
        """A session's summary changed."""

    def on_gone(self, session_id: str) -> None:
        """A session was deleted."""

    def on_notice(self, notice: EngineNotice) -> None:
        """Something that is no event of a session."""


class Deck:
    """All sessions of one installation; the `session_interfaces.Surroundings` of each of them."""

    features: Parts

    def __init__(
        self,
        places: Places,
        config: Config,
        features: Callable[[Self], Parts],
    ) -> None:
        self.places = places
        self.config = config
        self.sessions: dict[str, Session] = {}
        self.listener: Listener | None = None
        self.on_quiet: Callable[[], None] = lambda: None
        self.looked_at: Callable[[str], bool] = lambda _: False
        self.stop: Callable[[], None] = lambda: None
        self.on_ending: Callable[[str], None] = lambda _: None
        self.status: Callable[[], EngineStatus] = lambda: cast("EngineStatus", {})
        self.elsewhere = RemoteSessions(self)
        self.features = features(self)
        self._backends: dict[str, Backend] = {}
        self._slots = asyncio.Semaphore(max(1, config.limits.turns_at_once))
        self._opening: dict[str, asyncio.Task[Session]] = {}
        self._leaving: dict[str, asyncio.Future[None]] = {}
        """Sessions that are being put down, and what is done when they are."""
        self.index = Indexer(places.index, places.sessions, self)
        self.refusals = Refusals(self.notice, self.index.room)
        self._completing: set[asyncio.Task[None]] = set()
        self.waits = Waits(self._go_on)
        self._unsaid: set[str] = set()
        self._near_told = False
        """The limit on open files is near, and everybody knows."""
        self._say_handle: asyncio.Handle | None = None

    # -- life

    async def open(self) -> None:
        """Open the index and complete the records that a crash cut off.

        What is not in the index yet is taken in behind; `index.made()` waits for it.
        """
        from sessions.backends.acp import orphans
        from sessions.tools import quarantine

        private_folder(self.places.sessions)
        if left := orphans.sweep(self.places.state / "agents"):
            log.warning("%d agents that a killed engine left behind were ended", left)
        for told in await asyncio.to_thread(quarantine.sweep, self.places.state / "commands"):
            log.warning("of a command of an engine that was killed: %s", told)
            self.notice("aside", told)
        await self.index.start()
        await self.features.recover()
        for summary in await self.all_summaries():
            if summary.open:
                await self._complete(summary.id)
            self.waits.note(summary)
        await self.features.opened()

    async def _go_on(self, session_id: str) -> None:
        """A session whose limit is over goes on."""
        await (await self.get(session_id)).resume()

    async def _complete(self, session_id: str) -> None:
        """Open a session whose last turn was cut off: its record is completed by that."""
        try:
            await self.get(session_id)
        except AgentdeckError as error:
            log.warning("session %s: %s", session_id, error)

    async def close(self) -> None:
        """Interrupt every turn, end the backends, write what is left."""
        self.on_ending("plans and what else goes on by itself")
        self.refusals.close()
        await self.waits.close()
        await self.features.stop()
        self.on_ending("its sessions")
        leaving = list(self.sessions.values())
        await asyncio.gather(*map(self.features.leaving, leaving), return_exceptions=True)
        await asyncio.gather(*(s.close() for s in leaving), return_exceptions=True)
        self.on_ending("its agents and servers")
        backends = list(self._backends.values())
        await asyncio.gather(*(b.close() for b in backends), return_exceptions=True)
        self.on_ending("terminals, hosts and tools")
        await self.features.close()
        self.on_ending("the index")
        await self.index.close()

    @property
    def working(self) -> int:
        """How many sessions run a turn."""
        return sum(s.working for s in self.sessions.values())

    @property
    def busy(self) -> bool:
        """Something goes on by itself: a turn, a feature's work, a session whose limit ends."""
        return self.working > 0 or self.features.busy or self.waits.any

    # -- sessions

    async def create(
        self,
        *,
        profile: str = "",
        backend: str = "",
        model: str = "",
        cwd: str = "",
        title: str = "",
        permission: Permission | Literal[""] = "",
        skills: Mapping[str, SkillState] | None = None,
        max_steps: int = 0,
        confirmed_full: bool = False,
        strict: bool = False,
        worktree: bool | None = None,
        base: str = "",
        about: str = "",
        id: str = "",
        parent: SessionAbove | None = None,
        run: str = "",
    ) -> Session:
        """Make a session, of that id if one is given (which must be new).

        `worktree`: in a git worktree on a branch of its own, which begins at `base` (default: as
        the profile says; a base asks for one) and is called by `title`, or else by `about`.
        `strict`: a skill that can't be switched on is an error, not a note in the record.
        Raises UsageError, NotFound, NeedsPerson or JournalError.
        """
        from sessions.backends.base import Prepares

        choice = self.config.choose(
            profile=profile, backend=backend, model=model, permission=permission
        )
        folder = Path(cwd or choice.cwd or Path.home()).expanduser()
        if lack := lack_of(folder):
            raise UsageError(lack, "Choose one that is there and may be read, or make it first.")
        if choice.backend not in self.config.backends:
            raise NotFound(
                f"No backend is called {choice.backend}.",
                f"There are: {', '.join(self.config.backends)}.",
            )
        answering = self.backend(choice.backend)
        if isinstance(answering, Prepares):
            answering.prepare()
        session_id = id or new_id()
        own_tree = bool(worktree or (worktree is None and (base or choice.worktree)))
        new = NewSession(
            session_id, folder, answering, title, about, own_tree, base or choice.base,
            {**choice.skills, **(skills or {})}, strict,
        )  # fmt: skip
        await self.features.prepare(new)
        created = ev.SessionCreated(
            id=session_id,
            title=title,
            backend=choice.backend,
            model=choice.model or answering.default_model,
            cwd=str(folder.resolve() if new.folder == folder else new.folder),
            profile=choice.profile,
            permission=choice.permission,
            parent=parent,
            run=run,
        )
        try:
            where = self.places.session(session_id)
            session = Session.create(where, created, self, synced=not id)
        except JournalError:
            await self.features.unmade(new)
            raise
        session.max_steps = max_steps
        session.full_confirmed = confirmed_full
        self._add(session)
        try:
            await self.features.created(session, new)
        except AgentdeckError:
            await self.delete(session.id)  # what was refused leaves nothing behind
            raise
        self.changed(session)
        return session

    async def get(self, session_id: str) -> Session:
        """The session of that id, opened from its journal if it is not in memory.

        Raises:
            NotFound: there is none.
            JournalError: its journal can't be opened.
        """
        if (leaving := self._leaving.get(session_id)) is not None:
            await leaving
        session = self.sessions.get(session_id)
        if session is not None:
            return session
        opening = self._opening.get(session_id)
        if opening is None:
            opening = asyncio.ensure_future(self._open_session(session_id))
            self._opening[session_id] = opening
            opening.add_done_callback(lambda _: self._opening.pop(session_id, None))
        return await asyncio.shield(opening)

    async def _open_session(self, session_id: str) -> Session:
        folder = self.places.session(session_id)
        there = bool(session_id) and "/" not in session_id and (folder / JOURNAL).exists()
        if not there or half_made(folder):
            raise NotFound(f"There is no session {session_id}.", "See `agentdeck sessions list`.")
        try:
            return self.opened(session_id)
        except AgentdeckError:
            raise
        except Exception as error:
            # One record that holds what nobody foresaw is that session's fault alone.
            log.exception("session %s", session_id)
            raise JournalError(
                f"The record of session {session_id} can't be read: {error!r}.",
                f"It is left as it is, in {folder}. All other sessions go on.",
            ) from error

    def led(self, parent: Session, title: str, call: str, above: str) -> SubagentSession:
        """A new session that the agent of `parent` leads by itself.

        `above`: the session that it belongs to, if it is another one. Raises AgentdeckError.
        """
        own = parent.summary
        created = ev.SessionCreated(
            id=new_id(), title=title, backend=own.backend, model=own.model, cwd=own.cwd,
            profile=own.profile, permission=own.permission, run=own.run,
            parent={"id": above or own.id, "seq": 0, "call": call, "by": BY},
        )  # fmt: skip
        return SubagentSession(self, self.bare(created))

    def bare(self, created: ev.SessionCreated) -> Session:
        """A session that is just that, in which no feature had a say. Raises JournalError."""
        session = Session.create(self.places.session(created.id), created, self, synced=False)
        self._add(session)
        self.changed(session)
        return session

    def opened(self, session_id: str) -> Session:
        """A session from its journal, in memory from now on. Raises JournalError."""
        session = Session.load(self.places.session(session_id), self, elsewhere=Mirrored)
        self._add(session)
        self.changed(session)
        return session

    def mirror(self, created: ev.SessionCreated) -> Mirrored:
        """A session that lives elsewhere, known here from now on. Raises JournalError."""
        session = Mirrored.begin(self.places.session(created.id), created, self)
        self._add(session)
        self.changed(session)
        return session

    def _add(self, session: Session) -> None:
        self.sessions[session.id] = session
        near = near_limit()
        if near and not self._near_told:
            log.warning("%s", near)
            self.notice("files", near)
        self._near_told = bool(near)

    async def fork(self, session_id: str, turn: int | None = None, title: str = "") -> Session:
        """A new session with the same past, up to the end of `turn` (default: all of it)."""
        from sessions.runtime.fork import fork_journal

        parent = await self.get(session_id)
        refuse_if_terminal(parent.summary, "A terminal can't be forked.")
        if parent.journal.read_only is not None:
            raise parent.journal.read_only
        parent.recorder.flush()
        folder = Path(parent.summary.cwd)
        answering = self.backend(parent.summary.backend)
        new = NewSession(new_id(), folder, answering, title, parent=parent)
        await self.features.prepare(new)
        other = {"cwd": str(new.folder)} if new.folder != folder else None
        try:
            fork_journal(parent, self.places.session(new.id), new.id, turn, title, other)
        except AgentdeckError:
            await self.features.unmade(new)
            raise
        session = await self.get(new.id)
        await self.features.forked(parent, session)
        return session

    async def change(self, session: Session, changes: ev.JSON) -> None:
        """Change what may be changed of a session. Raises UsageError, NotFound."""
        unknown = changes.keys() - CHANGEABLE
        if unknown:
            raise UsageError(
                f"A session has no {', '.join(sorted(unknown))} to change.",
                f"There are: {', '.join(sorted(CHANGEABLE))}.",
            )
        if "backend" in changes:
            refuse_if_terminal(session.summary)
            from sessions.runtime.switch_backend import with_backend

            changes = with_backend(self, session, changes)
        try:
            await session.set(changes)
        except ValueError as error:
            raise UsageError(f"That can't be set: {error}.") from error

    async def archive(self, session_id: str, archived: bool = True) -> None:
        """Take a session out of the lists, or back in."""
        session = await self.get(session_id)
        await session.set({"archived": archived})

    async def delete(self, session_id: str) -> None:
        """Remove a session and its record for good; whoever asked has been asked."""
        session = await self.get(session_id)
        await session.close()
        self.sessions.pop(session_id, None)
        self.waits.forget(session_id)
        self.refusals.gone(session)
        await self.features.removed(session)
        folder = self.places.session(session_id)
        try:
            await asyncio.to_thread(shutil.rmtree, folder)
        except OSError as error:
            raise JournalError(f"{folder} can't be removed: {error.strerror}.") from error
        await self.index.forget(session_id)
        if self.listener:
            self.listener.on_gone(session_id)

    async def put_down(self, session: Session) -> None:
        """Take a session that rests out of memory; whoever asks for it opens it again."""
        if session.working or self.sessions.get(session.id) is not session:
            return
        leaving = self._leaving[session.id] = asyncio.get_running_loop().create_future()
        try:
            await self.features.leaving(session)
            await session.close()
            self.sessions.pop(session.id, None)
            await self.features.parted(session)
        finally:
            del self._leaving[session.id]
            leaving.set_result(None)

    def in_memory(self, session_id: str) -> Session | None:
        """A session that is in memory."""
        return self.sessions.get(session_id)

    async def lay_down(self, session_id: str) -> None:
        """Take a session that rests out of memory, if it is there."""
        if (session := self.sessions.get(session_id)) is not None:
            await self.put_down(session)

    async def all_summaries(self) -> list[Summary]:
        """Every session's summary, those in memory as they are now, newest first."""
        known = {s.id: s for s in await self.index.ask(lambda index: index.summaries())}
        for summary in known.values():
            self.elsewhere.shown(summary)
        known |= {s.id: s.summary for s in self.sessions.values()}
        return sorted(known.values(), key=lambda s: s.id, reverse=True)

    # -- what the index tells (archive.keeper.Heard)

    def taken(self, found: list[Summary]) -> None:
        """Sessions that were not in the index are: the deck shows them from now on."""
        for summary in found:
            if summary.id in self.sessions:
                continue
            if summary.open:
                task = asyncio.get_running_loop().create_task(self._complete(summary.id))
                self._completing.add(task)
                task.add_done_callback(self._completing.discard)
                continue
            self.waits.note(summary)
            if self.listener is not None and not (summary.closed or summary.archived):
                self.listener.on_summary(summary.to_json())

    def progress(self, done: int, of: int) -> None:
        """So many of the sessions that were not in the index are."""
        self.notice("index", "", done=done, of=of)

    def failed(self, why: str) -> None:
        """The index was set aside."""
        told = "The index of all sessions was damaged and is made again; nothing is lost."
        self.notice("index failed", told, why=why)

    def unkept(self, why: str) -> None:
        """The index can't be kept on disk, or (without `why`) can again."""
        told = "The index of all sessions is on disk again."
        if why:
            told = f"The index of all sessions can't be kept on disk ({why}): it is in memory now."
        self.notice("index failed", told, why=why)

    # -- backends

    def backend(self, name: str) -> Backend:
        """The backend of that name, made when first asked for. Raises AgentdeckError."""
        backend = self._backends.get(name)
        if backend is None:
            from sessions.backends.registry import make

            backend = self._backends[name] = make(name, self.config, self.places)
        return backend

    async def retire(self, name: str) -> None:
        """End a backend whose settings changed; it is made anew when it is next asked for."""
        backend = self._backends.pop(name, None)
        if backend is not None:
            await backend.close()

    # -- what a session asks of its surroundings (session_interfaces.Surroundings)

    def joined(self, session: Session) -> None:
        """A session is in memory; its past has not been read yet."""
        self.features.joined(session)

    def publish(self, session: Session, event: ev.Event, line: bytes) -> None:
        """Tell everybody of an event that is in the journal."""
        if self.listener is not None:
            self.listener.on_event(session.id, event, line)
        self.index.feed(session.id, event, session.summary)

    def changed(self, session: Session) -> None:
        """Tell a session's summary, once for all changes of this round of the loop."""
        self.waits.note(session.summary)
        self._unsaid.add(session.id)
        if self._say_handle is None:
            self._say_handle = asyncio.get_running_loop().call_soon(self._say_summaries)

    def _say_summaries(self) -> None:
        self._say_handle = None
        unsaid, self._unsaid = self._unsaid, set()
        for session_id in unsaid:
            session = self.sessions.get(session_id)
            if session is not None and self.listener is not None:
                self.listener.on_summary(session.summary.to_json())
        if not self.working:
            self.on_quiet()

    def refused(self, session: Session, error: JournalError) -> None:
        """The disk refuses to take more of a session."""
        self.refusals.refused(session, error)

    def notice(self, kind: NoticeTopic, message: str, **data: Unpack[NoticeParts]) -> None:
        """Tell every interface of something that is no event."""
        if self.listener is not None:
            self.listener.on_notice({"kind": kind, "message": message, **data})

    async def conversation(self, session: Session) -> Conversation:
        """Open a session's conversation with its backend."""
        summary = session.summary
        if lack := lack_of(Path(summary.cwd)):
            hint = "Put it back, or fork the session into another directory."
            if "kept" in (summary.worktree or {}):
                hint = f"It was discarded: agentdeck sessions discard {summary.id} --undo."
            raise UsageError(lack, hint)
        backend = self.backend(summary.backend)
        return await backend.open(session.id, Path(summary.cwd), summary.agent)

    def settings(self, session: Session) -> Settings:
        """What applies to a session's next turn."""
        from sessions.backends.base import Settings

        summary = session.summary
        profile = self.config.profiles.get(summary.profile)
        settings = Settings(
            model=summary.model or self.backend(summary.backend).default_model,
            permission=summary.permission,
            effort=profile.effort if profile else "",
            system=profile.system if profile else "",
            max_steps=session.max_steps
            or (profile.max_steps if profile else 0)
            or self.config.limits.max_steps,
            unsandboxed=self.backend(summary.backend).capabilities.own_tools,
            directories=[
                str(Path(d).expanduser()) for d in (profile.directories if profile else ())
            ],
        )
        return self.features.settings(session, settings)

    def context_window(self, session: Session) -> int:
        """How many tokens the session's model takes, 0 = unknown."""
        configured = self.config.backends.get(session.summary.backend)
        told = session.summary.agent.get("context")
        size = count(told.get("size")) if isinstance(told, dict) else None
        return (configured.context if configured else 0) or size or 0

    async def tools(self, session: Session) -> Tools | None:
        """The tools that a session's backend is offered."""
        capabilities = self.backend(session.summary.backend).capabilities
        if not capabilities.tools and not capabilities.own_tools:
            return None
        return await self.features.toolbox(session)

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """What the model is told before a message."""
        return await self.features.notes(session, message)

    def slot(self, session: Session) -> asyncio.Semaphore:
        """Held while a turn runs."""
        return self.features.slot(session) or self._slots

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""
        return await self.features.before_turn(session)

    async def make_room(self, session: Session, *, refused: bool = False) -> bool:
        """Within a turn: summarise what is about to outgrow the window. Raises BackendError."""
        return await self.features.make_room(session, refused=refused)

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """What follows a turn."""
        await self.features.after_turn(session, ended)

    # -- many at once

    async def broadcast(
        self, session_ids: Sequence[str], text: str, attachments: Sequence[AttachedFile] = ()
    ) -> list[BroadcastSent]:
        """Send one message to several sessions; each answer names its session."""
        answers: list[BroadcastSent] = []
        for session_id in session_ids:
            try:
                session = await self.get(session_id)
                kept = await asyncio.to_thread(taken, session.folder, attachments)
                sent = await session.send(text, "broadcast", attachments=kept)
                answers.append({**sent, "session": session_id, "error": ""})
            except AgentdeckError as error:
                answers.append({"session": session_id, "error": str(error)})
        return answers
