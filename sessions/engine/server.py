"""The engine's socket: reads commands, answers them, passes events on to those who watch.

Lines are as sessions/engine/__init__.py says. A client that reads slowly gets events from the
journal, at its speed; one that costs memory all the same is let go with the reason, and comes back.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

from sessions import VERSION
from sessions.api.answers import Greeting, Watched
from sessions.api.lines import AnswerLine, EngineLine, RequestLine
from sessions.api.notices import EngineNotice
from sessions.engine import peer, terminal_views
from sessions.engine.command_reader import LIMIT, Intake
from sessions.engine.commands import check
from sessions.engine.config_reread import Rereading
from sessions.engine.outbox import Outbox
from sessions.engine.session_follower import Following, wrapped
from sessions.engine.slow_clients import Pressure
from sessions.engine.terminal_views import TerminalViews
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import AgentdeckError, UsageError, of_machine
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.summary import SessionSummary
from sessions.remote.forwarding import DO_HERE, forwarded
from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.engine")

ANOTHER = "it serves the user alone who started it"
_AT_ONCE = 64
"""Commands of one client that run at a time; it is not listened to while so many do."""
_LARGE = 2**18
"""A command of more bytes than this is done before the client's next."""

Command = Callable[..., Awaitable[Any]]


class Connection:
    """One attached client."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._following: dict[str, Following] = {}
        self._replaying = asyncio.Lock()
        self._intake = Intake(reader, server.pressure.unfinished, self._let_go)
        self.outbox = Outbox(writer, server.pressure.unread, self._end)
        self._views = TerminalViews(server.deck, self.outbox)
        self.greeted = False

    async def serve(self) -> None:
        """Read commands until the client goes; no faster than it reads their answers."""
        try:
            async for line in self._intake.lines():
                task = asyncio.ensure_future(self._command(line))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                await asyncio.sleep(0)
                if len(line) > _LARGE:
                    await asyncio.wait([task])
                elif len(self._tasks) >= _AT_ONCE:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                del line, task
                await self.outbox.room()
        except ConnectionError as error:
            log.info("a client broke off: %s", error)
        finally:
            self.outbox.close()
            self._end("it hung up")

    def event(self, session_id: str, seq: int, line: bytes) -> None:
        """Pass an event on, as `wrapped`, if this client follows its session."""
        if (following := self._following.get(session_id)) is not None:
            following.event(seq, line)

    def follows(self, session_id: str) -> bool:
        """Whether the client is told of a session's events."""
        return session_id in self._following

    async def watch(self, session: Session, from_seq: int, compact: bool) -> Watched:
        """Replay a session from `from_seq`, then pass on what follows, without a gap."""
        self.unwatch(session.id)
        following = self._following[session.id] = Following(
            session, self.outbox, self._replaying, self._let_go, from_seq=from_seq, compact=compact
        )
        try:
            return {"last_seq": await following.catch_up()}
        except BaseException:
            following.close()
            if self._following.get(session.id) is following:
                del self._following[session.id]
            raise

    def unwatch(self, session: str) -> None:
        """Pass on no more events of a session."""
        if (following := self._following.pop(session, None)) is not None:
            following.close()

    def _let_go(self, reason: str) -> None:
        """Hang up, and say why."""
        self.outbox.let_go(reason)

    def _end(self, reason: str) -> None:
        """Nothing more is done for the client."""
        log.info("a client goes: %s", reason)
        self._intake.close()
        for session in list(self._following):
            self.unwatch(session)
        self._views.close()
        for task in self._tasks:
            task.cancel()
        self._server.left()

    async def _command(self, line: bytes | bytearray) -> None:
        number: int | float | None = None
        name = ""
        try:
            request = _request(line)
            del line
            number, name = _number(request), str(request.get("do", ""))[:80]
            answer: AnswerLine = {"id": number, "ok": await self._run(request)}
        except AgentdeckError as error:
            answer = _refusal(number, error)
        except TypeError as error:
            log.warning("bad arguments: %s", error, exc_info=True)
            answer = _refusal(number, UsageError(f"Wrong arguments: {error}."))
        except Exception as error:
            # The boundary of a worker: one command fails, the engine goes on.
            log.exception("command %r", name)
            ours = AgentdeckError(f"agentdeck failed: {error!r}.", "The log has the details.")
            answer = _refusal(number, of_machine(error, "be done") or ours)
        self.outbox.send(codec.encode(answer))

    async def _run(self, request: RequestLine) -> Any:
        name, args = str(request.get("do", "")), request.get("args") or {}
        if not isinstance(args, dict):
            raise UsageError("Wrong arguments: they are no object.")
        if name == "hello":
            self.greeted = True
            return self._server.hello()
        deck = self._server.deck
        if name == "session.watch":
            check(Connection._watch, args)
            return await self._watch(**args)
        if name == "session.unwatch":
            check(Connection.unwatch, args)
            return self.unwatch(**args)
        if (own := terminal_views.COMMANDS.get(name)) is not None:
            check(own, args)
            return await own(self._views, **args)
        command = self._server.find(name)
        if command is None:
            raise UsageError(
                f"The engine does not know the command {name}.",
                "Engine and deck may be of different versions: run `agentdeck engine stop`.",
            )
        check(command, args)
        await self._server.configuration.look()
        host = str(request.get("host") or "")
        answer = await forwarded(deck.elsewhere, name, args, host)
        return answer if answer is not DO_HERE else await command(deck, **args)

    async def _watch(self, session: str, from_seq: int = 1, compact: bool = True) -> Watched:
        """Events of a session from there on, those of the past first."""
        return await self.watch(await self._server.deck.get(session), from_seq, compact)


class Server:
    """Listens, and tells every client what the deck tells it."""

    def __init__(
        self, deck: WholeDeck, find: Callable[[str], Command | None], on_idle: Callable[[], None]
    ):
        self.deck = deck
        self.configuration = Rereading(deck)
        self.find = find
        self.since = ev.now()
        self.pressure = Pressure.make()
        self._on_idle = on_idle
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        deck.listener = self
        deck.looked_at = self.followed

    @property
    def clients(self) -> int:
        """How many clients are attached."""
        return sum(not connection.outbox.gone for connection in self._connections)

    def followed(self, session_id: str) -> bool:
        """Whether a client is told what a session says."""
        return any(connection.follows(session_id) for connection in self._connections)

    def left(self) -> None:
        """A client is served no more."""
        self._on_idle()

    async def listen(self, path: str) -> None:
        """Open the socket, for this user alone."""
        umask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._attached, path, limit=LIMIT)
        finally:
            os.umask(umask)

    async def close(self) -> None:
        """Stop listening and let the clients go."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.outbox.close()

    def hello(self, version: str = "", client: str = "") -> Greeting:
        """The answer to a client's first command, whatever its version says."""
        return {"version": VERSION, "pid": os.getpid(), "since": self.since}

    # -- what the deck tells (sessions.runtime.deck.Listener)

    def on_event(self, session_id: str, event: ev.Event, line: bytes) -> None:
        """An event is in the journal."""
        told = b""
        for connection in list(self._connections):
            if connection.follows(session_id):
                told = told or wrapped(session_id, line)
                connection.event(session_id, event.seq, told)

    def on_summary(self, summary: SessionSummary) -> None:
        """A session's summary changed."""
        self._tell({"summary": summary}, latest=str(summary.get("id", "")))

    def on_gone(self, session_id: str) -> None:
        """A session was deleted."""
        self._tell({"gone": session_id}, latest=session_id)

    def on_notice(self, notice: EngineNotice) -> None:
        """Something of the deck that is no event of a session."""
        self._tell({"notice": notice})

    def _tell(self, data: EngineLine, latest: str = "") -> None:
        line = codec.encode(data)
        for connection in list(self._connections):
            if not connection.greeted:
                continue
            if latest:
                connection.outbox.send_latest(latest, line)
            else:
                connection.outbox.send(line)

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        if peer.uid_of(writer) not in (os.getuid(), None):
            connection.outbox.let_go(ANOTHER)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._on_idle()


def _request(line: bytes | bytearray) -> RequestLine:
    """A line as a command. Raises UsageError."""
    try:
        request = codec.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("That line is not a command.") from error
    if not isinstance(request, dict):
        raise UsageError("That line is not a command.")
    return cast("RequestLine", request)


def _number(request: RequestLine) -> int | float | None:
    """The command's own number. Raises UsageError: what stands there is none."""
    number = request.get("id")
    if number is None or (type(number) in (int, float) and abs(number) <= ev.LARGEST):
        return number
    raise UsageError("A command's id is a number.", f"Whole, from 0 to {ev.LARGEST}.")


def _refusal(number: int | float | None, error: AgentdeckError) -> AnswerLine:
    return {
        "id": number,
        "error": {
            "message": error.message,
            "hint": error.hint,
            "exit_code": error.exit_code,
            "kind": type(error).__name__,
        },
    }
