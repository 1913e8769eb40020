"""What nests in events and in a session's summary, by its keys.

For the type checker, and as this version writes it: what a journal of another version has there
is read as it stands.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from sessions.record.closed_sets import DetailKind, OptionKind, Origin, QueueMode


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


class AskOption(TypedDict):
    """An answer to a request. `grant`: what holds for the session once it is chosen, `rule`: the
    id of the rule that is then written, `short`: its name in a few letters."""

    id: str
    name: str
    kind: OptionKind
    description: NotRequired[str]
    short: NotRequired[str]
    grant: NotRequired[dict[str, Any]]
    rule: NotRequired[str]


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
    form: list[dict[str, Any]]
    between: NotRequired[bool]


class SessionAbove(TypedDict):
    """The session that this one came from: forked at its event `seq`, or begun by its tool
    `call`; `by`: `agent`, where that leads it."""

    id: str
    seq: int
    call: NotRequired[str]
    by: NotRequired[str]


class ImportedFrom(TypedDict):
    """The conversation of another program that it was, and where that lies."""

    harness: str
    path: str
    id: str


class RetryWait(TypedDict):
    """A request that is made again, so many seconds after `at`."""

    kind: str
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
