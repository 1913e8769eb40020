"""What nests in events and in a session's summary, by its keys.

For the type checker, and as this version writes it: what a journal of another version has there
is read as it stands.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from sessions.errors import FaultKind
from sessions.record.closed_sets import (
    DetailKind,
    FieldKind,
    GrantKind,
    OptionKind,
    Origin,
    ProgressState,
    QueueMode,
    Said,
)


class Attachment(TypedDict):
    """A file of a message; `path`: below `files/` of its session."""

    path: str
    media_type: str
    name: NotRequired[str]
    size: NotRequired[int]


class AttachedFile(TypedDict, total=False):
    """What goes with a message: the path of a `file` on this machine, or one that is kept already,
    as `session.keep` answers it."""

    file: str
    path: str
    media_type: str
    name: str
    size: int


class MessageWaiting(TypedDict):
    """A message of a queue that is to be; what is not said is as before or as it begins."""

    text: str
    id: NotRequired[str]
    origin: NotRequired[Origin]
    mode: NotRequired[QueueMode]
    attachments: NotRequired[list[AttachedFile]]


class QueuedMessage(TypedDict):
    """A message that waits."""

    id: str
    text: str
    origin: Origin
    mode: QueueMode
    attachments: list[Attachment]


class Grant(TypedDict):
    """What holds for a session once it is chosen: see `sessions.tools.grants`."""

    kind: GrantKind
    words: list[str]


class AskOption(TypedDict):
    """An answer to a request. `grant`: what holds for the session once it is chosen, `rule`: the
    id of the rule that is then written, `short`: its name in a few letters."""

    id: str
    name: str
    kind: OptionKind
    description: NotRequired[str]
    short: NotRequired[str]
    grant: NotRequired[Grant]
    rule: NotRequired[str]


class FormChoice(TypedDict):
    """A value that a field of a form can have."""

    value: str | bool
    name: str
    about: str


class FormField(TypedDict):
    """What is asked in a form: see `sessions.record.forms`. `least` and `most`: of a number
    itself, of characters, of choices."""

    name: str
    title: str
    about: str
    kind: FieldKind
    required: bool
    choices: NotRequired[list[FormChoice]]
    default: NotRequired[Any]
    least: NotRequired[float]
    most: NotRequired[float]
    format: NotRequired[str]
    pattern: NotRequired[str]


class PendingAsk(TypedDict):
    """A request that waits, as its event has it; `between`: no turn runs, an agent asks."""

    type: str
    seq: int
    at: str
    turn: int
    call: str
    ask: str
    tool: str
    summary: str
    detail: str
    detail_kind: DetailKind
    why: str
    options: list[AskOption]
    form: list[FormField]
    between: NotRequired[bool]


class SessionAbove(TypedDict):
    """The session that this one came from: forked at its event `seq`, or begun by its tool
    `call`; `by`: `agent`, where that leads it."""

    id: str
    seq: int
    call: NotRequired[str]
    by: NotRequired[Literal["agent"]]


class ImportedFrom(TypedDict):
    """The conversation of another program that it was, and where that lies."""

    harness: str
    path: str
    id: str


class RetryWait(TypedDict):
    """A request that is made again, so many seconds after `at`."""

    kind: FaultKind
    wait_s: float
    attempt: int
    at: str


class WorktreeOf(TypedDict):
    """A session's worktree: its own if `session` is it. `base`: the commit where its branch begins,
    on `base_ref`; `kept`: of a discarded one, the ref that holds what it held."""

    session: str
    path: str
    repository: str
    base: str
    base_ref: str
    kept: NotRequired[str]


class OwnBudget(TypedDict, total=False):
    """A session's own limits; one that is not there is the configuration's."""

    usd: float
    tokens: float
    hours: float
    turns: float


class AnswerGoesTo(TypedDict, total=False):
    """Where a session's answer goes when it is done; `by`: another machine's engine sends it."""

    to: list[str]
    words: str
    by: str


TerminalAt = Literal["", "prompt", "command"]
"""Where a terminal's shell is, where it says so."""


class TerminalProgress(TypedDict):
    """How far a terminal's program says that it is; `state` as OSC 9;4 has it, in words."""

    state: ProgressState
    percent: int


class TerminalWords(TypedDict, total=False):
    """What a terminal's program said last, by a hook or a notification."""

    state: Said
    message: str


class TerminalChanges(TypedDict, total=False):
    """What changes of a terminal while it is there."""

    columns: int
    rows: int
    title: str
    at: TerminalAt
    exit: int | None
    progress: TerminalProgress | None
    bell: bool
    said: TerminalWords
    new: bool
    directory: str


class TerminalState(TypedDict):
    """What a session that is a terminal says of itself. `at`: `prompt`, `command`, or "", where it
    has not said; `code` and `why`: its end; `exit`: of the last command; `new`: nobody has looked
    since; `keys`: what is typed is recorded too."""

    argv: list[str]
    shell: bool
    columns: int
    rows: int
    keys: bool
    record: bool
    running: bool
    code: int | None
    why: str
    title: str
    at: TerminalAt
    exit: int | None
    progress: TerminalProgress | None
    bell: bool
    said: TerminalWords
    new: bool
    directory: NotRequired[str]


class ContextTaken(TypedDict, total=False):
    """How many tokens a conversation takes of its model's window, and what it has cost."""

    used: int
    size: int
    cost: dict[str, Any]


class AgentCommand(TypedDict, total=False):
    """A command of an agent's own, as the Agent Client Protocol has it."""

    name: str
    description: str
    input: dict[str, Any] | None


class AgentChoice(TypedDict):
    """A value that an option can have; `kind`: of a mode, where the agent tells it."""

    value: str
    name: str
    description: NotRequired[str]
    kind: NotRequired[str]


class AgentOption(TypedDict):
    """What an agent lets its user choose. `category`: `mode`, `model`, … as the agent has it."""

    id: str
    name: str
    description: str
    category: str
    current: str
    choices: list[AgentChoice]


class AgentState(TypedDict, total=False):
    """What a session's backend said of itself: `backend.state` events, one over another.

    `agent` and `can`: what it is, and can do. `session_id`: the agent's own, of the session
    `owner`, made at `made`, whose last turn was `turn`; `imported`: where it came from. `starting`
    and `quiet`: what it waits for; `servers`: the MCP servers that a turn of no agent's waits for.
    `reasons`: why it can't do an action. `options`: see `sessions.api.agents.options_in`; `wanted`:
    what its user chose among them. `held`: why its mode is not the one that was chosen.
    `tokens_so_far`: of the whole conversation.
    """

    session_id: str
    owner: str
    made: float
    turn: int
    imported: str
    starting: str
    servers: str
    quiet: str
    reasons: dict[str, str]
    options: list[AgentOption]
    wanted: dict[str, str]
    held: str
    tokens_so_far: dict[str, int]
    context: ContextTaken
    commands: list[AgentCommand]
    mode: str
    modes: dict[str, Any]
    models: dict[str, Any]
    config_options: list[dict[str, Any]]
    plan: Any
    plan_removed: Any
    agent: dict[str, Any]
    can: dict[str, bool]
