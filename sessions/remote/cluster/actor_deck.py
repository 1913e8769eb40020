"""What an actor is: the deck of one session, as an engine has it, in a home of its own.

It knows nothing of Ray: the bridge makes an actor of it. All that it answers are bytes of JSON or
plain values, so that nothing of this program's has to be understood by another version of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.api.notices import EngineNotice
from sessions.errors import AgentdeckError, UsageError, of_machine
from sessions.paths import places, private_folder
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.summary import SessionSummary
from sessions.remote.cluster import home_lock, settings
from sessions.remote.cluster.actor_homes import here, home, root
from skills import private_files

if TYPE_CHECKING:
    from sessions.api.cluster import NodeBackend
    from sessions.engine.whole_deck import WholeDeck
    from sessions.remote.cluster.shapes import ActorFacts, ActorRefused, NodeFound, SeedSent

log = logging.getLogger("agentdeck.cluster")

MOST = 4 * 2**20
"""Bytes of events in one answer; the rest comes with the next."""
_TOGETHER_S = 0.05
"""What is said within so long of something else comes with it, where nobody looks."""
_STREAMED = ev.Text | ev.Thinking | ev.ToolProgress
"""What more of follows: nobody who does not look at it needs each piece at once."""


class ActorBody:
    """The engine of one session on a node of the cluster."""

    def __init__(self, seed: SeedSent) -> None:
        self.session = str(seed["session"])
        self._config = str(seed.get("config", ""))
        for name, value in dict(seed.get("env") or {}).items():
            os.environ[str(name)] = str(value)
        self._deck: WholeDeck | None = None
        self._opening: asyncio.Task[WholeDeck] | None = None
        self._said = asyncio.Event()
        self._pressing = asyncio.Event()
        """Something was said that is no piece of a stream."""
        self._held = -1
        self._offsets: dict[str, int] = {}

    # -- life

    async def hello(self) -> ActorFacts | ActorRefused:
        """Who is here; the deck is open when this is answered."""
        from sessions import VERSION

        try:
            await self._open()
        except AgentdeckError as error:
            return refusal(error)
        return {
            "version": VERSION,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "home": str(home(self.session)),
            "auth": os.environ.get("RAY_AUTH_MODE", ""),
        }

    async def _open(self) -> WholeDeck:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._opened())
        return await asyncio.shield(self._opening)

    async def _opened(self) -> WholeDeck:
        from sessions import config
        from sessions.engine.whole_deck import WholeDeck
        from sessions.record.file_descriptors import raise_limit

        raise_limit()
        where = here(self.session)
        private_folder(where.data)
        self._held = home_lock.taken(home(self.session))
        _share(where.data / "repositories")
        if self._config:
            merged = settings.merged(self._config, places().config_file)
            private_files.write(where.config_file, merged.encode(), synced=False)
        deck = WholeDeck(where, config.load(where.config_file))
        deck.listener = self
        await deck.open()
        self._deck = deck
        return deck

    async def end(self, known: Mapping[str, int]) -> dict[str, list[bytes]]:
        """End the turn, the agents and the commands; the rest of the record when that is whole."""
        deck, self._deck = self._deck, None
        if deck is None:
            return {}
        await deck.close()
        try:
            return await self.rest(deck, known)
        finally:
            os.close(self._held)

    async def rest(self, deck: WholeDeck, known: Mapping[str, int]) -> dict[str, list[bytes]]:
        """All that is not known yet."""
        found: dict[str, list[bytes]] = {}
        seen = dict(known)
        while more := await self._after(deck, seen):
            for each, lines in more.items():
                found.setdefault(each, []).extend(lines)
                seen[each] = codec.decode(lines[-1]).seq
        return found

    # -- what is asked of it

    async def call(self, command: str, args: bytes) -> bytes:
        """A command of the engine (docs/protocol.md): `{"ok": …}` or `{"error": {…}}`."""
        try:
            deck = await self._open()
            return codec.encode({"ok": await _run(deck, command, codec.loads(args))})
        except AgentdeckError as error:
            return codec.encode(refusal(error))
        except TypeError as error:
            return codec.encode(refusal(UsageError(f"Wrong arguments: {error}.")))
        except Exception as error:
            # The boundary of a worker: one command fails, the actor goes on.
            log.exception("command %r", command)
            ours = AgentdeckError(
                f"agentdeck failed: {error!r}.", "Its node's log has the details."
            )
            return codec.encode(refusal(of_machine(error, "be done") or ours))

    async def news(
        self, known: Mapping[str, int], wait_s: float, gather_s: float = 0.0
    ) -> dict[str, list[bytes]]:  # fmt: skip
        """Of each session here its lines after the number that is known, as soon as there are any.

        Pieces of a stream are gathered for `gather_s`, or until something else is said, which is
        told with them. After `wait_s` an empty answer says that it lives.
        """
        deck = await self._open()
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            said = self._said
            if gather_s and _more(deck, known):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._pressing.wait(), gather_s)
                    await asyncio.sleep(min(_TOGETHER_S, gather_s))
            self._pressing.clear()
            if found := await self._after(deck, known):
                return found
            left = deadline - asyncio.get_running_loop().time()
            if self._deck is None:  # it has ended: who still asks does so once in that time
                await asyncio.sleep(left)
            if left <= 0 or self._deck is None:
                return {}
            try:
                await asyncio.wait_for(said.wait(), left)
            except TimeoutError:
                return {}

    async def _after(self, deck: WholeDeck, known: Mapping[str, int]) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        size = 0
        for session in list(deck.sessions.values()):
            session.recorder.flush()
            after, upto = known.get(session.id, 0), session.summary.seq
            if upto <= after or size >= MOST:
                continue
            lines, offset = await asyncio.to_thread(
                _read, session.folder, after, upto, self._offsets.get(session.id, 0)
            )
            self._offsets[session.id] = offset
            size += sum(map(len, lines))
            if lines:
                found[session.id] = lines
        return found

    # -- what the deck tells (sessions.runtime.deck.Listener)

    def on_event(self, session_id: str, event: ev.Event, line: bytes) -> None:
        """An event is in the journal here."""
        # Each who waits has the event of its own look: nobody takes it from another.
        said, self._said = self._said, asyncio.Event()
        said.set()
        if not isinstance(event, _STREAMED):
            self._pressing.set()

    def on_summary(self, summary: SessionSummary) -> None:
        """It follows from the events."""

    def on_gone(self, session_id: str) -> None:
        """Nothing is deleted here while its actor lives."""

    def on_notice(self, notice: EngineNotice) -> None:
        """It stays in the log of the node."""
        log.info("%s", notice.get("message", ""))


def _more(deck: WholeDeck, known: Mapping[str, int]) -> bool:
    """Whether something was said that is not known."""
    return any(s.summary.seq > known.get(s.id, 0) for s in deck.sessions.values())


def _read(folder: Path, after: int, upto: int, offset: int) -> tuple[list[bytes], int]:
    """Lines of a journal, some megabytes of them, and where the next begin."""
    from sessions.engine.replay import Replay
    from sessions.paths import JOURNAL

    replay = Replay(folder / JOURNAL, after + 1, upto, compact=False, offset=offset)
    found: list[bytes] = []
    size = 0
    try:
        while size < MOST and (part := replay.part()):
            found += part
            size += sum(map(len, part))
        return found, replay.offset
    finally:
        replay.close()


async def _run(deck: WholeDeck, name: str, args: ev.JSON) -> Any:
    from sessions.engine import commands

    command = commands.find(name)
    if command is None:
        raise UsageError(f"The engine over there does not know the command {name}.")
    commands.check(command, args)
    return await command(deck, **args)


def refusal(error: AgentdeckError) -> ActorRefused:
    """An error as it is sent."""
    return {
        "error": {
            "message": error.message, "hint": error.hint, "exit_code": error.exit_code,
            "kind": type(error).__name__,
        }
    }  # fmt: skip


def _share(link: Path) -> None:
    """All actors of a node share what is cached of repositories."""
    shared = private_folder(root() / "repositories")
    if not link.exists():
        link.symlink_to(shared)


async def salvaged(session: str, known: Mapping[str, int]) -> dict[str, list[bytes]]:
    """What an actor that is dead left on this node: its journal, completed as after a crash.

    What it started and what outlived it is ended by that too.
    """
    if not here(session).data.is_dir():
        return {}
    await asyncio.to_thread(home_lock.freed, home(session))
    body = ActorBody({"session": session})
    deck = await body._open()
    for folder in sorted(here(session).sessions.iterdir()):
        try:
            await deck.get(folder.name)  # what a crash left open in it is ended by that
        except AgentdeckError as error:
            log.warning("session %s: %s", folder.name, error)
    return await body.end(known)


def facts() -> NodeFound:
    """What this node has: version, Python, memory; for `agentdeck cluster check`."""
    from sessions import VERSION

    told: NodeFound = {
        "version": VERSION,
        "python": ".".join(map(str, sys.version_info[:3])),
        "host": socket.gethostname(),
        "auth": os.environ.get("RAY_AUTH_MODE", ""),
        "memory": free_memory(),
        "home": str(root()),
        "backends": [],
        "fault": "",
    }
    try:
        told["backends"] = asyncio.run(_backends())
    except AgentdeckError as error:
        told["fault"] = str(error)
    return told


async def _backends() -> list[NodeBackend]:
    from sessions import config
    from sessions.backends.registry import describe

    where = places()._replace(state=root() / "state")
    found = await describe(config.load(where.config_file), where)
    return [
        {
            "name": row["name"], "type": row["type"], "model": row["model"],
            "ok": row["ok"], "detail": row["detail"],
        }
        for row in found
    ]  # fmt: skip


def free_memory() -> int:
    """Bytes that are free on this machine, 0 where it does not say."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
