"""One agent process: started, spoken to, ended with all that it started.

Its stderr goes to a file (by a thread: an unread pipe stops an agent that prints much), it runs
in a process group of its own, and it dies with the engine: by its closed stdin, on Linux by the
kernel's parent-death signal, and what survives even that is swept by the next engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessions import child_process
from sessions.backends.acp import abilities, orphans
from sessions.backends.acp.refusals import how_ended, refused
from sessions.backends.acp.transport import LineTransport, Message, Pipes
from sessions.errors import BackendError
from sessions.safety.sanitise import clean
from sessions.safety.stderr_log import StderrLog

log = logging.getLogger("agentdeck.acp")

START_S = 60.0
"""How long `initialize` may take: 0.6 to 7 s where there is room, more than 30 where six agents
start at once on a machine that is full."""
FETCHED_S = 300.0
"""How long it may take where a program fetches the agent first (npx, uvx)."""
_FETCHES = ("npx", "uvx", "bunx", "pnpx")
ANSWER_S = 120.0
"""How long other answers may take; a turn's own may take any time."""
CLOSE_S = 2.0
_LIMIT = 2**16
"""Of what asyncio keeps of a pipe that nobody reads; stdout is taken as it comes."""
_PRINTED_S = 0.5
"""What it started may hold its stderr open; its last words are not waited for longer."""
_PR_SET_PDEATHSIG = 1
_CANCELLED = -32800
"""The protocol's “request cancelled”."""

Request = Callable[[str, Message], Awaitable[Any]]


def _die_with_parent() -> None:
    """Runs in the child before exec: SIGTERM when the engine's process ends."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in what an agent prints: bytes of its stderr's file, lines of noise on stdout."""

    stderr: int = 0
    noise: int = 0


class AgentProcess:
    """A running agent. `alive` until its stdout ends; `capabilities` as it told them."""

    def __init__(self, name: str, stderr: Path, pids: Path) -> None:
        self.name = name
        self.stderr = stderr
        self.info: Message = {}
        self.alive = False
        self.exit_code: int | None = None
        self._pids = pids
        self._process: child_process.ChildProcess | None = None
        self._connection: Any = None
        self._pipes: Pipes | None = None
        self._transport: LineTransport | None = None
        self._printed: StderrLog | None = None
        self._ended = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._begun = Mark()
        self._answering: dict[int, asyncio.Task[Any]] = {}
        """What answers the agent's requests, by the identity of their parameters."""
        self._withdrawn: set[asyncio.Task[Any]] = set()
        self.cwd: Path | None = None

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        stderr: Path,
        pids: Path,
        on_update: Callable[[str, Message], None],
        on_fault: Callable[[str, str], None],
        on_request: Request,
        client_capabilities: Message,
        cwd: Path | None = None,
    ) -> AgentProcess:
        """Start an agent and greet it. Raises BackendError: it is missing, ends, or hangs.

        `cwd`: its working directory, if it is there; some show it as their sessions'.
        """
        agent = cls(name, stderr, pids)
        agent.cwd = cwd if cwd is not None and cwd.is_dir() else None
        await agent._spawn(command, env)
        # The agent needs its time too; and the other sessions stream on meanwhile.
        await asyncio.to_thread(load_protocol)
        agent._connect(on_update, on_fault, on_request)
        greeting = {
            "protocolVersion": 1,
            "clientCapabilities": client_capabilities,
            "clientInfo": {"name": "agentdeck", "version": _version()},
        }
        try:
            fetched = bool(command) and Path(command[0]).name in _FETCHES
            limit_s = FETCHED_S if fetched else START_S
            agent.info = await agent.request("initialize", greeting, limit_s)
        except BackendError:
            await agent.close()
            raise
        return agent

    @property
    def capabilities(self) -> Message:
        """`agentCapabilities` of initialize."""
        found = self.info.get("agentCapabilities")
        return found if isinstance(found, dict) else {}

    @property
    def takes(self) -> Message:
        """`promptCapabilities` of these: what a prompt may hold beside text."""
        found = self.capabilities.get("promptCapabilities")
        return found if isinstance(found, dict) else {}

    def can(self, name: str) -> bool:
        """Whether it can `load`, `resume`, `fork`, `list`, `close` sessions."""
        if name == "load":
            return bool(self.capabilities.get("loadSession"))
        sessions = self.capabilities.get("sessionCapabilities")
        return isinstance(sessions, dict) and sessions.get(name) is not None

    @property
    def steers(self) -> bool:
        """Whether it takes messages within a running turn (see steering.py)."""
        return abilities.steered(self.info) or abilities.injected(self.info)

    def abilities(self) -> dict[str, bool]:
        """What it said that it can do, as the interface needs it."""
        return {
            **{name: self.can(name) for name in ("load", "resume", "fork", "list", "close")},
            "steer": self.steers,
            "images": bool(self.takes.get("image")),
            "embedded": bool(self.takes.get("embeddedContext")),
        }

    async def request(self, method: str, params: Message, limit_s: float | None = -1.0) -> Message:
        """Ask the agent. Raises BackendError when it refuses, has gone, or does not answer.

        `limit_s`: None for as long as it takes; by default ANSWER_S.
        """
        from acp.exceptions import RequestError

        mark = self._begun if method == "initialize" else self.mark()
        limit_s = ANSWER_S if limit_s is not None and limit_s < 0 else limit_s
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._connection.send_request(method, params)
        except TimeoutError as error:
            asked = "" if method == "initialize" else f" {method}"
            fault = self.fault(f"did not answer{asked} within {limit_s:g} s", mark)
            fault.kind = "agent_hangs"
            raise fault from error
        except RequestError as error:
            raise refused(self.name, method, error, self._said(mark)) from error
        except (ConnectionError, OSError) as error:
            await self._gone()
            raise self.fault("ended", mark) from error
        return answer if isinstance(answer, dict) else {}

    async def notify(self, method: str, params: Message) -> None:
        """Tell the agent something; nothing happens if it has gone."""
        with contextlib.suppress(ConnectionError, OSError):
            await self._connection.send_notification(method, params)

    def asked(self, number: Any) -> Any:
        """The parameters of a request of ours that it has not answered yet, by the id of it."""
        waits = self._transport is not None and type(number) is int
        return self._transport.asked.get(number) if self._transport and waits else None

    def waits(self, params: Message) -> bool:
        """Whether a request with these very parameters has not been answered yet."""
        sent = self._transport.asked.values() if self._transport is not None else ()
        return any(each is params for each in sent)

    def mark(self) -> Mark:
        """How far it has printed by now: what comes later belongs to what is asked next."""
        noise = self._transport.noise_count if self._transport is not None else 0
        return Mark(self._printed_bytes(), noise)

    def fault(self, what: str, since: Mark | None = None) -> BackendError:
        """An error that says what the agent did, with the end of what it printed since then.

        Without a mark: since it was started.
        """
        code = "" if self.exit_code is None else f" ({how_ended(self.exit_code)})"
        tail = self._said(since or self._begun)
        return BackendError(
            f"The agent {self.name} {what}{code}." + (f" It said: {tail}" if tail else ""),
            f"Send again to restart it; all it printed is in {self.stderr}.",
            kind="agent_ended",
        )

    def _said(self, since: Mark, size: int = 400) -> str:
        """The end of what it printed to stderr, and of what was no message on stdout."""
        prose = self._transport.said(since.noise) if self._transport is not None else ""
        try:
            with self.stderr.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(since.stderr if since.stderr <= end else 0, end - size))
                printed = file.read().decode("utf-8", "replace").strip()
        except OSError:
            printed = ""
        return clean("\n".join(part for part in (prose[-size:].strip(), printed) if part))

    def _printed_bytes(self) -> int:
        try:
            return self.stderr.stat().st_size
        except OSError:
            return 0

    async def _gone(self) -> None:
        """Its stdout has ended: know how it ended, or that it only stopped talking."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._ended.wait()
        self.alive = False  # with nothing more to be read from it, the next turn starts another

    async def wait_ended(self) -> None:
        """Return when the process has ended."""
        await self._ended.wait()

    async def close(self) -> None:
        """End the process and everything in its group."""
        process = self._process
        if process is None:
            return
        if self._connection is not None:
            # An answer that it did not wait for fails here, not where it was given.
            with contextlib.suppress(OSError):
                await self._connection.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self._quiet()
                break
            except TimeoutError:
                process.signal_group(number)
        # Whatever it started and left in its group ends with it.
        process.signal_group(signal.SIGKILL)
        await process.wait()
        if self._watch is not None:
            await self._watch
        orphans.forget(self._pids, process.pid)

    async def _spawn(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._begun = Mark(self._printed_bytes(), 0)
        printed = StderrLog(self.stderr)
        try:
            pipes = Pipes(_LIMIT, asyncio.get_running_loop())
            process = await child_process.start(
                *command,
                pipes=pipes,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=printed.fileno(),
                env=dict(env),
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent if _LIBC is not None else None,
            )
        except OSError as error:
            raise BackendError(
                f"The agent {self.name} can't be started: {command[0]}: {error.strerror}.",
                "See `agentdeck doctor` for how to install it.",
                kind="agent_missing",
            ) from error
        finally:
            printed.close()
        self._process, self._pipes = process, pipes
        self._printed = printed
        self.alive = True
        orphans.remember(self._pids, self._process.pid)
        self._watch = asyncio.get_running_loop().create_task(self._wait())

    def _connect(
        self,
        on_update: Callable[[str, Message], None],
        on_fault: Callable[[str, str], None],
        on_request: Request,
    ) -> None:
        from acp.connection import Connection
        from acp.exceptions import RequestError

        assert self._process and self._process.stdin and self._pipes
        self._transport = LineTransport(self._process.stdin, on_update, on_fault)
        self._pipes.read_by(self._transport)

        async def handle(method: str, params: Any, is_notification: bool) -> Any:
            known = params if isinstance(params, dict) else {}
            if is_notification:
                if method == "$/cancel_request":
                    self._withdraw(known.get("requestId"))
                return None
            task = asyncio.current_task()
            assert task is not None
            self._answering[id(params)] = task
            try:
                answer = await on_request(method, known)
            except asyncio.CancelledError:
                if task not in self._withdrawn:
                    raise
                raise RequestError(_CANCELLED, "Request cancelled") from None
            finally:
                self._answering.pop(id(params), None)
                self._withdrawn.discard(task)
            if answer is NotImplemented:
                raise RequestError.method_not_found(method)
            return answer

        self._connection = Connection(handle, self._transport)

    def _withdraw(self, number: Any) -> None:
        """The agent does not want an answer to a request of its any more."""
        wanted = self._transport.wanted if self._transport is not None else {}
        if not isinstance(number, int | str) or number not in wanted:
            return
        if (task := self._answering.get(id(wanted[number]))) is not None:
            self._withdrawn.add(task)
            task.cancel()

    async def _quiet(self) -> None:
        """Return when it has ended, and has been heard to the end."""
        assert self._process is not None and self._pipes is not None
        await self._process.wait()
        await self._pipes.silent.wait()

    async def _wait(self) -> None:
        assert self._process is not None and self._pipes is not None
        self.exit_code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._pipes.silent.wait()
        self._process.let_go()  # where what it started holds its stdout open, nobody speaks for it
        self.alive = False
        orphans.forget(self._pids, self._process.pid)
        if self._printed is not None:
            await asyncio.to_thread(self._printed.wait, _PRINTED_S)
        self._ended.set()
        if self._transport is not None and self._transport.noise_count:
            log.info(
                "%s printed %d lines of noise on stdout, e.g. %r",
                self.name,
                self._transport.noise_count,
                self._transport.noise[:3],
            )


def load_protocol() -> None:
    """Import the protocol's package: most of a second, once in a process."""
    import acp.connection  # noqa: F401


def _version() -> str:
    from sessions import VERSION

    return VERSION
