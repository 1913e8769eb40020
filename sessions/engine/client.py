"""The deck from another process: what an interface or a command talks to.

One reader task per client hands what comes down to callbacks, in order, in the client's own
event loop; `call` sends a command and waits for its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from sessions import VERSION, errors
from sessions.api.answers import Greeting
from sessions.api.calls import Calls
from sessions.api.calls_by import CallsBy
from sessions.api.lines import EngineLine
from sessions.api.notices import EngineNotice
from sessions.api.terminals import TerminalOutput, output_of
from sessions.engine import MAX_COMMAND, peer
from sessions.engine.memory_limit import memory_limit_told
from sessions.errors import AgentdeckError, EngineError, UsageError
from sessions.paths import Places, owned, places
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.safety.sanitise import clean_line

log = logging.getLogger("agentdeck.client")

_SESSION, _EVENT = b'{"session":"', b'","event":'
_MAX_LINE = 64 * 2**20
_ATTEMPTS = 10
_AGAIN_S = 0.1


def _nothing(*_: Any) -> None:
    """Nobody listens."""


class Uplink(Protocol):
    """What a client needs of the way to the engine, beside a reader (an asyncio.StreamWriter)."""

    def write(self, data: bytes, /) -> None:
        """Send a line."""

    async def drain(self) -> None:
        """Wait until more is taken. Raises ConnectionError."""

    def close(self) -> None:
        """Hang up."""


class Client(Calls):
    """A connection to the engine.

    Callbacks: `on_event(session_id, event)` for watched sessions, `on_terminal(session_id,
    output)` for watched terminals, `on_summary(summary)`,
    `on_gone(session_id)`, `on_notice(dict)`, `on_lost(reason)` when the engine goes,
    `on_fault(error)` when one of these has failed, which then costs what it was told alone; with
    nobody to tell, the connection ends.
    `summaries` is kept up to date after `attach`.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: Uplink) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._closing = self._cut = False
        self._reason = ""
        """Why the engine went, where it said so or the connection did."""
        self.engine: Greeting = {"version": "", "pid": 0, "since": ""}
        self.summaries: dict[str, Summary] = {}
        self.on_event: Callable[[str, ev.Event], None] = _nothing
        self.on_terminal: Callable[[str, TerminalOutput], None] = _nothing
        self.on_summary: Callable[[Summary], None] = _nothing
        self.on_gone: Callable[[str], None] = _nothing
        self.on_notice: Callable[[EngineNotice], None] = _nothing
        self.on_lost: Callable[[str], None] = _nothing
        self.on_fault: Callable[[Exception], None] | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def connect(
        cls, where: Places | None = None, *, start: bool = True, any_version: bool = False
    ) -> Client:
        """Connect to the engine of these places; start it if there is none and `start`.

        Raises:
            EngineError: none runs (and `start` is false), it can't be started, or it is of
                another version.
        """
        where = where or places()
        for attempt in range(_ATTEMPTS):
            if start:
                await asyncio.get_running_loop().run_in_executor(None, _ensure_running, where)
            try:
                client = await cls._greet(where, start)
                break
            except EngineError:
                # An engine that was killed holds its lock a moment longer than its socket.
                if not start or attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(_AGAIN_S)
        if client.engine.get("version") != VERSION and not any_version:
            await client.close()
            raise EngineError(
                f"The running engine is of version {client.engine.get('version')}, "
                f"this is {VERSION}.",
                "Run `agentdeck engine stop`: sessions end their turn and come back with the "
                "new one.",
            )
        return client

    @classmethod
    async def _greet(cls, where: Places, start: bool) -> Client:
        """One try to reach the engine, and its answer to hello.

        Raises EngineError; AgentdeckError where the folder or the engine is another user's.
        """
        path = str(owned(where.run) / where.socket.name)
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=_MAX_LINE)
        except OSError as error:
            raise EngineError(
                "No engine runs." if not start else f"The engine can't be reached: {error}.",
                "Start one with `agentdeck engine start`." if not start else "",
            ) from error
        if peer.uid_of(writer) not in (os.getuid(), None):
            writer.close()
            raise AgentdeckError(f"What answers at {path} is another user's.", "Leave it alone.")
        client = cls(reader, writer)
        try:
            client.engine = await client.call("hello", version=VERSION)
        except EngineError:
            await client.close()
            raise
        return client

    @property
    def gone(self) -> bool:
        """Whether the engine can't be asked any more."""
        return self._cut or self._reading.done()

    async def _ask(self, command: str, args: dict[str, Any]) -> Any:
        return await self.ask(command, args)

    def on_host(self, host: str) -> Calls:
        """The engine of another machine, which this one passes commands on to; "" = this one."""
        return CallsBy(partial(self.ask, host=host)) if host else self

    async def ask(self, command: str, args: dict[str, Any], host: str = "") -> Any:
        """The same as `call`, for who passes on what he was asked. `host`: see `on_host`."""
        if self.gone:
            raise self._gone()
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        there = {"host": host} if host else {}
        line = codec.encode({"id": number, "do": command, "args": args, **there})
        if len(line) > MAX_COMMAND:
            raise UsageError(
                f"That is too long: {len(line) // 2**20} MB of at most {MAX_COMMAND // 2**20}.",
                "Put it into a file, and name the file.",
            )
        self._answers[number] = answer
        self._writer.write(line)
        try:
            await self._writer.drain()
            return await answer
        except ConnectionError as error:
            self._cut = True  # who reads sees it in a moment, too late for who asks what this was
            raise self._gone() from error
        finally:
            self._answers.pop(number, None)

    async def attach(self) -> list[Summary]:
        """Fetch all open sessions' summaries; they are kept up to date from here on."""
        for data in await self.call("deck.list"):
            summary = Summary.from_json(data)
            self.summaries[summary.id] = summary
        return list(self.summaries.values())

    async def close(self) -> None:
        """Hang up; the engine goes on."""
        self._closing = True
        self._writer.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._reading

    async def _read(self) -> None:
        try:
            while line := await self._line():
                try:
                    told = self._event_in(line) or self._read_line(codec.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    continue  # a broken line costs itself alone
                if told is not None and not self._hand_on(told):
                    break
        except (ConnectionError, ValueError) as error:
            self._reason = self._reason or str(error)
        except asyncio.CancelledError:
            self._closing = True  # nobody listens any more
            raise
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(self._gone())
            self._writer.close()
            if not self._closing:
                self.on_lost(self._reason or "the engine ended")

    def _event_in(self, line: bytes) -> Callable[[], None] | None:
        """What an event's line asks for, if it is one as engines write it: nearly all are."""
        if not line.startswith(_SESSION) or line[-2:] != b"}\n":
            return None
        session, found, event = line[len(_SESSION) : -2].partition(_EVENT)
        if not found or b'"' in session or b"\\" in session:
            return None
        try:
            whose, read = session.decode(), codec.decode(event)
        except ValueError:
            return None
        return lambda: self.on_event(whose, read)

    def _hand_on(self, told: Callable[[], None]) -> bool:
        """Call one of the callbacks; whether to go on."""
        try:
            told()
        except Exception as error:
            if self.on_fault is None:
                log.exception("what the engine told")
                self._reason = f"what it told could not be taken in ({error!r})"
                return False
            self.on_fault(error)
        return True

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:
            self._reason = f"it sent a line of more than {_MAX_LINE // 2**20} MB"
            return b""

    def _gone(self) -> EngineError:
        why = f": {self._reason}" if self._reason else ""
        hint = f"Reconnect to start it again. {memory_limit_told()}".strip()
        return EngineError(f"The engine has gone{why}.", hint)

    def _read_line(self, data: EngineLine) -> Callable[[], None] | None:
        """What a line asks for, to be called. Raises whatever a broken line makes it raise."""
        if "event" in data:
            event, session = codec.from_json(data["event"]), str(data["session"])
            return lambda: self.on_event(session, event)
        if "summary" in data:
            summary = Summary.from_json(data["summary"])
            self.summaries[summary.id] = summary
            return lambda: self.on_summary(summary)
        if "terminal" in data:
            output, terminal = output_of(data), str(data["terminal"])
            return lambda: self.on_terminal(terminal, output)
        if "bye" in data:
            self._reason = clean_line(str(data["bye"]))
            return None
        if "gone" in data:
            gone = str(data["gone"])
            self.summaries.pop(gone, None)
            return lambda: self.on_gone(gone)
        if "notice" in data:
            notice = cast("EngineNotice", dict(data["notice"]))
            return lambda: self.on_notice(notice)
        self._answered(data)
        return None

    def _answered(self, data: EngineLine) -> None:
        answer = self._answers.get(cast("int", data.get("id", 0)))
        if answer is None or answer.done():
            return
        if (refusal := data.get("error")) is not None:
            answer.set_exception(errors.told_as(refusal))
        else:
            answer.set_result(data.get("ok"))


def _ensure_running(where: Places) -> None:
    from sessions.engine import lifecycle

    lifecycle.ensure_running(where)
