"""One host: the engine over there, as this engine's client; kept, cut, and found again.

What its sessions say is mirrored as it comes. A connection that says nothing when it is asked is
cut; a host that can't be reached is tried again after a while, which grows.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from sessions import VERSION
from sessions.api.lines import EngineLine
from sessions.api.notices import EngineNotice
from sessions.api.terminals import TerminalOutput
from sessions.config.model import HostConfig
from sessions.engine.client import Client
from sessions.errors import AgentdeckError, EngineError, JournalError, NotFound
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.remote import untrusted_input
from sessions.remote.host_transport import HostWire, command_of, environment
from sessions.remote.remote_sessions import RemoteSessions
from sessions.remote.remote_terminal import HearsPrinted
from sessions.remote.site_interface import Offline
from sessions.safety.sanitise import clean_line

log = logging.getLogger("agentdeck.remote")

ALIVE_S = 20.0
"""The host is asked whether it is there so often, and has as long to answer."""
_LISTED_S = 120.0
"""It has as long to say which sessions it has."""
AGAIN_S = 1.0
MOST_S = 60.0
"""A host that can't be reached is tried again after so long: at first, and at most."""
_WAITING, _WAITING_BYTES = 10_000, 64 * 2**20
"""Events that wait to be mirrored; what comes beyond that is pulled later."""
MOST_SESSIONS = 20_000
"""Sessions of one host that are shown here."""
_MOST_NOTICES = 50
"""Of one connection; what more it says of its machine is not told."""
_OF_THE_MACHINE = frozenset({"aside", "disk", "files"})
"""Notices of over there that are told here: what keeps sessions from going on."""
_AT_ONCE = 4
"""Sessions whose past is pulled at a time."""

Said = Callable[[str], None]


class _HostClient(Client):
    """The other engine's client, which takes nothing as it comes."""

    on_raw: Callable[[str, ev.JSON, int], None] = staticmethod(lambda session, said, size: None)
    _size = 0

    async def _line(self) -> bytes:
        line = await super()._line()
        self._size = len(line)
        return line

    def _event_in(self, line: bytes) -> Callable[[], None] | None:
        return None  # another machine's events are looked at before they are decoded

    def _read_line(self, data: EngineLine) -> Callable[[], None] | None:
        if "event" in data:
            session, said = untrusted_input.session_id(data["session"]), data["event"]
            return lambda: self.on_raw(session, said, self._size)
        if "summary" in data:
            summary = untrusted_input.summary(data["summary"])
            return lambda: self.on_summary(summary)
        return super()._read_line(data)


class RemoteHost:
    """A `Site` that is reached by a command."""

    def __init__(
        self, name: str, config: HostConfig, elsewhere: RemoteSessions, tell: Said
    ) -> None:
        self.name = name
        self.config = config
        self.offline = f"{name} has not been reached yet."
        self.version = ""
        """Of agentdeck over there, once it was reached."""
        self.hears: dict[str, HearsPrinted] = {}
        """By session: who looks on at a terminal over there."""
        self._elsewhere = elsewhere
        self._tell = tell
        self._told_off = False
        self._said: set[str] = set()
        """What is told once while the engine runs."""
        self._tried = asyncio.Event()
        """It was reached once, or could not be."""
        self._client: _HostClient | None = None
        self._wire: HostWire | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._waits = AGAIN_S
        self._now = asyncio.Event()
        """It is to be tried at once."""
        self._lost = asyncio.Event()
        self._inbox: deque[tuple[str, ev.JSON]] = deque()
        self._inbox_bytes = 0
        self._behind: set[str] = set()
        """Sessions of which something was let go, to be pulled."""
        self._some = asyncio.Event()
        self._known: set[str] = set()
        """Its sessions that are mirrored, or are about to be."""
        self._notices = 0
        self._watched: set[str] = set()
        self._refused: set[str] = set()
        """Sessions that can't be mirrored: their ids are taken here, or they are no sessions."""
        self._following: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    # -- as a site

    async def call(self, command: str, args: ev.JSON) -> Any:
        """A command of the engine, done over there."""
        client = self._client
        if client is None:
            raise Offline(self.offline, "Nothing was sent; try again once it is back.")
        try:
            return await client.ask(command, args)
        except AgentdeckError as error:
            of_there = self._client is client and not client.gone
            if of_there or not isinstance(error, EngineError):
                raise untrusted_input.refusal(error) from error
            raise Offline(
                f"The connection to {self.name} was cut before it answered.",
                "Whether it was done shows once the host is back; it is not done again by itself.",
            ) from error

    async def since(self, session: str, seq: int) -> Sequence[bytes | ev.JSON]:
        """Events of a session after `seq`."""
        told = await self.call("session.since", {"session": session, "seq": seq})
        return told if isinstance(told, list) else []

    async def file(self, session: str, name: str) -> bytes | None:
        """A file of a session's `files/`, where it is not larger than the configuration says."""
        data, most = b"", int(self.config.files_mb * 2**20)
        args = {"session": session, "kind": "record", "name": name}
        while len(data) <= most:
            try:
                part = await self.call("work.read", {**args, "offset": len(data)})
                came = base64.b64decode(part, validate=True)
            except Offline:
                raise
            except (AgentdeckError, TypeError, ValueError):
                return None
            if not came:
                return data
            data += came
        return None

    async def settled(self) -> None:
        """Return once it has been tried for the first time."""
        await self._tried.wait()

    def room(self) -> int:
        """How many more sessions may work there, of tasks that may run anywhere."""
        if self.offline:
            return 0
        open_ = sum(s.summary.open for s in self._elsewhere.mirrors(self.name))
        return max(0, self.config.room - open_)

    # -- its life

    def start(self) -> None:
        """Reach it, and keep it reached."""
        self._keeping = asyncio.get_running_loop().create_task(self._keep())

    def at_once(self) -> None:
        """Try to reach it now, however long it was to wait."""
        self._waits = AGAIN_S
        self._now.set()

    async def close(self) -> None:
        """Hang up; the sessions over there go on."""
        self._tried.set()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes that came and went over the network by this connection."""
        return (self._wire.came, self._wire.sent) if self._wire is not None else (0, 0)

    async def _keep(self) -> None:
        while True:
            why = ""
            try:
                why = await self._connected()
            except AgentdeckError as error:
                why = error.message
            except Exception as error:
                # The boundary of a worker: whatever a host makes fail, it alone is offline.
                log.exception("host %s", self.name)
                why = repr(error)
            self._gone_off(why)
            self._now.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._waits * random.uniform(0.75, 1.25)):
                    await self._now.wait()
            self._waits = min(MOST_S, self._waits * 2)

    def _gone_off(self, why: str) -> None:
        self.offline = f"{self.name} can't be reached: {why.rstrip('.')}."
        self._tried.set()
        log.info("%s", self.offline)
        self._elsewhere.cut(self.name, self.offline)
        for each in list(self.hears.values()):
            each.lose()
        if not self._told_off:
            self._told_off = True
            self._tell(f"{self.offline} What was seen of its sessions stays; it is tried again.")

    async def _connected(self) -> str:
        """Reach it, and mirror what it says until it is cut off; why that was."""
        wire = await HostWire.open(command_of(self.config), environment())
        client = _HostClient(wire.reader, wire)
        try:
            self._lost.clear()
            client.on_lost = lambda _: self._lost.set()
            client.on_raw = self._came
            client.on_summary = self._changed
            client.on_gone = self._deleted
            client.on_notice = self._told_there
            client.on_terminal = self._printed
            async with asyncio.timeout(ALIVE_S):
                greeting = await client.call("hello", version=VERSION)
            self._wire, self._client = wire, client
            self.version = str(untrusted_input.answer(greeting.get("version", "")))[:40]
            await self._found(client)
            taking = asyncio.get_running_loop().create_task(self._take())
            try:
                return await self._alive(client, taking)
            finally:
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
        except TimeoutError:
            return "it does not answer"
        finally:
            self._wire = self._client = None
            for task in list(self._following):
                task.cancel()
            await asyncio.gather(*self._following, return_exceptions=True)
            self._inbox.clear()
            self._inbox_bytes = 0
            self._behind.clear()
            self._watched.clear()
            await client.close()
            await wire.end()

    async def _found(self, client: _HostClient) -> None:
        """It is there: take up each of its sessions where its mirror ends."""
        async with asyncio.timeout(_LISTED_S):
            told = await client.call("deck.list", archived=True, closed=True)
        summaries = []
        for each in told:
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                summaries.append(untrusted_input.summary(each))
        there = {summary.id: summary for summary in summaries}
        known = await self._elsewhere.known(self.name, there)
        self._known.update(known)
        self.offline, self._notices = "", 0
        self._tried.set()
        if self._told_off:
            self._tell(f"{self.name} is there again.")
        self._told_off = False
        if self.version != VERSION:
            self._tell_once(
                f"{self.name} runs agentdeck {self.version or 'of an unknown version'}, this is "
                f"{VERSION}: what both know goes on; update the older one."
            )
        # Those that are tiles come first, the newest before the older ones.
        for summary in sorted(summaries, key=lambda s: (s.closed or s.archived, _older(s))):
            if (summary.closed or summary.archived) and known.get(summary.id, 0) >= summary.seq:
                continue
            self._changed(summary)

    async def _alive(self, client: _HostClient, taking: asyncio.Task[None]) -> str:
        """Ask now and then whether it is there; why it is not any more."""
        lost = asyncio.get_running_loop().create_task(self._lost.wait())
        try:
            while True:
                await asyncio.wait(
                    {lost, taking}, timeout=ALIVE_S, return_when=asyncio.FIRST_COMPLETED
                )
                if taking.done():
                    return str(taking.exception() or "nothing can be mirrored")
                if lost.done():
                    return self._wire.why("the connection ended") if self._wire else ""
                async with asyncio.timeout(ALIVE_S):
                    await client.call("hello", version=VERSION)
                self._waits = AGAIN_S  # not before: one that ends at once is tried less and less
        except EngineError:
            return self._wire.why("the connection ended") if self._wire else ""
        finally:
            lost.cancel()

    # -- what it says

    def _came(self, session: str, said: ev.JSON, size: int) -> None:
        if session not in self._known:
            return  # it is not followed
        room = self._inbox_bytes + size <= _WAITING_BYTES or not self._inbox
        if room and len(self._inbox) < _WAITING:
            self._inbox.append((session, said))
            self._inbox_bytes += size
        else:
            self._behind.add(session)
        self._some.set()

    def _printed(self, session: str, output: TerminalOutput) -> None:
        if (hears := self.hears.get(session)) is not None:
            hears.came(output)

    def _changed(self, summary: Summary) -> None:
        """A session over there is new, or is not as it was: see that it is followed."""
        if summary.host or summary.id in self._watched or summary.id in self._refused:
            return
        if not self._has_room(summary.id):
            return
        at_rest = summary.closed or summary.archived
        self._watched.add(summary.id)
        self._begin(self._follow(summary.id, live=not at_rest))

    def _has_room(self, session: str) -> bool:
        """Whether one more session is shown; one that somebody made from here always is."""
        if session not in self._known:
            full = len(self._known) >= MOST_SESSIONS
            if full and self._elsewhere.host_of(session) != self.name:
                self._tell_once(
                    f"{self.name} has more than {MOST_SESSIONS:,} sessions: what comes beyond "
                    "those is not shown here. Delete or archive old ones over there."
                )
                return False
            self._known.add(session)
        return True

    def _deleted(self, session: str) -> None:
        if session in self._refused or session not in self._known:
            return
        self._known.discard(session)
        self._watched.discard(session)
        self._begin(self._forget(session))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside what else comes, until the connection ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    def _told_there(self, notice: EngineNotice) -> None:
        message = notice.get("message")
        told = notice.get("kind") in _OF_THE_MACHINE and isinstance(message, str) and message
        if told and self._notices < _MOST_NOTICES:
            self._notices += 1
            self._tell(f"{self.name}: {clean_line(str(message))[:500]}")

    async def _forget(self, session: str) -> None:
        try:
            await self._elsewhere.gone(self.name, session)
        except (AgentdeckError, ValueError) as error:
            log.warning("session %s of %s: %s", session[:40], self.name, error)

    async def _follow(self, session: str, *, live: bool) -> None:
        """Pull what a session has said so far, and be told what it says from then on."""
        try:
            async with self._room:
                last = await self._elsewhere.pull(self.name, session)
            if live:
                args = {"session": session, "from_seq": last + 1, "compact": False}
                await self.call("session.watch", args)
            else:
                self._watched.discard(session)
        except EngineError:
            self._watched.discard(session)
            return  # it is followed anew once the host is back
        except NotFound:
            self._watched.discard(session)  # it was deleted meanwhile
        except JournalError as error:
            self._watched.discard(session)  # with its next word it is tried again
            self._tell_once(f"A session of {self.name} can't be kept here: {error.message}")
        except (AgentdeckError, ValueError) as error:
            self._refuse(session, error)

    async def _take(self) -> None:
        """Mirror what came, in order. Ends by the error of a disk that refuses it."""
        while True:
            await self._some.wait()
            self._some.clear()
            came: dict[str, list[ev.JSON]] = {}
            while self._inbox:
                session, said = self._inbox.popleft()
                came.setdefault(session, []).append(said)
            self._inbox_bytes = 0
            behind, self._behind = self._behind, set()
            for session, lines in came.items():
                await self._mirrored(session, self._elsewhere.take(self.name, session, lines))
            for session in behind:
                await self._mirrored(session, self._elsewhere.pull(self.name, session))

    async def _mirrored(self, session: str, mirroring: Coroutine[Any, Any, int]) -> None:
        if session in self._refused:
            mirroring.close()
            return
        try:
            await mirroring
        except (JournalError, EngineError):
            raise  # the disk here, or the connection: what came is pulled once there is either
        except NotFound:
            log.info("session %s of %s is gone", session, self.name)
        except (AgentdeckError, ValueError) as error:
            self._refuse(session, error)

    def _refuse(self, session: str, error: Exception) -> None:
        log.warning("session %s of %s is not shown: %s", session[:40], self.name, error)
        if not self._refused:
            told = f"A session of {self.name} is not shown here, nor are others of the kind:"
            self._tell(f"{told} {str(error).rstrip('.')}.")
        self._refused.add(session)

    def _tell_once(self, told: str) -> None:
        if told not in self._said:
            self._said.add(told)
            self._tell(told)


def _older(summary: Summary) -> tuple[int, ...]:
    """Newer ids sort before older ones."""
    return tuple(-ord(char) for char in summary.id)
