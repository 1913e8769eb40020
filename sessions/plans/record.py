"""The vocabulary of a run: every decision is an event in the run's own journal.

`state` folds them, `store` keeps them. What a version does not know of them it skips.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from sessions.api.notices import RunEventTold
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.plans.model import RunEnd, TryState
    from sessions.record.closed_sets import TaskNoteKind
else:
    # A word that this version does not know is read, and written back.
    TryState = RunEnd = TaskNoteKind = str


class RunEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", omit_defaults=True):
    """What all events have. `seq` is 0 until the store has written it."""

    type: ClassVar[str] = ""
    seq: int = 0
    at: str = ""


class Created(RunEvent, frozen=True, kw_only=True, tag="run.created"):
    """A run begins; the plan's text stands beside its journal."""

    id: str
    title: str = ""
    folder: str = ""
    name: str = ""
    seed: int = 0
    parallel: int = 0
    usd: float = 0.0
    tokens: int = 0
    hours: float = 0.0
    until: float = 0.0
    """No task starts after that: seconds since 1970, 0 = no limit."""
    not_before: float = 0.0
    note: str = ""
    """What is to be known of its beginning: that it was due before."""


class Expanded(RunEvent, frozen=True, kw_only=True, tag="task.expanded"):
    """What a task is done for is known; `fault`: why it can't be."""

    task: str
    items: list[ev.JSON] | None = None
    """None: it is done once."""
    fault: str = ""


class Started(RunEvent, frozen=True, kw_only=True, tag="unit.started"):
    """A session is about to be made; so much is set aside for it."""

    unit: str
    attempt: int
    session: str
    usd: float = 0.0
    tokens: int = 0


class Spent(RunEvent, frozen=True, kw_only=True, tag="unit.spent"):
    """What a session has taken so far, all its turns together. `usd` None: no price is known."""

    unit: str
    session: str
    usd: float | None = None
    tokens: int = 0
    model: str = ""


class Checked(RunEvent, frozen=True, kw_only=True, tag="unit.checked"):
    """A check ran."""

    unit: str
    attempt: int
    ok: bool
    argv: list[str]
    code: int | None = None
    output: str = ""
    seconds: float = 0.0


class Waiting(RunEvent, frozen=True, kw_only=True, tag="unit.waiting"):
    """A session waits for a person; others go on."""

    unit: str
    what: str = ""


class Going(RunEvent, frozen=True, kw_only=True, tag="unit.going"):
    """It was answered."""

    unit: str


class Note(RunEvent, frozen=True, kw_only=True, tag="unit.note"):
    """Something was done about a session."""

    unit: str
    kind: TaskNoteKind
    text: str = ""


class Given(RunEvent, frozen=True, kw_only=True, tag="task.given"):
    """A person hands an answer to a task that has not begun: its sessions are told it first.

    `task`: a task's name, or one of its many.
    """

    task: str
    text: str
    session: str = ""
    """Whose answer it is."""


class Ended(RunEvent, frozen=True, kw_only=True, tag="unit.ended"):
    """A try is over; unknown: its effects are, again: another follows.

    `counts`: it was one of the task's tries.
    """

    unit: str
    attempt: int
    state: TryState
    why: str = ""
    answer: str = ""
    files: list[str] = msgspec.field(default_factory=list)
    diff: str = ""
    counts: bool = True
    evidence: str = ""
    session: str = ""
    """Whose work it is, where that is another's: the one that a judge picked."""
    branch: str = ""
    """Of its worktree, and the commit at its end, if it had one."""
    commit: str = ""
    receipts: list[str] = msgspec.field(default_factory=list)
    """What was drawn for it."""


class Skipped(RunEvent, frozen=True, kw_only=True, tag="unit.skipped"):
    """A person takes it out of the run; what needs it goes on without it."""

    unit: str


class Retried(RunEvent, frozen=True, kw_only=True, tag="unit.retried"):
    """A person lets it be tried again, with all its tries."""

    unit: str


class Set(RunEvent, frozen=True, kw_only=True, tag="run.set"):
    """Limits of the run were changed; what is None stays."""

    parallel: int | None = None
    usd: float | None = None
    tokens: int | None = None
    hours: float | None = None
    until: float | None = None


class Added(RunEvent, frozen=True, kw_only=True, tag="task.added"):
    """A task was added while it runs: the table as TOML."""

    text: str


class Paused(RunEvent, frozen=True, kw_only=True, tag="run.paused"):
    """No task starts; those that work go on to their end."""

    why: str = ""


class Resumed(RunEvent, frozen=True, kw_only=True, tag="run.resumed"):
    """It goes on."""


class Held(RunEvent, frozen=True, kw_only=True, tag="credential.held"):
    """A quota or a server keeps the starts of one credential back until then."""

    credential: str
    until: float
    why: str = ""


class Stopped(RunEvent, frozen=True, kw_only=True, tag="run.stopped"):
    """A person ends it."""


class Over(RunEvent, frozen=True, kw_only=True, tag="run.ended"):
    """Nothing is left to do."""

    state: RunEnd


TYPES: dict[str, type[RunEvent]] = {
    str(cls.__struct_config__.tag): cls for cls in RunEvent.__subclasses__()
}
for _name, _cls in TYPES.items():
    _cls.type = _name

_ANY: Any = (
    Created | Expanded | Started | Spent | Checked | Waiting | Going | Note | Ended | Skipped
    | Retried | Set | Added | Given | Paused | Resumed | Held | Stopped | Over
)  # fmt: skip
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_ANY)
_encoder = msgspec.json.Encoder()


def decode(line: bytes) -> RunEvent | None:
    """One line; None for a type that this version does not know. Raises ValueError."""
    try:
        event: RunEvent = _decoder.decode(line)
    except msgspec.ValidationError:
        data = msgspec.json.decode(line)
        if isinstance(data, dict) and data.get("type") not in TYPES:
            return None
        raise
    return event


def known(told: Mapping[str, object]) -> RunEvent | None:
    """As an interface was told it; None for one that this version does not know."""
    try:
        event: RunEvent = msgspec.convert(told, _ANY)
    except msgspec.ValidationError:
        return None
    return event


def encode(event: RunEvent) -> bytes:
    """Its line in the journal, newline included."""
    return _encoder.encode(event) + b"\n"


def to_json(event: RunEvent) -> RunEventTold:
    """As an interface gets it."""
    told: RunEventTold = msgspec.to_builtins(event)
    return told
