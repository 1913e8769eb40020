"""What commands answer, where its keys are fixed.

A session's summary is `sessions.record.summary.SessionSummary`; an event goes as
`sessions.record.codec` writes it, and is `ev.JSON` in the commands.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from sessions.record.closed_sets import (
    BackendType,
    CallStatus,
    FilledBy,
    Origin,
    SettingKind,
    SpanKind,
    Status,
)
from sessions.record.summary_parts import SessionAbove, WorktreeOf


class Greeting(TypedDict):
    """Who answers: the engine's version, its process, and since when it runs."""

    version: str
    pid: int
    since: str


class HostState(TypedDict):
    """A machine of [hosts]. `why`: why it can't be reached, "" while it can; `came`, `sent`: bytes
    over the network since it was reached."""

    name: str
    version: str
    why: str
    sessions: int
    came: int
    sent: int


class EngineStatus(TypedDict):
    """The engine's process, what it has in memory and who is attached.

    `files`: descriptors that it holds; None where the system does not say.
    """

    pid: int
    socket: str
    version: str
    since: str
    sessions: int
    working: int
    clients: int
    tasks: int
    files: int | None
    files_limit: int | None


class SessionListed(TypedDict):
    """What a list of thousands shows of a session: a part of its summary, under the same names."""

    id: str
    title: str
    agent_title: str
    auto_title: str
    about: str
    status: Status
    backend: str
    model: str
    cwd: str
    created: str
    updated: str
    turns: int
    cost_usd: float | None
    tokens: dict[str, int]
    archived: bool
    closed: bool
    aside: bool
    snippet: str
    repository: str
    branch: str
    worktree: WorktreeOf | None
    parent: SessionAbove | None
    host: str


class Watched(TypedDict):
    """The last event that has been replayed; what is newer follows by itself."""

    last_seq: int


class Sent(TypedDict):
    """The turn that a message began, or the id by which it waits in the queue."""

    turn: NotRequired[int]
    queued: NotRequired[str]
    hidden: NotRequired[bool]
    """Words of it were keys, which are neither recorded nor sent."""


class BroadcastSent(Sent):
    """What became of one message to several sessions in one of them. `error`: "" where none."""

    session: str
    error: str


class Handed(TypedDict, total=False):
    """What became of an answer that was sent on."""

    to: str
    session: str
    turn: int
    queued: str
    hidden: bool
    error: str


class Begun(TypedDict):
    """The turn that began."""

    turn: int


class TurnShown(TypedDict):
    """One turn: the message that began it, the files that tools changed in it, its standing."""

    turn: int
    at: str
    text: str
    origin: Origin
    files: list[str]
    ended: bool
    undone: bool


class Restored(TypedDict):
    """Files that were put back, those that were removed again, and those left, each with why."""

    restored: list[str]
    removed: list[str]
    refused: list[tuple[str, str]]
    note: str


class Undone(TypedDict):
    """The turn to which a conversation went back; with its files, what became of them."""

    turn: int
    restored: NotRequired[list[str]]
    removed: NotRequired[list[str]]
    refused: NotRequired[list[tuple[str, str]]]
    note: NotRequired[str]


class McpServerState(TypedDict):
    """An MCP server for a session. `where`: its command or address, without its secrets."""

    name: str
    on: bool
    switched: bool
    where: str


class BackendListed(TypedDict):
    """A configured backend: whether it can be used here, and what to do where it can't."""

    name: str
    type: BackendType
    model: str
    ok: bool
    detail: str
    remedy: str
    default: bool
    capabilities: BackendAbilities


class BackendAbilities(TypedDict):
    """What a backend can do, as `sessions.backends.base.Capabilities` has it; `reasons`: why not,
    by name."""

    tools: bool
    images: bool
    thinking: bool
    steer: bool
    fork: bool
    models: bool
    own_tools: bool
    elsewhere: bool
    structured: bool
    trims: bool
    note: str
    reasons: dict[str, str]


class CompactionCost(TypedDict):
    """What a compaction will read, about; `usd` None where no price is known."""

    tokens: int
    usd: float | None


class ModelChoice(TypedDict):
    """A model of a backend. `context` and `max_output` in tokens, 0 where they are unknown."""

    id: str
    name: str
    context: int
    max_output: int


class SandboxState(TypedDict):
    """What contains commands here, and what to do where nothing does."""

    works: bool
    detail: str
    remedy: str


class SettingShown(TypedDict):
    """A key of the configuration; see `sessions.config.settings.Setting`."""

    keys: list[str]
    words: str
    kind: SettingKind
    value: str
    default: str
    source: str
    ours: bool
    choices: list[str]
    force: str


class SettingsSection(TypedDict):
    """A table of the configuration and its keys."""

    keys: list[str]
    words: str
    named: bool
    ours: bool
    settings: list[SettingShown]


class SettingsShown(TypedDict):
    """Every key of the configuration by section, and what is wrong with the file ("" = nothing)."""

    path: str
    sections: list[SettingsSection]
    fault: str


class SettingChanged(TypedDict):
    """Whether a setting was written; if not, what stands there `now`. `force`: since when it is."""

    written: bool
    now: str
    force: str


class ShellEnded(TypedDict):
    """How the user's own command ended."""

    exit: int
    seconds: float


class UsageRow(TypedDict):
    """What turns took that have something in common: those of the names that were asked for.

    `cost_usd` is None where no price is known of any of the turns, `unpriced` the turns without
    one; `cache_share`: of what went in, the part that came from the cache; `waited_s`: how long
    questions waited for a person; `title`: a session's.
    """

    day: NotRequired[str]
    model: NotRequired[str]
    backend: NotRequired[str]
    profile: NotRequired[str]
    session: NotRequired[str]
    title: NotRequired[str]
    turns: int
    input: int
    output: int
    cache_read: int
    cache_write: int
    cost_usd: float | None
    unpriced: int
    cache_share: float | None
    waited_s: float


class UsageShown(TypedDict):
    """Sums by what was asked for, and all of it together; `others`: the rows that `total` alone
    counts, since there were more than were asked for."""

    rows: list[UsageRow]
    total: UsageRow
    others: int


class TurnSpan(TypedDict):
    """A stretch of a turn, in seconds from its message on; see `sessions.record.timeline`."""

    kind: SpanKind
    name: str
    begin: float
    end: float
    about: str
    status: CallStatus | Literal[""]


class TurnTimeline(TypedDict):
    """Where a turn's time went: stretches in order, and seconds by kind."""

    turn: int
    at: str
    ended: bool
    seconds: float
    spans: list[TurnSpan]
    sums: dict[SpanKind, float]


class ContextFilled(TypedDict):
    """What the next request of a session carries, in tokens, about, by what they are of.

    `counted`: what the server counted last, 0 where it has not since; `window`: what the model
    takes, 0 = not known.
    """

    parts: dict[FilledBy, int]
    tokens: int
    counted: int
    window: int
