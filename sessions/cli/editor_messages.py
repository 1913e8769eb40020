"""What an editor and `agentdeck acp` tell each other, in the words of the Agent Client Protocol.

What comes is read by msgspec: a field that is missing or of another kind is a fault that names it,
one that is not known is passed over. What goes is declared by its keys.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Protocol, TypedDict, TypeVar

import msgspec

from sessions.record import events as ev
from sessions.record.closed_sets import CallKind, OptionKind, Permission

T = TypeVar("T", bound=msgspec.Struct)


class AsksEditor(Protocol):
    """What can be asked."""

    async def send_request(self, method: str, params: Any) -> Any:
        """Ask for something; what it answers."""


class Editor(AsksEditor, Protocol):
    """The other end."""

    async def send_notification(self, method: str, params: Any) -> None:
        """Tell it something."""


# -- what it asks for


class EditorGreets(msgspec.Struct, rename="camel"):
    """The first request. What an editor can do is no fault of its request: see `shows_forms`."""

    client_capabilities: Any = None


class SessionWanted(msgspec.Struct, rename="camel"):
    """A new session."""

    cwd: str


class SessionsWanted(msgspec.Struct, rename="camel"):
    """The sessions of a folder, or all."""

    cwd: str | None = None


class OfSession(msgspec.Struct, rename="camel"):
    """Something of a session."""

    session_id: str


class ResourceGiven(msgspec.Struct, rename="camel"):
    """A file that is within a prompt."""

    uri: str | None = None
    text: str = ""


class BlockGiven(msgspec.Struct, rename="camel"):
    """A part of a prompt: `text`, `resource`, `resource_link`, or one that is not taken."""

    type: str = ""
    text: str = ""
    uri: str | None = None
    resource: ResourceGiven | None = None


class PromptGiven(OfSession, rename="camel"):
    """A message."""

    prompt: list[BlockGiven] | None = None


class ModeWanted(OfSession, rename="camel"):
    """Another permission."""

    mode_id: str


# -- what it answers


class _Forms(msgspec.Struct):
    form: Any = None


class _Capabilities(msgspec.Struct):
    elicitation: _Forms | None = None


class _Outcome(msgspec.Struct, rename="camel"):
    outcome: str = ""
    option_id: str = ""


class _Chosen(msgspec.Struct):
    outcome: _Outcome = msgspec.field(default_factory=_Outcome)


class FormAnswered(msgspec.Struct):
    """A form that was shown: `accept` with what was entered, `decline`, or `cancel`."""

    action: str = ""
    content: dict[str, Any] | None = None


def shows_forms(capabilities: object) -> bool:
    """Whether an editor shows forms (elicitation), by what it says that it can."""
    asks = _read(capabilities, _Capabilities()).elicitation
    return asks is not None and asks.form is not None


def option_chosen(answer: object) -> str:
    """The option that a person chose in the editor, "" if none."""
    told = _read(answer, _Chosen()).outcome
    return told.option_id if told.outcome == "selected" else ""


def form_answered(answer: object) -> FormAnswered:
    """What became of a form; of an answer that is none, nothing."""
    return _read(answer, FormAnswered())


def _read(told: object, nothing: T) -> T:
    """What an editor answered; of an answer that is of another kind, `nothing`."""
    try:
        return msgspec.convert(told, type(nothing))
    except msgspec.ValidationError:
        return nothing


# -- what it is told

StopReason = Literal["end_turn", "max_tokens", "refusal", "cancelled", "max_turn_requests"]
ChunkKind = Literal["agent_message_chunk", "agent_thought_chunk", "user_message_chunk"]
EditorOptionKind = Literal["allow_once", "allow_always", "reject_once", "reject_always"]


class EditorText(TypedDict):
    """Text."""

    type: Literal["text"]
    text: str


class EditorContent(TypedDict):
    """What stands in a tool call."""

    type: Literal["content"]
    content: EditorText


class EditorChunk(TypedDict):
    """A part of a message."""

    sessionUpdate: ChunkKind
    content: EditorText


class EditorCall(TypedDict):
    """A tool call begins."""

    sessionUpdate: Literal["tool_call"]
    toolCallId: str
    title: str
    kind: CallKind
    status: Literal["in_progress"]
    rawInput: ev.JSON


class EditorCallEnded(TypedDict):
    """A tool call has ended."""

    sessionUpdate: Literal["tool_call_update"]
    toolCallId: str
    status: Literal["completed", "failed"]
    content: list[EditorContent]


class CommandHint(TypedDict):
    """What a command takes."""

    hint: str


class EditorCommand(TypedDict):
    """A slash command."""

    name: str
    description: str
    input: CommandHint


class EditorCommands(TypedDict):
    """All of them."""

    sessionUpdate: Literal["available_commands_update"]
    availableCommands: list[EditorCommand]


EditorUpdate = EditorChunk | EditorCall | EditorCallEnded | EditorCommands


class EditorMode(TypedDict):
    """A mode: one of our permissions."""

    id: Permission
    name: str
    description: str


class EditorModes(TypedDict):
    """The mode of a session, and those that it may have."""

    currentModeId: Permission
    availableModes: list[EditorMode]


class SessionLoaded(TypedDict):
    """A session that was there."""

    modes: EditorModes


class SessionMade(SessionLoaded):
    """A session that is new."""

    sessionId: str


class EditorSession(TypedDict):
    """A session in a list."""

    sessionId: str
    cwd: str
    title: str
    updatedAt: str


class EditorSessions(TypedDict):
    """Sessions."""

    sessions: list[EditorSession]


class EditorUsage(TypedDict):
    """What a turn took, in tokens."""

    inputTokens: int
    outputTokens: int
    totalTokens: int


class PromptEnded(TypedDict):
    """How a turn ended."""

    stopReason: StopReason
    usage: EditorUsage


class EditorOption(TypedDict):
    """An answer to a request for permission."""

    optionId: str
    name: str
    kind: EditorOptionKind


FormPropertyType = Literal["string", "integer", "number", "boolean", "array"]


class TitledValue(TypedDict):
    """A value that can be chosen in a form."""

    const: str | bool
    title: str
    description: NotRequired[str]


class TitledValues(TypedDict):
    """Those of which several can be chosen."""

    anyOf: list[TitledValue]


class FormProperty(TypedDict, total=False):
    """A field of a form, in JSON Schema; what is None is not told."""

    title: str
    description: str | None
    type: FormPropertyType
    oneOf: list[TitledValue]
    items: TitledValues
    minLength: float | None
    maxLength: float | None
    minimum: float | None
    maximum: float | None
    minItems: float | None
    maxItems: float | None
    format: str | None
    pattern: str | None
    default: Any


class FormSchema(TypedDict):
    """A form, in JSON Schema."""

    type: Literal["object"]
    properties: dict[str, FormProperty]
    required: list[str]


def chunk(kind: ChunkKind, text: str) -> EditorChunk:
    """Text as a part of a message."""
    return {"sessionUpdate": kind, "content": {"type": "text", "text": text}}


def content(text: str) -> EditorContent:
    """Text as it stands in a tool call."""
    return {"type": "content", "content": {"type": "text", "text": text}}


def option_kind(kind: OptionKind | str) -> EditorOptionKind:
    """Our kinds of options in the protocol's words."""
    match kind:
        case "allow_once" | "allow_always" | "reject_once" | "reject_always":
            return kind
    return "allow_once" if kind.startswith("allow") or kind in ("choice", "form") else "reject_once"


def text_of(blocks: list[BlockGiven]) -> str:
    """A prompt's blocks as text; embedded files are quoted under their names."""
    parts: list[str] = []
    for block in blocks:
        if block.type == "text":
            parts.append(block.text)
        elif block.type == "resource":
            inner = block.resource or ResourceGiven()
            parts.append(f"[{inner.uri}]\n{inner.text}")
        elif block.type == "resource_link":
            parts.append(f"[{block.uri}]")
    return "\n\n".join(parts)
