"""Terminals of an agent: commands of ours, judged and sandboxed like those of our own tools."""

from __future__ import annotations

import asyncio
import re
import shlex
import uuid
from pathlib import Path

from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.tools import policy
from sessions.tools.base import CallContext, ToolFault
from sessions.tools.command_output import readable
from sessions.tools.jobs import Job
from sessions.tools.shell import launch, output_text

_MAX = 16
_OUTPUT_BYTES = 1_000_000
"""Of one answer to terminal/output, where the agent sets no limit of its own."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def command_line(params: Message, root: Path) -> tuple[str, str]:
    """What terminal/create asks for as one line for a shell, whole and without its surroundings.

    All that makes a difference stands in the line that is judged and shown: the directory where
    it is not the session's, the variables, the words. A `command` without `args` is a line
    already, as agents use it.

    Raises KeyError, TypeError or ValueError for what is not as the protocol has it.
    """
    command, args = params["command"], params.get("args") or []
    if not isinstance(command, str) or not command.strip():
        raise ValueError("command is empty")
    if not all(isinstance(arg, str) for arg in args):
        raise TypeError("args must be strings")
    plain = shlex.join([command, *args]) if args else command
    line = plain
    variables: list[str] = []
    for entry in params.get("env") or []:
        name, value = str(entry["name"]), str(entry["value"])
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"no variable can be called {name!r}")
        variables.append(f"{name}={shlex.quote(value)}")
    if variables:
        line = f"export {' '.join(variables)}; {line}"
    cwd = params.get("cwd")
    if cwd and Path(str(cwd)) != root:
        line = f"cd {shlex.quote(str(cwd))} && {{ {line}\n}}"
    return line, plain


class Terminal:
    """One command that an agent has started."""

    def __init__(self, job: Job, ctx: CallContext, own: bool, limit: int) -> None:
        self._job = job
        self._ctx = ctx
        self._own = own
        self._limit = limit
        self._told = False
        self.text = ""
        """What it printed, once it was released."""
        self.released = False
        self.following: asyncio.Task[None] | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._job.running.done

    def output(self) -> Message:
        """The answer to terminal/output: the end of what it printed, at most the limit."""
        spool = self._job.running.spool
        if self.done:
            spool.summary()  # takes in what waits to be looked at for keys
        start = max(0, spool.kept - self._limit)
        data = spool.read(start, self._limit)
        while start and data and data[0] & 0xC0 == 0x80:  # in the middle of a character
            data = data[1:]
        answer: Message = {"output": readable(data), "truncated": start > 0}
        if self._job.end is not None:
            answer["exitStatus"] = self._status()
        return answer

    async def ended(self) -> Message:
        """The answer to terminal/wait_for_exit."""
        await self._job.ended()
        return self._status()

    def stop(self) -> None:
        """Ask it to end; what it printed stays to be read."""
        self._job.stop()

    def show_in(self, call: ev.ToolCall) -> None:
        """Show what it prints in another call from now on."""
        if not self._own:
            self._ctx.call = call

    def printed(self) -> str:
        """What it printed, for the result of the call that shows it."""
        return self.text if self.released else output_text(self._job.running.spool)[0]

    def quiet(self) -> None:
        """Show nothing more: the turn is over."""
        self._job.running.spool.mute()
        self._told = True

    async def follow(self) -> None:
        """Tell the result of a call of its own when the command has ended."""
        ended = await self._job.ended()
        if not self._own or self._told:
            return
        self._told = True
        text, truncated = output_text(self._job.running.spool)
        if ended.message:
            text = f"The command could not be started: {ended.message}."
        self._ctx.host.emit(
            ev.ToolResult(
                turn=self._ctx.host.turn,
                call=self._ctx.call.call,
                status="ok" if ended.ok else "error",
                content=text,
                path=self._job.running.spool.name if truncated else "",
                truncated=truncated,
                data={"exit_code": ended.code, "signal": ended.signal},
            )
        )

    async def release(self) -> None:
        """End it if it runs, and let go of it; its text stays for the call that shows it."""
        if self.released:
            return
        self._job.stop()
        await self._job.ended()
        if self.following is not None:
            await self.following
        self.text, truncated = output_text(self._job.running.spool)
        self.released = True
        self._job.running.spool.close(keep=truncated)

    def _status(self) -> Message:
        end = self._job.end
        assert end is not None
        if end.message:
            return {"exitCode": 127, "signal": None}
        signal = None if end.signal is None else str(end.signal)
        return {"exitCode": end.code, "signal": signal}


class Terminals:
    """The terminals of one session, by the ids that its agent knows."""

    def __init__(self) -> None:
        self._all: dict[str, Terminal] = {}

    def check_room(self) -> None:
        """Raises ToolFault when as many run as may."""
        running = [t for t in self._all.values() if not t.released and not t.done]
        if len(running) >= _MAX:
            raise ToolFault(f"{_MAX} commands run already; end one first.")

    async def start(
        self, command: policy.Command, ctx: CallContext, own: bool, limit: object
    ) -> str:
        """Start a command as it was judged; its terminal's id. Raises ToolFault."""
        job = await launch(command, ctx, background=False)
        wanted = limit if isinstance(limit, int) and limit >= 0 else _OUTPUT_BYTES
        terminal = Terminal(job, ctx, own, min(wanted, 16 * _OUTPUT_BYTES))
        terminal.following = asyncio.ensure_future(terminal.follow())
        number = f"term-{uuid.uuid4().hex[:12]}"
        self._all[number] = terminal
        return number

    def get(self, number: str) -> Terminal:
        """A terminal that was not released. Raises ValueError."""
        terminal = self._all.get(number)
        if terminal is None or terminal.released:
            raise ValueError(f"there is no terminal {number}")
        return terminal

    def printed(self, number: str) -> str:
        """What a terminal printed, released or not; nothing for one that is none of ours."""
        terminal = self._all.get(number)
        return terminal.printed() if terminal is not None else ""

    def show_in(self, number: str, call: ev.ToolCall) -> None:
        """Show what a terminal prints in a call."""
        if terminal := self._all.get(number):
            terminal.show_in(call)

    async def release(self, number: str) -> None:
        """Let go of a terminal. Raises ValueError."""
        await self.get(number).release()

    def quiet(self) -> None:
        """A turn is over: nothing more is shown, and what was released is forgotten."""
        for terminal in self._all.values():
            if not terminal.released:
                terminal.quiet()
        self._all = {n: t for n, t in self._all.items() if not t.released}

    def stop(self) -> None:
        """Ask all to end."""
        for terminal in self._all.values():
            if not terminal.released:
                terminal.stop()

    async def close(self) -> None:
        """End all and let go of them."""
        terminals, self._all = list(self._all.values()), {}
        await asyncio.gather(*(t.release() for t in terminals))
