"""The engine's socket: reads commands, answers them, passes events on to those who watch.

Lines are as sessions/engine/__init__.py says. A client that does not read fast enough is let
go before it costs memory; it comes back and replays what it missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from sessions import VERSION
from sessions.config.reload import Rereading
from sessions.engine.commands import check
from sessions.engine.replay import replay_lines
from sessions.errors import AgentdeckError, UsageError, of_machine
from sessions.record import codec
from sessions.record import events as ev
from sessions.runtime.deck import Deck
from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.engine")

MAX_LINE = 32 * 2**20
MAX_UNREAD = 64 * 2**20

Command = Callable[..., Awaitable[Any]]


class Connection:
    """One attached client."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: set[str] = set()
        self._held: dict[str, list[tuple[int, bytes]]] = {}
        """Events that arrived while a session's past is still being replayed."""
        self.greeted = False

    async def serve(self) -> None:
        """Read commands until the client goes."""
        try:
            while line := await self._reader.readline():
                task = asyncio.ensure_future(self._command(line))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (ConnectionError, ValueError, asyncio.IncompleteReadError) as error:
            log.info("a client was let go: %s", error)
        finally:
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def send(self, line: bytes) -> None:
        """Write one line; lets a client go that has stopped reading."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD:
            log.warning("a client does not read; it is let go")
            self._writer.transport.abort()
            return
        self._writer.write(line)

    def event(self, session_id: str, seq: int, line: bytes) -> None:
        """Pass an event on, if this client watches its session."""
        if (held := self._held.get(session_id)) is not None:
            held.append((seq, line))
        elif session_id in self._watching:
            self.send(wrapped(session_id, line))

    async def watch(self, session: Session, from_seq: int, compact: bool) -> ev.JSON:
        """Replay a session from `from_seq`, then pass on what follows, without a gap."""
        self._watching.discard(session.id)
        session.recorder.flush()
        upto = session.summary.seq
        self._held[session.id] = []
        try:
            await replay_lines(
                session.folder / "journal.jsonl",
                from_seq,
                upto,
                lambda line: self.send(wrapped(session.id, line)),
                compact=compact,
            )
        finally:
            held = self._held.pop(session.id)
        for seq, line in held:
            if seq > upto:
                self.send(wrapped(session.id, line))
        self._watching.add(session.id)
        return {"last_seq": session.summary.seq}

    def unwatch(self, session: str) -> None:
        """Pass on no more events of a session."""
        self._watching.discard(session)

    async def _command(self, line: bytes) -> None:
        number: Any = None
        try:
            request = _request(line)
            number = request.get("id")
            answer = {"id": number, "ok": await self._run(request)}
        except AgentdeckError as error:
            answer = _refusal(number, error)
        except TypeError as error:
            log.warning("bad arguments: %s", error, exc_info=True)
            answer = _refusal(number, UsageError(f"Wrong arguments: {error}."))
        except Exception as error:
            # The boundary of a worker: one command fails, the engine goes on.
            log.exception("command %r", line[:200])
            ours = AgentdeckError(f"agentdeck failed: {error!r}.", "The log has the details.")
            answer = _refusal(number, of_machine(error, "be done") or ours)
        self.send(codec.encode(answer))

    async def _run(self, request: ev.JSON) -> Any:
        name, args = str(request.get("do", "")), request.get("args") or {}
        if not isinstance(args, dict):
            raise UsageError("Wrong arguments: they are no object.")
        if name == "hello":
            self.greeted = True
            return self._server.hello(args)
        deck = self._server.deck
        if name == "session.watch":
            check(Connection._watch, args)
            return await self._watch(**args)
        if name == "session.unwatch":
            check(Connection.unwatch, args)
            return self.unwatch(**args)
        command = self._server.commands.get(name)
        if command is None:
            raise UsageError(
                f"The engine does not know the command {name}.",
                "Engine and deck may be of different versions: run `agentdeck engine stop`.",
            )
        check(command, args)
        await self._server.configuration.look()
        return await command(deck, **args)

    async def _watch(self, session: str, from_seq: int = 1, compact: bool = True) -> ev.JSON:
        return await self.watch(await self._server.deck.get(session), from_seq, compact)


class Server:
    """Listens, and tells every client what the deck tells it."""

    def __init__(self, deck: Deck, commands: dict[str, Command], on_idle: Callable[[], None]):
        self.deck = deck
        self.configuration = Rereading(deck)
        self.commands = commands
        self.since = ev.now()
        self._on_idle = on_idle
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        deck.listener = self

    @property
    def clients(self) -> int:
        """How many clients are attached."""
        return len(self._connections)

    async def listen(self, path: str) -> None:
        """Open the socket, for this user alone."""
        umask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._attached, path, limit=MAX_LINE)
        finally:
            os.umask(umask)

    async def close(self) -> None:
        """Stop listening and let the clients go."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection._writer.close()

    def hello(self, args: ev.JSON) -> ev.JSON:
        """The answer to a client's first command."""
        return {"version": VERSION, "pid": os.getpid(), "since": self.since}

    # -- what the deck tells (sessions.runtime.deck.Listener)

    def on_event(self, session_id: str, event: ev.Event, line: bytes) -> None:
        """An event is in the journal."""
        for connection in self._connections:
            connection.event(session_id, event.seq, line)

    def on_summary(self, summary: ev.JSON) -> None:
        """A session's summary changed."""
        self._tell({"summary": summary})

    def on_gone(self, session_id: str) -> None:
        """A session was deleted."""
        self._tell({"gone": session_id})

    def on_notice(self, notice: ev.JSON) -> None:
        """Something of the deck that is no event of a session."""
        self._tell({"notice": notice})

    def _tell(self, data: ev.JSON) -> None:
        line = codec.encode(data)
        for connection in self._connections:
            if connection.greeted:
                connection.send(line)

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._on_idle()


def _request(line: bytes) -> ev.JSON:
    """A line as a command. Raises UsageError."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("That line is not a command.") from error
    if not isinstance(request, dict):
        raise UsageError("That line is not a command.")
    return request


def wrapped(session_id: str, line: bytes) -> bytes:
    """An event's own line as it goes to a client: not encoded a second time."""
    return b'{"session":"' + session_id.encode() + b'","event":' + line[:-1] + b"}\n"


def _refusal(number: Any, error: AgentdeckError) -> ev.JSON:
    return {
        "id": number,
        "error": {
            "message": error.message,
            "hint": error.hint,
            "exit_code": error.exit_code,
            "kind": type(error).__name__,
        },
    }
