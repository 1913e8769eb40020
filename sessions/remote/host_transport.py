"""The connection to a host: a process of this machine, its stdin and stdout, both compressed.

The process is ssh or whatever the configuration names. What it prints before the other side's
first line (a login's greeting) is passed over; what it prints as an error says why it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import zlib
from collections.abc import Mapping, Sequence

from sessions import VERSION, child_process
from sessions.config.model import HostConfig
from sessions.errors import AgentdeckError, EngineError
from sessions.remote.relay import HELLO
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean_line

BEGUN_S = 60.0
"""How long the other side may take to begin: an engine may have to be started there."""
MAX_LINE = 64 * 2**20
_PIECE = 2**16
_NOISE = 2**16
_WORDS = 400
_ENDS_S = 3.0
_LAST_WORDS_S = 1.0


class HostWire:
    """A running connection. `reader` and itself are what a `Client` takes."""

    def __init__(self, process: child_process.ChildProcess) -> None:
        self._process = process
        self._packed = zlib.compressobj(6)
        self.reader = asyncio.StreamReader(limit=MAX_LINE)
        self.version = ""
        """Of agentdeck over there."""
        self.came = self.sent = 0
        """Bytes over the network, each way."""
        self._said = b""
        self._pumps: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, command: Sequence[str], env: Mapping[str, str]) -> HostWire:
        """Start the process and wait for the other side. Raises EngineError: it says why."""
        try:
            process = await child_process.start(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(
                f"{clean_line(command[0])} can't be run: {error.strerror}."
            ) from error
        wire = cls(process)
        loop = asyncio.get_running_loop()
        wire._pumps.append(loop.create_task(wire._errors()))
        try:
            async with asyncio.timeout(BEGUN_S):
                await wire._begun()
        except (TimeoutError, EngineError) as error:
            await wire.end()
            silent = f"it said nothing for {BEGUN_S:.0f} s"
            raise EngineError(
                wire.why(silent if isinstance(error, TimeoutError) else "")
            ) from error
        except BaseException:
            await wire.end()
            raise
        wire._pumps.append(loop.create_task(wire._come()))
        return wire

    def why(self, otherwise: str = "") -> str:
        """Why it ended, as the process said it last."""
        lines = [
            line for line in self._said.decode("utf-8", "replace").splitlines() if line.strip()
        ]
        told = clean_line(" ".join(lines[-3:]))[-_WORDS:]
        code = self._process.returncode
        if code == 127 or "command not found" in told:
            return f"agentdeck is not found there ({told or 'exit code 127'})"
        if "No such command 'attach'" in told:
            return "agentdeck there is older than hosts are: update it"
        return told.rstrip(".") or otherwise or f"the connection ended (exit code {code})"

    # -- as the writer of a client

    def write(self, data: bytes) -> None:
        """Send a line."""
        packed = self._packed.compress(data) + self._packed.flush(zlib.Z_SYNC_FLUSH)
        self.sent += len(packed)
        assert self._process.stdin is not None
        self._process.stdin.write(packed)

    async def drain(self) -> None:
        """Wait until it takes more. Raises ConnectionError: it is gone."""
        assert self._process.stdin is not None
        await self._process.stdin.drain()

    def close(self) -> None:
        """Hang up."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, RuntimeError):
            self._process.stdin.close()

    async def end(self) -> None:
        """Hang up, and see the process ended."""
        self.close()
        try:
            async with asyncio.timeout(_ENDS_S):
                await self._process.wait()
        except TimeoutError:
            self._process.signal_group(signal.SIGKILL)
            await self._process.wait()
        # Its last words; what it has started may hold the pipes open, and is not waited for.
        await asyncio.wait(self._pumps, timeout=_LAST_WORDS_S)
        self._process.let_go()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self.reader.feed_eof()

    # -- what comes

    async def _begun(self) -> None:
        out = self._process.stdout
        assert out is not None
        passed = 0
        while True:
            try:
                line = await out.readline()
            except ValueError as error:
                raise EngineError("") from error
            passed += len(line)
            if not line or passed > _NOISE:
                await asyncio.wait(self._pumps, timeout=_LAST_WORDS_S)
                raise EngineError("")
            if line.startswith(HELLO) and line.endswith(b"\n"):
                self.version = clean_line(line[len(HELLO) : -1].decode("ascii", "replace"))[:40]
                return

    async def _come(self) -> None:
        out = self._process.stdout
        assert out is not None
        unpacked = zlib.decompressobj()
        try:
            while data := await out.read(_PIECE):
                self.came += len(data)
                while data:
                    # A little at a time: a few bytes can stand for very many.
                    self.reader.feed_data(unpacked.decompress(data, _PIECE * 4))
                    data = unpacked.unconsumed_tail
                    if data:
                        await asyncio.sleep(0)
        except (zlib.error, ConnectionError) as error:
            self._said += f"what came can't be read: {error}".encode()
        finally:
            self.reader.feed_eof()

    async def _errors(self) -> None:
        out = self._process.stderr
        assert out is not None
        while data := await out.read(_PIECE):
            self._said = (self._said + data)[-4096:]


async def reached(config: HostConfig) -> tuple[bool, str]:
    """Whether a host can be reached now, and what is there or why not."""
    try:
        wire = await HostWire.open(command_of(config), environment())
    except AgentdeckError as error:
        return False, error.message
    await wire.end()
    other = "" if wire.version == VERSION else f"; this is {VERSION}"
    return True, f"reached, agentdeck {wire.version}{other}"


def command_of(config: HostConfig) -> list[str]:
    """What is run here to speak to the engine over there."""
    words = [*config.agentdeck, "engine", "attach", "--stdio"]
    if config.command:
        return [*config.command, *words]
    # By a login shell, as a person would start it: its PATH, and the keys that are set there.
    inner = shlex.quote("exec " + shlex.join(words))
    there = 'exec "${SHELL:-/bin/sh}" -lc ' + inner
    quiet = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=20")
    alive = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
    return ["ssh", "-T", *quiet, *alive, "--", config.ssh, "sh -c " + shlex.quote(there)]


def environment() -> dict[str, str]:
    """The environment of the command here: no key is in it, but for how ssh finds its own."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("SSH_") or not secrets_filter.keyish(name)
    }
