"""The seam between a session and what answers.

A backend is made once per configured name and shared by its sessions. It opens one
`Conversation` per session; the conversation runs one turn at a time by telling its `TurnHost`
what happens, as events, and ends by returning a `TurnEnded`. An agent that has its own tools,
permissions and session ids fits the same seam: it emits `tool.call` and `tool.result` for
what it did itself, asks its permissions through `TurnHost.ask`, and keeps its ids in
`backend.state` events.

Interrupting a turn is cancelling its task: the conversation lets go of its stream and its
processes and lets `CancelledError` through. A fault is a `BackendError`; the session turns it
into an `error` event. Text that was emitted before either stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sessions.record import events as ev
from sessions.record.closed_sets import Effort, Permission, TurnReason
from sessions.record.summary_parts import AgentState, Attachment
from sessions.tools.calling_turn import CallingTurn

if TYPE_CHECKING:
    from sessions.record.context import Context


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do; what it can't is greyed in the interface, with the reason.

    `reasons` maps a missing capability's name to one sentence.
    """

    tools: bool = True
    images: bool = False
    thinking: bool = False
    steer: bool = True
    fork: bool = True
    models: bool = True
    own_tools: bool = False
    """It runs its own tools (an agent); ours are not offered to it."""
    elsewhere: bool = False
    """It works on another machine, where the files of this one are not."""
    structured: bool = False
    """It takes a JSON schema for its answer."""
    trims: bool = False
    """It cuts a conversation that is too long for it by itself; ours is not summarised."""
    note: str = ""
    """One sentence for the interface, e.g. that this is a small model for trying things."""
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model to choose. `context` and `max_output` in tokens, 0 = unknown."""

    id: str
    name: str = ""
    context: int = 0
    max_output: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one tool-less question outside any session."""

    text: str
    usage: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    cost_usd: float | None = None
    stop_reason: str = "end_turn"
    """A server's or an agent's own word where it is none that is known here."""


class Form(dict[str, Any]):
    """A JSON schema of an answer, and the same bound more closely, for small models.

    `grammar` (GBNF, llama.cpp's notation) is for a model that can be held to it; a server that
    takes a schema gets the schema.
    """

    def __init__(self, schema: Mapping[str, Any], grammar: str) -> None:
        super().__init__(schema)
        self.grammar = grammar


@dataclass(frozen=True, slots=True)
class Question:
    """One tool-less question: a throw-away fork of a conversation, or none at all.

    `messages` are Messages API messages (`{"role", "content"}`), oldest first.
    """

    messages: Sequence[Mapping[str, Any]]
    system: str = ""
    model: str = ""
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 4096
    seed: int | None = None
    """Of the sampling, where the server takes one (the model on this machine does)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session has set for its turns. Limits: 0 = none."""

    model: str = ""
    permission: Permission = "ask"
    effort: Effort = ""
    system: str = ""
    max_steps: int = 100
    """Model responses within one turn."""
    unsandboxed: bool = False
    """The backend runs tools of its own, outside any sandbox of ours."""
    mcp: Sequence[ev.JSON] = ()
    """For an agent: the session's MCP servers, as its protocol has them (`McpServer`)."""
    directories: Sequence[str] = ()
    """For an agent: more directories that it may work in, absolute."""


class Tools(Protocol):
    """The tools of one session, as a native backend needs them."""

    def definitions(self) -> list[ev.JSON]:
        """Messages API tool definitions; the same list, in the same order, for a session's life."""

    async def run(self, calls: Sequence[ev.ToolCall], host: TurnHost) -> list[ev.ToolResult]:
        """Run calls that have been emitted; emits each result and returns them in order.

        Never raises for a tool's own fault: that is a result with status `error`.
        """


class WaitingMessage(Protocol):
    """A message that waits in a session's queue."""

    @property
    def id(self) -> str:
        """Its id in the queue."""

    @property
    def text(self) -> str:
        """What it says."""

    @property
    def attachments(self) -> Sequence[Attachment]:
        """As in `message.user`."""


class TurnHost(CallingTurn, Protocol):
    """What a conversation may ask of the session that it answers in."""

    @property
    def session_id(self) -> str:
        """The session's id."""

    @property
    def message(self) -> ev.UserMessage:
        """What began this turn; recorded already."""

    @property
    def cwd(self) -> Path:
        """The session's working directory."""

    @property
    def settings(self) -> Settings:
        """What is set for the turn; the permission mode as it is now."""

    @property
    def context(self) -> Context:
        """The conversation so far, the new user message included."""

    @property
    def tools(self) -> Tools | None:
        """The session's tools, where its backend wants ours."""

    async def over(self) -> None:
        """Return when the end of the turn is on record and the next one can begin."""

    def flush(self) -> None:
        """Record the text that waits for more, so that `context` has all of it."""

    def steers(self) -> Sequence[WaitingMessage]:
        """The messages that are to go into this turn, before they are taken."""

    def take_steers(self, only: Sequence[str] | None = None) -> list[ev.UserMessage]:
        """Messages to take in now, between two steps; recorded already. `only`: these ids."""

    def not_steered(self, item: str) -> None:
        """A message can't go into this turn: it waits for one of its own."""

    def spend(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Count tokens and dollars (None = no price is known) towards this turn, however it ends.

        What the `TurnEnded` itself carries is added to it.
        """

    async def make_room(self, *, refused: bool = False) -> bool:
        """Between two steps: summarise the past if it is about to outgrow the model's window.

        `refused`: a server has said that it is too large, whatever is known of its window.
        Returns whether that was done. Raises BackendError when it had to be, and could not.
        """


class ChildHost(Protocol):
    """A session that an agent leads by itself, as its backend tells it what happens."""

    turn: int

    @property
    def session_id(self) -> str:
        """Its id."""

    @property
    def files(self) -> Path:
        """Its `files/` folder."""

    @property
    def working(self) -> bool:
        """Whether a stretch of work is open."""

    def begin(self, text: str, stop: Callable[[], None] | None = None) -> None:
        """It works from here on, at `text`; `stop` ends that, where the agent lets it be ended."""

    def told(self, text: str) -> None:
        """It was told something more while it works."""

    def emit(self, event: ev.Event) -> None:
        """Record an event and tell everybody."""

    def end(self, reason: TurnReason, detail: str = "") -> None:
        """It rests."""

    def leave(self) -> None:
        """Nobody waits for it: it goes out of sight until it works again."""


@runtime_checkable
class Bears(Protocol):
    """A turn's host that can have sessions which the agent leads by itself."""

    def child(self, title: str, call: str, above: str = "") -> ChildHost | None:
        """A session for one, of that title, begun by `call`.

        `above`: the session that it belongs to, if not the one whose turn this is. None where
        there can be none.
        """


class Conversation(Protocol):
    """One session's side of a backend."""

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn to its end.

        Raises:
            BackendError: it could not be answered.
            asyncio.CancelledError: it was interrupted.
        """

    async def close(self) -> None:
        """Let go of everything that belongs to this session."""


@runtime_checkable
class Steered(Protocol):
    """A conversation that takes messages in while it waits, not between steps of its own."""

    def steered(self) -> None:
        """A message waits that is to go into the running turn (`TurnHost.steers`)."""


class Backend(Protocol):
    """What answers."""

    name: str
    type: str
    """A `BackendType` where it is one of the configuration; what answers in no such way, like a
    terminal, has a word of its own."""
    default_model: str

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    async def open(self, session_id: str, cwd: Path, state: AgentState) -> Conversation:
        """A conversation for a session; `state` is what its `backend.state` events said."""

    async def models(self) -> list[ModelInfo]:
        """Models to choose from; a fallback list when the server can't say."""

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one tool-less question. Raises BackendError."""

    async def close(self) -> None:
        """End what it started."""


@runtime_checkable
class Answers(Protocol):
    """A backend that says how long its answers may be, for which the window needs room."""

    def answer_tokens(self, model: str, window: int) -> int:
        """The longest answer in tokens, in a window of that many (0 = unknown)."""


@runtime_checkable
class Tells(Protocol):
    """A backend that sends the whole conversation with each request, and a system prompt."""

    by: str
    """Its API and server, for what goes back to these alone; "" = nothing does."""

    @property
    def unsigned(self) -> bool:
        """Whether thinking without a signature goes back as well."""

    def system(self, settings: Settings, cwd: Path) -> str:
        """The system prompt of a turn."""

    def window(self, model: str) -> int:
        """The model's window in tokens, 0 = unknown."""


@runtime_checkable
class ReadsSkills(Protocol):
    """A backend that may read skills by itself, beside what it is told of them."""

    def own_skills(self, skills: Sequence[tuple[str, Path]], cwd: Path) -> frozenset[str]:
        """The names of those that it reads by itself, whatever their state is."""


@runtime_checkable
class Prepares(Protocol):
    """A backend with something to load before its first turn."""

    def prepare(self) -> None:
        """A session of it was made: load it in the background while its user still types."""
