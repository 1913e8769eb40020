"""One session's life: what is sent to it, its queue, its turns, its end.

All of a session's facts are events in its journal; what is held in memory here (summary,
context, queue) is a fold of them, made again at the next opening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.backends.base import Steered
from sessions.errors import (
    AgentdeckError,
    BackendError,
    ErrorKind,
    JournalError,
    LimitLasts,
    UsageError,
    of_machine,
)
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import WENT_THROUGH, Origin, QueueMode, Status
from sessions.record.context import Context
from sessions.record.event_parts import MessageNote
from sessions.record.journal import Journal
from sessions.record.recorder import Recorder
from sessions.record.summary import DISK_ENDED, ENGINE_ENDED, PUT_AWAY, Reducer, Summary
from sessions.record.summary_parts import Attachment, MessageWaiting
from sessions.record.terminal_state import unseen
from sessions.runtime import limit_waits
from sessions.runtime.crash_repair import LeftOpen
from sessions.runtime.full_disk import pause
from sessions.runtime.past_turns import PastTurns
from sessions.runtime.queued_message import Queued, told_of
from sessions.runtime.request_answers import answered
from sessions.runtime.subagent_session import SubagentSession, refuse_messages
from sessions.runtime.turn import Turn
from sessions.runtime.turn_usage import TurnSpent

if TYPE_CHECKING:
    from sessions.api.answers import Sent, TurnShown
    from sessions.backends.base import Conversation
    from sessions.runtime.session_interfaces import Surroundings

    Around = Surroundings["Session"]

log = logging.getLogger("agentdeck.session")

BY_USER = "Interrupted by the user."
_OUR_FAULT = AgentdeckError(
    "agentdeck failed at this turn.", "The log has the details; the session goes on."
)


class _NotRecorded(JournalError):
    """The message that was to begin a turn."""


class Session:
    """One conversation with one backend in one working directory."""

    def __init__(self, journal: Journal, folder: Path, deck: Around) -> None:
        self.folder = folder
        self.journal = journal
        self.deck = deck
        self.reducer = Reducer(folder.name)
        self.context = Context(folder / "files")
        self.recorder = Recorder(journal, self._recorded, self._refused, self._too_much_waits)
        self.queue: list[Queued] = []
        self._past = PastTurns()
        self.messages = self._past.messages
        self.turn_ends = self._past.ends
        self.changed_files = self._past.changed_files
        self.observers: list[Callable[[ev.Event], None]] = []
        """Folds that a feature keeps beside the summary (skills, priming)."""
        self.full_confirmed = False
        """Mode `full` without a sandbox was confirmed by typing; gone with the engine."""
        self.prepared: list[MessageNote] = []
        """Notes that wait for the next message: a priming without a turn of its own."""
        self.interruption = BY_USER
        """Why the turn that runs is being ended, while it is."""
        self.stops: Callable[[], None] | None = None
        """Ends what an agent does in a session that it leads, where it can be ended."""
        self.answers: Callable[[ev.PermissionAnswered], Awaitable[bool]] | None = None
        """Takes answers to what is asked outside any turn; whether it was that."""
        self.max_steps = 0
        """Answers of the model within one turn, where this session has a limit of its own."""
        self._spent = TurnSpent()
        self._conversation: Conversation | None = None
        self._turn: Turn | None = None
        self._before: Turn | None = None
        """The last one; its agent may still ask its user something."""
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        """The end of a turn on its way to the disk."""
        self._before_fault: tuple[Status, str] = ("idle", "")
        """Status and reason of a pause as they were before the disk refused."""
        deck.joined(self)

    # -- opening

    @classmethod
    def create(
        cls, folder: Path, created: ev.SessionCreated, deck: Around, *, synced: bool = True
    ) -> Session:
        """Make a new session's folder and journal. Raises JournalError."""
        journal, stamped, line = Journal.create(folder, created, synced=synced)
        session = cls(journal, folder, deck)
        session._fold(stamped)
        deck.publish(session, stamped, line)
        return session

    @classmethod
    def load(cls, folder: Path, deck: Around, elsewhere: type[Session] | None = None) -> Session:
        """Open a session from its journal and close what a crash left open.

        `elsewhere`: what it is made as if its journal is the mirror of one elsewhere.

        Raises:
            JournalError: there is no readable journal, or another process writes it.
        """
        journal, events = Journal.open(folder)
        try:
            made = elsewhere if elsewhere is not None and journal.mirrors else cls
            return made._of(journal, folder, deck, events)
        except BaseException:
            journal.close()  # another try, or another process, may have it
            raise

    @classmethod
    def _of(
        cls, journal: Journal, folder: Path, deck: Around, events: Sequence[ev.Event]
    ) -> Session:
        session = cls(journal, folder, deck)
        left = LeftOpen()
        for event in events:
            session._fold(event)
            left.apply(event)
        if journal.read_only is not None:
            session._show_only(journal.read_only)
        else:
            for event in left.ends():
                session.recorder.emit(event)
        return session

    def _show_only(self, why: JournalError) -> None:
        """Nothing is written: as with a disk that refuses, but nobody waits for it."""
        self.recorder.fault = why
        self._before_fault = self.summary.status, self.summary.paused
        self._paused_by_disk()

    # -- what others read

    @property
    def id(self) -> str:
        """The session's id."""
        return self.reducer.summary.id

    @property
    def summary(self) -> Summary:
        """What a list shows of it."""
        return self.reducer.summary

    @property
    def conversation(self) -> Conversation | None:
        """Its open conversation with its backend, if there is one."""
        return self._conversation

    @property
    def working(self) -> bool:
        """A turn runs, or waits for a free place."""
        return self._task is not None

    def skill_texts(self) -> dict[str, str]:
        """The text of every skill that went to the model by its name, as it went, newest last."""
        return self.context.skill_texts()

    def turns(self) -> list[TurnShown]:
        """Every turn, oldest first."""
        return self._past.listed(self.context.is_undone)

    # -- commands

    async def send(
        self,
        text: str,
        origin: Origin = "typed",
        mode: QueueMode = "queue",
        attachments: Sequence[Attachment] = (),
    ) -> Sent:
        """Begin a turn, or queue the message while one runs.

        Returns `{"turn": n}` or `{"queued": id}`, with `hidden` where words of the message were
        keys, which are neither recorded nor sent. Raises UsageError for an empty message.
        """
        refuse_messages(self.summary)
        if not text.strip() and not attachments:
            raise UsageError("There is nothing to send.")
        await self._recordable()
        if self._ending is not None:
            # Whoever sends now may have seen the end; it is no message for that turn's queue.
            await asyncio.wait([self._ending])
        if self._task is not None:
            item = Queued(text, origin if origin != "typed" else "queued", mode, list(attachments))
            self.queue.append(item)
            self._queue_changed()
            self._steered()
            return told_of({"queued": item.id}, text)
        turn, taken = self._begin(Queued(text, origin, attachments=list(attachments)))
        # Whoever is told that it was sent may forget it: it is on disk.
        await taken
        return told_of({"turn": turn}, text)

    async def set_queue(self, items: Sequence[MessageWaiting]) -> None:
        """Replace the queue by an edited one (reordered, changed, shortened); sends nothing."""
        self.queue = [Queued.from_json(i) for i in items if i.get("text", "").strip()]
        self._queue_changed()
        self._steered()

    async def next(self, item: str = "") -> bool:
        """Send what waits next, or the message `item`, where an interrupt or a pause left it.

        Nothing happens while a turn runs, which goes on with the queue by itself. Returns
        whether a turn began.
        """
        await self._recordable()
        if self._ending is not None:
            await asyncio.wait([self._ending])
        if self._task is not None or not self.queue:
            return False
        if item:
            self.queue.sort(key=lambda waiting: waiting.id != item)
        if self.summary.paused:
            await self.recorder.emit_synced(ev.SessionSet(paused=""))
        await self._next_from_queue()
        return True

    async def answer(
        self,
        ask: str,
        decision: str,
        reason: str = "",
        allowed: bool | None = None,
        content: ev.JSON | None = None,
    ) -> None:
        """Answer a permission request. Raises UsageError when it does not wait any more."""
        request = next((a for a in self.summary.asks if a["ask"] == ask), None)
        given = answered(request, ask, decision, reason, allowed, content)
        if self.answers is not None and await self.answers(given):
            return
        for turn in (self._turn, self._before):
            if turn is not None and await turn.answer(given):
                return
        raise UsageError("That request does not wait any more.")

    async def interrupt(self, why: str = BY_USER) -> None:
        """End the running turn at once; what came so far stays. Returns when it has ended.

        `why` is what the model hears, and where it was not the user, what the turn's end says.
        """
        task = self._task
        if task is None and self.stops is not None:
            self.stops()
            return
        if task is None and self._before is not None:
            await self._before.withdraw([a["ask"] for a in self.summary.asks])
        if task is None:
            if why == BY_USER and self.summary.resume_at:  # it is not to go on by itself
                await self.recorder.emit_synced(ev.SessionSet(paused=""))
            return
        self.interruption = why
        task.cancel()
        await asyncio.wait([task])

    async def resume(self) -> bool:
        """Go on with the last turn, which a long limit ended. Returns whether that was done."""
        refuse_messages(self.summary)
        turn = self.summary.turns
        message = self.messages.get(turn)
        await self._recordable()
        if self._ending is not None:  # a limit can be over before its turn's end is on disk
            await asyncio.wait([self._ending])
        if self._task is not None or message is None or self.context.is_undone(turn):
            return False
        self._start(turn, self._through(turn, lambda: self._answered(message)))
        return True

    async def set(self, changes: ev.JSON) -> None:
        """Record a change of title, model, permission, … ."""
        waited = self.summary.resume_at
        await self.recorder.emit_synced(codec.session_set(changes))
        if changes.get("closed"):
            self.journal.rest()
        if {"model", "backend", "permission"} & changes.keys() and self._task is None:
            await self._close_conversation()
        if changes.get("paused") == "" and not (waited and await self.resume()):
            await self._next_from_queue()

    def seen(self) -> None:
        """The user has looked at how it ended: it is `idle` from now on."""
        if self.summary.status in PUT_AWAY or unseen(self.summary):
            self.recorder.emit(ev.SessionSet(seen=True))

    async def again(self, turn: int | None = None) -> int:
        """Ask the message of `turn` (default: the last) once more, as a new turn."""
        number = turn if turn is not None else max(self.messages, default=0)
        message = self.messages.get(number)
        if message is None:
            raise UsageError("There is no message to ask again.")
        sent = await self.send(message.text, "typed", attachments=message.attachments)
        return int(sent.get("turn", 0))

    async def undo(self, turn: int | None = None, files: Sequence[str] = ()) -> int:
        """Take the conversation back to before `turn` (default: the last one)."""
        if self._task is not None:
            await self.interrupt()
        standing = [n for n in self.messages if not self.context.is_undone(n)]
        number = turn if turn is not None else max(standing, default=0)
        if number not in standing:
            raise UsageError("There is no turn to undo.")
        await self.recorder.emit_synced(ev.TurnUndone(turn=number, files=list(files)))
        await self._close_conversation()
        return number

    def take_steers(self, turn: int, only: Sequence[str] | None = None) -> list[ev.UserMessage]:
        """Messages that go into the running turn now; recorded as they are taken."""
        steers = [q for q in self.queue if q.mode == "steer" and (only is None or q.id in only)]
        if not steers:
            return []
        self.queue = [q for q in self.queue if q not in steers]
        self._queue_changed()
        messages = [
            ev.UserMessage(turn=turn, text=q.text, origin=q.origin, attachments=q.attachments)
            for q in steers
        ]
        for message in messages:
            self.recorder.emit(message)
        return messages

    def child(self, title: str, call: str, above: str) -> SubagentSession | None:
        """A session that the agent of this one leads; None where the disk refuses it."""
        try:
            return self.deck.led(self, title, call, above)
        except AgentdeckError as error:
            log.warning("a sub-agent of %s has no session: %s", self.id, error)
            return None

    def not_steered(self, item: str) -> None:
        """A message that could not go into the running turn waits for one of its own."""
        for waiting in self.queue:
            if waiting.id == item:
                waiting.mode = "queue"
                self._queue_changed()

    async def close(self) -> None:
        """Interrupt, let go of the backend, and end the record's writing."""
        self.queue.clear()  # in memory only: the journal keeps what waits
        await self.interrupt(ENGINE_ENDED)
        await self._close_conversation()
        await self.recorder.close()
        self.journal.close()

    # -- turns

    def _begin(self, item: Queued) -> tuple[int, asyncio.Future[None]]:
        """The new turn's number, and what is done when its message is on disk.

        It has the JournalError of one that can't be put there.
        """
        turn = self.summary.turns + 1
        loop = asyncio.get_running_loop()
        taken: asyncio.Future[None] = loop.create_future()
        task = self._start(turn, self._run(item, turn, taken))
        task.add_done_callback(lambda _: None if taken.done() else taken.set_result(None))
        return turn, taken

    def _start(self, turn: int, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # Set before the first await, so that two sends can't both begin a turn.
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(work, name=f"turn {turn} of {self.id}")
        return self._task

    async def _take(self, message: ev.UserMessage) -> ev.UserMessage:
        """The message with what the model is told before it, on disk.

        Whatever it raises, if that can't be had: what the user said is recorded all the same.
        Raises _NotRecorded if even that can't be.
        """
        prepared, self.prepared = self.prepared, []
        message = ev.replace(message, notes=prepared)
        try:
            notes = await self.deck.notes(self, message)
        except (Exception, asyncio.CancelledError):
            await self._put(message)
            raise
        message = ev.replace(message, notes=[*notes, *prepared])
        await self._put(message)
        return message

    async def _put(self, message: ev.UserMessage) -> None:
        try:
            await self.recorder.emit_synced(message)
        except JournalError as error:
            self.prepared = message.notes
            raise _NotRecorded(error.message, error.hint, error.reason) from error

    async def _run(self, item: Queued, turn: int, taken: asyncio.Future[None]) -> None:
        said = ev.UserMessage(
            turn=turn, text=item.text, origin=item.origin, attachments=item.attachments
        )

        async def work() -> ev.TurnEnded:
            message = await self._take(said)
            taken.set_result(None)
            return await self._answered(message)

        try:
            await self._through(turn, work)
        except _NotRecorded as error:
            self._never_was(item, error, taken)

    async def _through(self, turn: int, work: Callable[[], Awaitable[ev.TurnEnded]]) -> None:
        """A turn to its recorded end, however it ends."""
        ended = ev.TurnEnded(turn=turn, reason="error")
        try:
            ended = await work()
        except _NotRecorded:
            raise
        except asyncio.CancelledError:
            detail = "" if self.interruption == BY_USER else self.interruption
            ended = ev.TurnEnded(turn=turn, reason="interrupted", detail=detail)
        except LimitLasts as error:
            ended = limit_waits.paused_until(turn, error)
        except AgentdeckError as error:
            kind = error.kind if isinstance(error, BackendError) else "error"
            self._tell(turn, kind, error)
        except Exception as error:
            # The boundary of a worker: a fault of ours fails one turn, not the engine.
            log.exception("turn %s of %s", turn, self.id)
            self._tell(turn, "internal", of_machine(error, "go on") or _OUR_FAULT)
        finish = asyncio.get_running_loop().create_task(self._finish(ended))
        self._ending = finish
        while not finish.done():
            try:
                await asyncio.shield(finish)
            except asyncio.CancelledError:
                continue  # the end of a turn reaches the record, however impatient the user is

    def _never_was(self, item: Queued, error: JournalError, taken: asyncio.Future[None]) -> None:
        """A turn whose message can't be recorded is none: who sent it is told, or it waits on."""
        self._task = None
        if item.waited:
            self.queue.insert(0, item)
            self._queue_changed()
        else:
            taken.set_exception(error)
        self.deck.changed(self)

    def _tell(self, turn: int, kind: ErrorKind, error: AgentdeckError) -> None:
        told = ev.Error(turn=turn, kind=kind, message=error.message, hint=error.hint)
        self.recorder.emit(told)

    async def _answered(self, message: ev.UserMessage) -> ev.TurnEnded:
        """Wait for a place and let the backend run the turn."""
        slot = self.deck.slot(self)
        if slot.locked():
            waiting = ev.SessionSet(paused="waiting for a free place")
            self.recorder.emit(waiting)
        async with slot:
            settings = self.deck.settings(self)
            self.recorder.emit(ev.TurnStarted(turn=message.turn, model=settings.model))
            if refusal := await self.deck.before_turn(self):
                return ev.TurnEnded(turn=message.turn, reason="limit", detail=refusal)
            if self._conversation is None:
                self._conversation = await self.deck.conversation(self)
            room = partial(self.deck.make_room, self)
            self._turn = Turn(self, message, settings, await self.deck.tools(self), room)
            return await self._conversation.turn(self._turn)

    async def _finish(self, ended: ev.TurnEnded) -> None:
        if self._turn is not None:
            interrupted = ended.reason == "interrupted"
            self._turn.settle(
                "cancelled" if interrupted else "error",
                self.interruption if interrupted else "The turn ended before its result.",
            )
            self._before, self._turn = self._turn, None
        try:
            self.recorder.emit(self._spent.told_with(ended))
            await self.recorder.sync()
        finally:
            self._task = self._ending = None
            if self._before is not None:
                self._before.ended.set()
            self.interruption = BY_USER
            self.deck.changed(self)
        await self.deck.after_turn(self, ended)
        if ended.reason in WENT_THROUGH:
            await self._next_from_queue()

    def spend(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Count tokens and dollars towards the turn that runs, or else the next one."""
        self._spent.add(usage, cost_usd)

    async def _next_from_queue(self) -> None:
        if self._task is not None or not self.queue or self.summary.paused:
            return
        item = self.queue.pop(0)
        item.waited = True
        self._queue_changed()
        self._begin(item)

    # -- bookkeeping

    def _recorded(self, event: ev.Event, line: bytes) -> None:
        changed = self._fold(event)
        self.deck.publish(self, event, line)
        if changed:
            self.deck.changed(self)

    def _fold(self, event: ev.Event) -> bool:
        if type(event) is not ev.Text:  # nearly all are
            self._past.apply(event)
            if isinstance(event, ev.QueueSet) and self._task is None:
                self.queue = [Queued.from_json(item) for item in event.items]
        self.context.apply(event)
        for observe in self.observers:
            try:
                observe(event)
            except Exception:
                # What a feature keeps beside the record is short of one event; the record is not.
                log.exception("%s of %s", event.type, self.id)
        return self.reducer.apply(event)

    def _steered(self) -> None:
        """Something may wait for the running turn: who takes it at once is told."""
        if isinstance(self._conversation, Steered):
            self._conversation.steered()

    def _queue_changed(self) -> None:
        self.recorder.emit(ev.QueueSet(items=[q.to_json() for q in self.queue]))

    # -- a disk that refuses

    async def _recordable(self) -> None:
        """Raises JournalError while nothing of this session can be recorded."""
        if (fault := self.recorder.fault) is not None and not await self.go_on():
            raise JournalError(
                f"This session can't be recorded: {fault.reason}. {fault.message}",
                fault.hint,
                fault.reason,
            )

    async def go_on(self) -> bool:
        """Whether the disk takes what it refused before; if so, the session goes on."""
        if not self.recorder.healthy:
            self.summary.status, self.summary.paused = self._before_fault
            if not await self.recorder.recover():
                self._paused_by_disk()
                return False
            self.deck.changed(self)
            await self._next_from_queue()
        return True

    def _refused(self, error: JournalError) -> None:
        self._before_fault = self.summary.status, self.summary.paused
        self._paused_by_disk()
        self.deck.refused(self, error)

    def _paused_by_disk(self) -> None:
        # No event can say it while none can be written; the next one that is corrects it.
        assert self.recorder.fault is not None
        self.summary.status, self.summary.paused = "paused", pause(self.recorder.fault)
        self.deck.changed(self)

    def _too_much_waits(self) -> None:
        if self._task is not None and self._ending is None:
            self.interruption = DISK_ENDED
            self._task.cancel()

    async def let_go(self) -> None:
        """Let go of the backend, which a next turn opens anew. Not while a turn runs."""
        if self._task is None:
            await self._close_conversation()

    async def _close_conversation(self) -> None:
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            await conversation.close()
