"""The tools of one session as its backend sees them: checked, judged, run, capped, recorded."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sessions.errors import AgentdeckError, of_machine
from sessions.paths import Places
from sessions.record import events as ev
from sessions.safety.secrets_filter import hide
from sessions.tools import schema
from sessions.tools.base import (
    EVERYTHING,
    NO,
    NO_BECAUSE,
    ONCE,
    CallContext,
    Option,
    Outcome,
    Tool,
    ToolFault,
    Verdict,
)
from sessions.tools.command_output import store
from sessions.tools.rules import FileRules, RuleStore
from sessions.tools.state import ToolOptions, ToolState
from sessions.tools.workspace import Guard
from skills.tokens import estimate

if TYPE_CHECKING:
    from sessions.tools.calling_turn import CallingTurn
    from sessions.tools.deferred_file_scan import DeferredFileScan

log = logging.getLogger("agentdeck.tools")

DENIED = (
    "The user said no. Don't try to reach the same in another way; go on without it, or ask what "
    "they would rather have."
)


def standard_tools() -> list[Tool]:
    """The tools that every session has, in the order in which models are told of them."""
    from sessions.tools.edits import EditTool, MultiEditTool, WriteTool
    from sessions.tools.files import ListTool, ReadTool
    from sessions.tools.question import AskUserTool
    from sessions.tools.search import GlobTool, GrepTool
    from sessions.tools.shell import BashOutputTool, BashTool, KillBashTool

    return [
        ReadTool(), WriteTool(), EditTool(), MultiEditTool(), ListTool(), GlobTool(), GrepTool(),
        BashTool(), BashOutputTool(), KillBashTool(), AskUserTool(),
    ]  # fmt: skip


def make_toolbox(
    cwd: Path,
    files: Path,
    places: Places,
    *,
    options: ToolOptions | None = None,
    rules: RuleStore | None = None,
    extra: Sequence[Tool] = (),
    skill_folders: Sequence[Path] = (),
    behind: DeferredFileScan | None = None,
) -> Toolbox:
    """A session's toolbox: the standard tools, and `extra` (skills); `behind` as in `ToolState`."""
    guard = Guard(cwd, files, places, skill_folders)
    rules = rules or FileRules(places.config_file)
    state = ToolState(guard, rules, options or ToolOptions(), behind)
    return Toolbox(state, [*standard_tools(), *extra])


def _read(tool: Tool, given: ev.JSON) -> tuple[ev.JSON, list[str]]:
    """A call's arguments, and what is wrong with them: by the tool itself if it reads them.

    Else by the definition's schema, or the tool's own wider one.
    """
    own: Callable[[ev.JSON], tuple[ev.JSON, list[str]]] | None = getattr(tool, "read", None)
    if own is not None:
        return own(given)
    args = schema.clean(given)
    return args, schema.check(
        args, getattr(tool, "accepts", None) or tool.definition["input_schema"]
    )


class Toolbox:
    """`sessions.backends.base.Tools` of one session. `close` it when the session is closed."""

    def __init__(self, state: ToolState, tools: Sequence[Tool]) -> None:
        self.state = state
        self.renewed: Callable[[], Awaitable[None]] | None = None
        """Called when calls are done: MCP servers may have other tools by then."""
        self._own = list(tools)
        self._set(self._own)

    def _set(self, tools: Sequence[Tool]) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self._tools.setdefault(tool.name, tool)
        # Kept as text: a copy for each request is read from it in a tenth of a deep copy's time.
        self._definitions = msgspec.json.encode([t.definition for t in self._tools.values()])

    def replace(self, foreign: Sequence[Tool]) -> None:
        """Have other tools of MCP servers than before. Never while calls run."""
        self._set([*self._own, *foreign])

    def definitions(self) -> list[ev.JSON]:
        """Messages API tool definitions; the same as long as nothing is switched."""
        definitions: list[ev.JSON] = msgspec.json.decode(self._definitions)
        return definitions

    def confirm_full(self, confirmed: bool = True) -> None:
        """Mode full may be used without a sandbox: a person has confirmed it by typing."""
        self.state.options = replace(self.state.options, full_confirmed=confirmed)

    async def close(self) -> None:
        """End what runs in the background."""
        await self.state.close()

    async def run(self, calls: Sequence[ev.ToolCall], host: CallingTurn) -> list[ev.ToolResult]:
        """Run calls that have been emitted; emits each result and returns them in order.

        Calls that touch the same thing (one of them writing) wait for each other, in order.
        When it is cancelled, everything is ended and each open call gets a result `cancelled`.
        """
        contexts = [CallContext(call, host, self.state) for call in calls]
        touched = [self._touches(ctx) for ctx in contexts]
        tasks: list[asyncio.Task[ev.ToolResult]] = []
        for number, ctx in enumerate(contexts):
            before = [t for k, t in enumerate(tasks) if _conflict(touched[k], touched[number])]
            tasks.append(asyncio.create_task(self._after(before, ctx), name=ctx.call.name))
        try:
            results = list(await asyncio.gather(*tasks))
            if self.renewed is not None:
                await self.renewed()
            return results
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _touches(self, ctx: CallContext) -> tuple[frozenset[str], bool]:
        tool = self._tools.get(ctx.call.name)
        args, faults = _read(tool, ctx.call.input) if tool is not None else ({}, [])
        if tool is None or faults:
            return frozenset(), False  # it will be refused; nothing needs to wait for that
        try:
            return tool.touches(args, ctx)
        except ToolFault:
            return frozenset(), False

    async def _after(
        self, before: Sequence[asyncio.Task[ev.ToolResult]], ctx: CallContext
    ) -> ev.ToolResult:
        try:
            if before:
                await asyncio.wait(before)
            outcome = await self._outcome(ctx)
        except asyncio.CancelledError:
            self._finish(ctx, _interrupted(ctx))
            raise
        return self._finish(ctx, outcome)

    async def _outcome(self, ctx: CallContext) -> Outcome:
        """Check, judge, run; every fault becomes an outcome."""
        name = ctx.call.name
        try:
            tool = self._tools.get(name)
            if tool is None:
                raise ToolFault(f"There is no tool {name!r}. There are: {', '.join(self._tools)}.")
            args, faults = _read(tool, ctx.call.input)
            if faults:
                raise ToolFault(f"Wrong arguments for {name}: {' '.join(faults)}")
            verdict = await tool.permission(args, ctx)
            refusal = await self.settle(verdict, ctx)
            if refusal is not None:
                return refusal
            return await tool.run(args, ctx)
        except ToolFault as error:
            return Outcome(str(error), status="error")
        except AgentdeckError as error:
            return Outcome(str(error), status="error")
        except Exception as error:
            # The boundary of a worker: a fault of ours is one failed call, and in the log.
            log.exception("tool %s", name)
            ours = f"agentdeck failed inside the tool {name}; the call may have had an effect."
            return Outcome(str(of_machine(error, f"go on with {name}") or ours), status="error")

    async def settle(self, verdict: Verdict, ctx: CallContext) -> Outcome | None:
        """Get the answer that a verdict asks for; None if the call may run."""
        if verdict.decision == "ask":
            return await self._ask(verdict, ctx)
        allowed = verdict.decision == "allow"
        if not (allowed and verdict.quiet):
            await ctx.host.emit_synced(
                ev.PermissionAnswered(
                    turn=ctx.host.turn,
                    call=ctx.call.call,
                    decision="allow" if allowed else "deny",
                    allowed=allowed,
                    by=verdict.by,
                    reason=verdict.why,
                    rule=verdict.rule,
                )
            )
        return None if allowed else Outcome(verdict.why, status="denied")

    async def _ask(self, verdict: Verdict, ctx: CallContext) -> Outcome | None:
        options = [ONCE, *verdict.options, NO, NO_BECAUSE]
        answered = await ctx.host.ask(
            ev.PermissionAsked(
                turn=ctx.host.turn,
                call=ctx.call.call,
                ask=uuid.uuid4().hex[:12],
                tool=ctx.call.name,
                summary=verdict.summary,
                detail=verdict.detail,
                detail_kind=verdict.detail_kind,
                why=verdict.why,
                options=[option.to_json() for option in options],
            )
        )
        chosen = next((o for o in options if o.id == answered.decision), None)
        if chosen is not None and chosen.kind.startswith("allow") and answered.allowed:
            await self._remember(chosen, ctx)
            return None
        if answered.decision == "cancelled":
            return Outcome("Nobody answered the request; it was not done.", status="denied")
        reason = answered.reason.strip()
        return Outcome(f"{DENIED}\nThey said: {reason}" if reason else DENIED, status="denied")

    async def _remember(self, option: Option, ctx: CallContext) -> None:
        if option.grant is not None:
            ctx.state.grants.take(option.grant)
        if option.apply is None:
            return
        try:
            # Writing a rule waits for a lock and for the disk.
            await asyncio.to_thread(option.apply)
        except AgentdeckError as error:
            # The yes stands for this once; that it could not be kept is said.
            ctx.host.emit(
                ev.Error(turn=ctx.host.turn, kind="rule", message=error.message, hint=error.hint)
            )

    def _finish(self, ctx: CallContext, outcome: Outcome) -> ev.ToolResult:
        capped = cap(outcome, ctx.host.files, self.state.options.result_tokens)
        result = ev.ToolResult(
            turn=ctx.host.turn,
            call=ctx.call.call,
            status=capped.status,
            content=capped.content,
            path=capped.path,
            truncated=capped.truncated,
            images=capped.images,
            data=capped.data,
        )
        ctx.host.emit(result)
        return result


def _interrupted(ctx: CallContext) -> Outcome:
    said = ctx.host.interruption
    if ctx.partial is None:
        return Outcome(said, status="cancelled")
    content = f"{said} What it had given until then:\n{ctx.partial.content}"
    return replace(ctx.partial, status="cancelled", content=content)


def _conflict(one: tuple[frozenset[str], bool], other: tuple[frozenset[str], bool]) -> bool:
    """Whether two calls must not run at the same time."""
    (keys, writes), (others, other_writes) = one, other
    if not (writes or other_writes) or not keys or not others:
        return False
    return bool(keys & others) or EVERYTHING in keys or EVERYTHING in others


def cap(outcome: Outcome, files: Path, tokens: int) -> Outcome:
    """The outcome with at most about `tokens` of content, the whole kept under `files/`."""
    content = outcome.content
    if outcome.whole or estimate(content) <= tokens:
        return outcome
    path, kept = outcome.path, ""
    if not path:
        try:
            path = store(files, hide(content).encode("utf-8", "replace"), ".txt")
        except (OSError, AgentdeckError) as error:
            kept = f"the rest could not be kept: {error}"
    share = tokens / estimate(content)
    size = int(len(content) * share)
    head, tail = content[: size * 2 // 5], content[len(content) - size * 3 // 5 :]
    where = kept or f"all of it is in {files / path}, which Read and Grep can read"
    middle = (
        f"\n\n(… {len(content) - len(head) - len(tail):,} characters left out here; {where} …)\n\n"
    )
    return replace(outcome, content=head + middle + tail, path=path, truncated=True)
