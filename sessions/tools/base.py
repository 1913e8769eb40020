"""What a tool is, and what it is given when it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from sessions.record import events as ev
from sessions.record.closed_sets import AnsweredBy, CallStatus, DetailKind, OptionKind, Permission
from sessions.record.event_parts import KeptFile, ResultFacts
from sessions.record.summary_parts import AskOption, Grant
from sessions.tools.fault import ToolFault as ToolFault

if TYPE_CHECKING:
    from sessions.tools.calling_turn import CallingTurn
    from sessions.tools.state import ToolState

Decision = Literal["allow", "ask", "deny"]

EVERYTHING = "*"
"""As a member of `Tool.touches`: whatever there is."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a permission request.

    `kind` as in `permission.asked`: allow_once, allow_session, allow_always, reject_once,
    choice. `grant` holds for this session once it is chosen (see `sessions.tools.grants`);
    `apply` writes the rule whose id is `rule`. `short` stands for the name where that has no room.
    """

    id: str
    name: str
    kind: OptionKind
    grant: Grant | None = None
    rule: str = ""
    apply: Callable[[], None] | None = None
    description: str = ""
    short: str = ""

    def to_json(self) -> AskOption:
        """As it stands in `permission.asked`."""
        told: AskOption = {"id": self.id, "name": self.name, "kind": self.kind}
        if self.description:
            told["description"] = self.description
        if self.short:
            told["short"] = self.short
        if self.grant:
            told["grant"] = self.grant
        if self.rule:
            told["rule"] = self.rule
        return told


ONCE = Option("once", "Yes, once", "allow_once", short="Once")
NO = Option("no", "No", "reject_once")
NO_BECAUSE = Option("no-reason", "No, and say why", "reject_once", short="No, because…")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may run, why, and the words for the person who is asked.

    `options` are what may be answered besides once and no. `by` is `mode` or `rule`. `quiet`:
    an `allow` that needs no `permission.answered` in the record (reading inside the workspace).
    """

    decision: Decision
    why: str = ""
    by: AnsweredBy = "mode"
    rule: str = ""
    summary: str = ""
    detail: str = ""
    detail_kind: DetailKind = "text"
    options: tuple[Option, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool gave.

    `content` is whole: the toolbox caps it and keeps the rest under `files/`, unless `path`
    (under `files/`) says that this has been done.
    """

    content: str = ""
    status: CallStatus = "ok"
    path: str = ""
    truncated: bool = False
    images: list[KeptFile] = field(default_factory=list)
    whole: bool = False
    """It is never cut: half of it (of a skill's instructions, say) would be worse than all."""
    data: ResultFacts = field(default_factory=ResultFacts)


@dataclass(slots=True)
class CallContext:
    """One call and everything around it.

    `plan` carries what `permission` worked out to `run`, so that what runs is what was judged.
    `partial` is the result to record if the call is interrupted.
    """

    call: ev.ToolCall
    host: CallingTurn
    state: ToolState
    plan: object | None = None
    partial: Outcome | None = None

    def progress(self, text: str = "", title: str = "", status: str = "") -> None:
        """Show what is going on; not for the model."""
        self.host.emit(
            ev.ToolProgress(
                turn=self.host.turn, call=self.call.call, text=text, title=title, status=status
            )
        )

    @property
    def mode(self) -> Permission:
        """The session's permission mode, as it is now."""
        return self.host.settings.permission


class Tool(Protocol):
    """One tool. An object serves many sessions: what belongs to one is in the context."""

    @property
    def name(self) -> str:
        """As the model calls it."""

    @property
    def definition(self) -> ev.JSON:
        """Messages API form: `name`, `description`, `input_schema`. Constant."""

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """What a call works on, and whether it writes.

        Calls that touch the same thing, one of them writing, run in the order of their asking;
        all others run at the same time. Keys are real paths, or any names; EVERYTHING is all.
        """

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Judge the call. Raises ToolFault if it can't be done anyway."""

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Do it. Raises ToolFault; cancelling the task must leave nothing running."""


def define(
    name: str, description: str, properties: ev.JSON, required: list[str] | None = None
) -> ev.JSON:
    """A Messages API tool definition that takes no other fields than these."""
    return {
        "name": name,
        "description": description,
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": required or [],
            "additionalProperties": False,
        },
    }
