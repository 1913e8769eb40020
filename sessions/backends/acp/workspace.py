"""What an agent asks of its client: files and terminals, under the deck's own permissions.

The methods `fs/*` and `terminal/*` of the Agent Client Protocol (schema 1.19) go the way of our
own tools: the same borders, modes, rules and sandbox, the same dialogs, the same record. A
request names no tool call, so it is shown in the open one that fits it, or in one of its own.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.backends.acp.terminals import Terminals, command_line
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator
from sessions.record import events as ev
from sessions.record.closed_sets import CallKind
from sessions.record.event_parts import ResultFacts
from sessions.record.textlines import whole_lines
from sessions.tools import policy, safe_open, textfiles
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict
from sessions.tools.binary import looks_binary
from sessions.tools.edits import Change, make
from sessions.tools.files import EDIT_BYTES, sha256
from sessions.tools.workspace import Target

if TYPE_CHECKING:
    from sessions.backends.base import TurnHost
    from sessions.tools.toolbox import Toolbox

CAPABILITIES: Message = {"fs": {"readTextFile": True, "writeTextFile": True}, "terminal": True}
NO_CAPABILITIES: Message = {
    "fs": {"readTextFile": False, "writeTextFile": False},
    "terminal": False,
}
"""For agents elsewhere (ssh, docker): their files and programs are not ours."""

_REFUSED = -32001
"""Our code (of the range that JSON-RPC leaves to servers) for what may not be done."""
_FAR = "You work on another machine than your client: use your own files and terminals."
_ALREADY = Verdict("allow", "Allowed with its tool call.", quiet=True)
_KINDS = {"Read": ("read",), "Write": ("edit", "delete", "move"), "Bash": ("execute",)}
_OURS: dict[str, CallKind] = {"Read": "read", "Write": "edit", "Bash": "execute"}


@dataclass(slots=True)
class Approvals:
    """What a person has allowed by the agent's own requests, so that it is not asked twice."""

    paths: set[Path] = field(default_factory=set)
    """What may be changed."""
    reads: set[Path] = field(default_factory=set)
    """What may be read."""
    commands: set[str] = field(default_factory=set)
    edits: bool = False
    """Every ordinary edit inside the working directory ("always allow edits")."""

    def take(self, kind: str, option: str, paths: list[Path], command: str) -> None:
        """A request for a call of `kind` was answered with an option of that kind."""
        self.reads.update(paths)
        if kind in _KINDS["Write"]:
            self.paths.update(paths)
        if command:
            self.commands.add(command)
        if option == "allow_always" and kind == "edit":
            self.edits = True

    def end_turn(self) -> None:
        """What was allowed once holds for its turn."""
        self.paths.clear()
        self.reads.clear()
        self.commands.clear()


class Workspace:
    """One session's files and terminals as its agent reaches them."""

    def __init__(self, *, far: bool = False, missing_is_empty: bool = False) -> None:
        """`far`: the agent runs on another machine, where ours are not its files.

        `missing_is_empty`: a file that is not there is read as an empty one.
        """
        self.far, self.missing_is_empty = far, missing_is_empty
        self.approvals = Approvals()
        self.terminals = Terminals()
        self._host: TurnHost | None = None
        self._translator: Translator | None = None

    def begin(self, host: TurnHost, translator: Translator) -> None:
        """A turn begins."""
        self._host, self._translator = host, translator

    def end(self, *, interrupted: bool) -> None:
        """The turn is over; an interrupt ends what the agent has started."""
        self._host = self._translator = None
        self.approvals.end_turn()
        self.terminals.quiet()
        if interrupted:
            self.terminals.stop()

    async def handle(self, method: str, params: Message) -> Any:
        """Answer a request; NotImplemented for a method that is none of these.

        Raises acp.exceptions.RequestError.
        """
        from acp.exceptions import RequestError

        handler = _METHODS.get(method)
        if handler is None:
            return NotImplemented
        if self.far:
            # OpenCode asks whatever its client can do; by the same name it is another file.
            raise RequestError(_REFUSED, _FAR)
        try:
            return await handler(self, params)
        except FileNotFoundError as error:
            raise RequestError.resource_not_found(str(error)) from error
        except ToolFault as error:
            raise RequestError(_REFUSED, str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise RequestError.invalid_params({"details": str(error)}) from error

    # -- files

    async def _read(self, params: Message) -> Message:
        """fs/read_text_file: `path`, from `line` (1-based), at most `limit` lines."""
        box = self._box()
        target = box.state.guard.look(_absolute(params))
        ctx, mine = await self._context("Read", target.path, "")
        verdict = policy.judge_read(target, ctx)
        if verdict.decision == "ask" and target.path in self.approvals.reads and not target.secret:
            verdict = _ALREADY
        await self._settle(verdict, ctx, mine)
        data = await asyncio.to_thread(_bytes_of, target)
        if data is None and self.missing_is_empty:
            data = b""
        if data is None:
            raise FileNotFoundError(str(target.path))
        if looks_binary(data):
            raise ToolFault(f"{target.path} is binary; it can't be read as text.")
        box.state.seen[target.path] = sha256(data)
        text = data.decode("utf-8", "replace")
        self._finish(ctx, Outcome(f"{target.path} was read."), mine)
        return {"content": _part(text, params.get("line"), params.get("limit"))}

    async def _write(self, params: Message) -> Message:
        """fs/write_text_file: all of `path` becomes `content`."""
        content = params["content"]
        if not isinstance(content, str):
            raise TypeError("content must be a string")
        target = self._box().state.guard.look(_absolute(params))
        ctx, mine = await self._context("Write", target.path, content)
        if target.forbidden:
            await self._settle(policy.judge_write(target, ctx, "", ""), ctx, mine)
        change = await asyncio.to_thread(_change, target, content)
        if change.after == change.before:
            self._finish(ctx, Outcome(f"{target.path} holds exactly that already."), mine)
            return {}
        verb = "Change" if change.before is not None else "Write the new file"
        summary = f"{verb} {target.path} ({textfiles.counts(change.diff)})"
        verdict = policy.judge_write(target, ctx, summary, change.diff)
        await self._settle(self._known_edit(verdict, target), ctx, mine)
        make(change, ctx)
        facts: ResultFacts = {"diff": change.diff, "changed": [str(target.path)]}
        self._finish(ctx, Outcome(f"{target.path} was changed:\n{change.diff}", data=facts), mine)
        return {}

    def _known_edit(self, verdict: Verdict, target: Target) -> Verdict:
        """What was allowed by the agent's own request is settled, borders excepted.

        It is neither asked nor told again: OpenCode sends the file after every edit that it was
        allowed, while it writes the file by itself.
        """
        ordinary = target.inside and not (target.secret or target.steering or target.forbidden)
        allowed = self.approvals.edits or target.path in self.approvals.paths
        if verdict.decision != "deny" and ordinary and allowed:
            return _ALREADY
        return verdict

    # -- terminals

    async def _create(self, params: Message) -> Message:
        """terminal/create: `command`, `args`, `env`, `cwd`, `outputByteLimit`."""
        box = self._box()
        line, plain = command_line(params, box.state.guard.root)
        self.terminals.check_room()
        ctx, mine = await self._context("Bash", None, line)
        verdict, command = policy.judge_command(line, ctx, network=False, escape=False)
        if verdict.decision != "deny" and line == plain and line in self.approvals.commands:
            verdict = _ALREADY
        await self._settle(verdict, ctx, mine)
        limit = params.get("outputByteLimit")
        terminal = await self.terminals.start(command, ctx, mine, limit)
        return {"terminalId": terminal}

    async def _output(self, params: Message) -> Message:
        return self.terminals.get(str(params["terminalId"])).output()

    async def _wait(self, params: Message) -> Message:
        return await self.terminals.get(str(params["terminalId"])).ended()

    async def _kill(self, params: Message) -> Message:
        self.terminals.get(str(params["terminalId"])).stop()
        return {}

    async def _release(self, params: Message) -> Message:
        await self.terminals.release(str(params["terminalId"]))
        return {}

    def embedded(self, call_id: str, terminals: list[str]) -> None:
        """The agent shows terminals in a tool call: what they print is shown there from now on."""
        call = self._translator.told(call_id) if self._translator else None
        for terminal in terminals:
            if call is not None:
                self.terminals.show_in(terminal, call)

    # -- what they share

    def _box(self) -> Toolbox:
        from sessions.tools.toolbox import Toolbox

        tools = self._host.tools if self._host is not None else None
        if not isinstance(tools, Toolbox):
            raise ToolFault("No turn of this session runs; nothing is done outside of one.")
        return tools

    async def _context(self, tool: str, path: Path | None, text: str) -> tuple[CallContext, bool]:
        """The call that a request belongs to, and whether it is one of its own."""
        host, translator, box = self._host, self._translator, self._box()
        assert host is not None and translator is not None
        fitting = _fitting(translator.open_calls(), tool, path, text)
        if fitting is not None:
            return CallContext(fitting, host, box.state), False
        if tool == "Read" and path is not None:
            # Most reading is free and of no interest; only what is asked for is shown.
            call = _own_call(host.turn, tool, str(path), "")
            return CallContext(call, host, box.state), True
        call = _own_call(host.turn, tool, str(path or ""), text)
        await host.emit_synced(call)
        return CallContext(call, host, box.state), True

    async def _settle(self, verdict: Verdict, ctx: CallContext, mine: bool) -> None:
        """Get the answer that a verdict asks for. Raises ToolFault where it is no."""
        if mine and ctx.call.name == "Read" and not (verdict.decision == "allow" and verdict.quiet):
            await ctx.host.emit_synced(ctx.call)
            ctx.plan = "told"
        try:
            refusal = await self._box().settle(verdict, ctx)
        except asyncio.CancelledError:
            why = ctx.host.interruption
            self._finish(ctx, Outcome(why, status="cancelled"), mine)
            raise ToolFault(why) from None
        if refusal is not None:
            self._finish(ctx, refusal, mine)
            raise ToolFault(refusal.content)

    def _finish(self, ctx: CallContext, outcome: Outcome, mine: bool) -> None:
        """The result of a call of our own; the agent tells those of its own."""
        if not mine or (ctx.call.name == "Read" and ctx.plan != "told"):
            return
        ctx.host.emit(
            ev.ToolResult(
                turn=ctx.host.turn,
                call=ctx.call.call,
                status=outcome.status,
                content=outcome.content,
                data=outcome.data,
            )
        )


_METHODS = {
    "fs/read_text_file": Workspace._read,
    "fs/write_text_file": Workspace._write,
    "terminal/create": Workspace._create,
    "terminal/output": Workspace._output,
    "terminal/wait_for_exit": Workspace._wait,
    "terminal/kill": Workspace._kill,
    "terminal/release": Workspace._release,
}


def _absolute(params: Message) -> str:
    path = params["path"]
    if not isinstance(path, str) or not path.startswith("/"):
        raise ValueError(f"path must be absolute: {path!r}")
    return path


def _bytes_of(target: Target) -> bytes | None:
    """What a file holds, None if it is not there. Raises ToolFault."""
    if not target.path.exists():
        return None
    return safe_open.read_bytes(target.path, EDIT_BYTES)


def _change(target: Target, content: str) -> Change:
    """The change that a whole new content is. The bytes are the agent's: nothing is converted."""
    before = _bytes_of(target)
    try:
        after = content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolFault(f"The text can't be written as UTF-8: {error}.") from error
    old = before.decode("utf-8", "replace") if before else ""
    return Change(target, before, after, textfiles.diff(old, content, str(target.path)))


def _part(text: str, line: object, limit: object) -> str:
    if not isinstance(line, int) and not isinstance(limit, int):
        return text
    found = whole_lines(text)
    first = max(0, line - 1) if isinstance(line, int) else 0
    last = first + max(0, limit) if isinstance(limit, int) else len(found)
    return "".join(found[first:last])


def _fitting(
    calls: list[ev.ToolCall], tool: str, path: Path | None, text: str
) -> ev.ToolCall | None:
    """The open call that a request is a part of: the one that names it, else one of its kind."""
    kinds = _KINDS[tool]
    for call in calls:
        if path is not None and str(path) in _paths_of(call):
            return call
        if tool == "Bash" and call.input.get("command") == text:
            return call
    # With no path told, an edit may be any; one that names other files is not this one.
    return next((c for c in calls if c.kind in kinds and (path is None or not _paths_of(c))), None)


def _paths_of(call: ev.ToolCall) -> set[str]:
    named = [str(place.get("path", "")) for place in call.locations]
    named += [str(call.input[k]) for k in ("file_path", "path", "filePath") if k in call.input]
    return {name for name in named if name}


def _own_call(turn: int, tool: str, path: str, text: str) -> ev.ToolCall:
    command = tool == "Bash"
    return ev.ToolCall(
        turn=turn,
        call=f"deck-{uuid.uuid4().hex[:12]}",
        name=tool,
        input={"command": text} if command else {"file_path": path},
        kind=_OURS[tool],
        locations=[] if command else [{"path": path}],
    )
