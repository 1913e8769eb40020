"""A host for tools without a session: it keeps events and answers requests as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from sessions.record import events as ev
from sessions.record.closed_sets import Permission
from sessions.tools.rules import MemoryRules, RuleStore
from sessions.tools.state import ToolOptions
from sessions.tools.toolbox import Toolbox, make_toolbox
from tests.support.host import QuietHost
from tests.support.rig import rig_places

E = TypeVar("E", bound=ev.Event)
Answer = Callable[[ev.PermissionAsked], tuple[str, str]]


def say(decision: str, reason: str = "") -> Answer:
    """An answer that is always the same."""
    return lambda asked: (decision, reason)


class ToolHost(QuietHost):
    """A `TurnHost` as far as tools need one. `answer` None: nobody answers."""

    def __init__(self, cwd: Path, files: Path, mode: str = "ask", answer: Answer | None = None):
        super().__init__(cwd, files, "s-1", mode)
        self.answer = answer
        self.entered: ev.JSON = {}
        """What is entered into a form."""
        self.seen = asyncio.Event()
        """Set at every event."""

    def emit(self, event: ev.Event) -> None:
        super().emit(event)
        self.seen.set()

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        self.emit(request)
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        decision, reason = self.answer(request)
        kinds = {o["id"]: o["kind"] for o in request.options}
        answered = ev.PermissionAnswered(
            turn=self.turn,
            call=request.call,
            ask=request.ask,
            decision=decision,
            allowed=kinds.get(decision, "").startswith("allow"),
            reason=reason,
            content=self.entered if kinds.get(decision) == "form" else {},
        )
        self.emit(answered)
        return answered

    def of(self, kind: type[E]) -> list[E]:
        return [e for e in self.events if isinstance(e, kind)]

    @property
    def asked(self) -> list[ev.PermissionAsked]:
        return [e for e in self.events if isinstance(e, ev.PermissionAsked)]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for an event that makes `condition` true."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.seen.clear()
                await self.seen.wait()


class Desk:
    """One session's toolbox with its host, in a folder of the test's own."""

    def __init__(
        self,
        root: Path,
        *,
        mode: str = "ask",
        answer: Answer | None = None,
        rules: RuleStore | None = None,
        options: ToolOptions | None = None,
    ) -> None:
        self.home = root
        self.ws = root / "ws"
        self.ws.mkdir(exist_ok=True)
        self.places = rig_places(root / "deck")
        self.files = self.places.session("s-1") / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.rules = rules or MemoryRules()
        self.host = ToolHost(self.ws, self.files, mode, answer)
        self.options = options or ToolOptions()
        self.box: Toolbox = make_toolbox(
            self.ws, self.files, self.places, options=self.options, rules=self.rules
        )
        self._count = 0

    def mode(self, mode: str) -> None:
        self.host.settings = replace(self.host.settings, permission=cast("Permission", mode))

    def call(self, name: str, **args: object) -> ev.ToolCall:
        self._count += 1
        return ev.ToolCall(turn=1, call=f"c{self._count}", name=name, input=dict(args))

    async def use(self, name: str, **args: object) -> ev.ToolResult:
        """Run one call."""
        return (await self.box.run([self.call(name, **args)], self.host))[0]

    async def bash(self, command: str, **args: object) -> ev.ToolResult:
        return await self.use("Bash", command=command, **args)
