"""The `Task` tool: a session gives a piece of work to a session of its own, and gets its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict, define


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sub-session is to do. `call` is the tool call that asks for it."""

    call: str
    title: str
    prompt: str
    profile: str = ""
    skills: tuple[str, ...] = ()


Start = Callable[[Wanted], Awaitable[Outcome]]


class TaskTool:
    """One session's `Task` tool; `start` runs a sub-session to its end."""

    name = "Task"
    definition = define(
        "Task",
        "Give a piece of work to a session of its own, which has your tools and your working "
        "directory, but not this conversation: the prompt must say all that it needs. You get its "
        "last answer. Several calls at once run side by side.",
        {
            "description": {"type": "string", "description": "What it is, in a few words."},
            "prompt": {"type": "string", "minLength": 1, "description": "What it shall do."},
            "profile": {"type": "string", "description": "Another profile than yours."},
            "skills": {"type": "array", "items": {"type": "string"}},
        },
        ["description", "prompt"],
    )

    def __init__(self, start: Start) -> None:
        self._start = start

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Nothing of its own: what the sub-session does, it asks for itself."""
        return frozenset(), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Free: a sub-session may do no more than its parent, and asks for itself."""
        return Verdict("allow", "a sub-session may do no more than this one", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Run it to its end; an interrupt ends it too."""
        wanted = Wanted(
            ctx.call.call,
            str(args["description"]),
            str(args["prompt"]),
            str(args.get("profile", "")),
            tuple(str(name) for name in args.get("skills") or ()),
        )
        try:
            return await self._start(wanted)
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
