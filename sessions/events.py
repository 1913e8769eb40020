"""The vocabulary: every event type, written and read in this one place.

An event is one fact of one session, immutable, numbered (`seq`, from 1 without gaps) and
dated (`at`, UTC, milliseconds). Journal, engine, interface, export and harvest speak of
nothing else. Backends yield events that are not stamped yet (`seq == 0`); the journal
stamps them when it writes them.

Readers skip what they don't know: an unknown type becomes `Unknown` and is carried along,
unknown fields of a known type are dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

FORMAT = 1
"""The journal's format, carried by every `session.created`."""

JSON = dict[str, Any]

# Origins of a user message.
ORIGINS = ("typed", "queued", "broadcast", "priming", "skill", "harvest", "compare")
# Why a turn ended.
REASONS = (
    "end_turn",
    "max_tokens",
    "refusal",
    "interrupted",
    "error",
    "max_turns",
    "limit",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have. `seq` is 0 until the journal has written it."""

    type: ClassVar[str] = ""
    seq: int = 0
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(Event):
    """The first line of every journal."""

    type: ClassVar[str] = "session.created"
    id: str
    title: str = ""
    backend: str = ""
    model: str = ""
    cwd: str = ""
    profile: str = ""
    permission: str = "ask"
    parent: JSON | None = None
    """`{"id": …, "seq": …}`: the session that this one was forked from, up to that event."""
    source: JSON | None = None
    """`{"harness": …, "path": …}` of a conversation that was imported."""
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage(Event):
    """What was said to the model. `attachments`: `{"path", "media_type"}` under `files/`."""

    type: ClassVar[str] = "message.user"
    turn: int
    text: str
    origin: str = "typed"
    attachments: list[JSON] = field(default_factory=list)
    notes: list[JSON] = field(default_factory=list)
    """What the model is told before the text: `{"kind": "skills"|"skill", "name", "text"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """A turn has begun."""

    type: ClassVar[str] = "turn.started"
    turn: int
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Event):
    """A chunk of the answer, in order."""

    type: ClassVar[str] = "text"
    turn: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking(Event):
    """A chunk of the model's thinking. The last chunk of a block carries its signature."""

    type: ClassVar[str] = "thinking"
    turn: int
    text: str
    signature: str = ""
    redacted: str = ""
    """A block that came encrypted, to be sent back as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Event):
    """The model asks for a tool. Written and synced before the tool starts."""

    type: ClassVar[str] = "tool.call"
    turn: int
    call: str
    name: str
    input: JSON
    title: str = ""
    kind: str = ""
    """As in ACP: read, edit, delete, move, search, execute, think, fetch, other."""
    locations: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgress(Event):
    """What a running tool printed, or an agent said of it; for showing, not for the model."""

    type: ClassVar[str] = "tool.progress"
    turn: int
    call: str
    text: str = ""
    title: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAsked(Event):
    """A tool call waits for a person (or a rule)."""

    type: ClassVar[str] = "permission.asked"
    turn: int
    call: str
    ask: str
    """Names this request; the answer carries it."""
    tool: str = ""
    summary: str = ""
    """One line: what will happen."""
    detail: str = ""
    """Exactly what will happen: the command, the diff, the resolved path."""
    detail_kind: str = "text"
    """`command`, `diff`, `path`, `question` or `text`."""
    why: str = ""
    """Why it is asked rather than allowed."""
    options: list[JSON] = field(default_factory=list)
    """`{"id", "name", "kind"}`; kind: allow_once, allow_session, allow_always, reject_once, …

    With `grant` (`{"kind", "words"}`) what holds for the session once it is chosen, with `rule`
    the id of the rule that is then written. `short`: its name in a few letters.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAnswered(Event):
    """The decision. `decision` is an option's id (or `cancelled`), `by`: user, rule, mode.

    `rule`: the id of the rule that allowed it, or that this answer has made.
    """

    type: ClassVar[str] = "permission.answered"
    turn: int
    call: str
    ask: str = ""
    decision: str = ""
    allowed: bool = False
    by: str = "user"
    reason: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult(Event):
    """What a tool gave. `content` is what the model sees; `path` (under `files/`) holds all."""

    type: ClassVar[str] = "tool.result"
    turn: int
    call: str
    status: str
    """`ok`, `error`, `denied`, `cancelled` or `unknown` (the engine died while it ran)."""
    content: str = ""
    path: str = ""
    truncated: bool = False
    images: list[JSON] = field(default_factory=list)
    """`{"path", "media_type"}` under `files/`."""
    data: JSON = field(default_factory=dict)
    """Facts for harvest and display: `exit_code`, `diff`, `changed`, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanged(Event):
    """A tool changed a file; `before` (under `files/`, "" = did not exist) lets it be rewound."""

    type: ClassVar[str] = "file.changed"
    turn: int
    call: str
    path: str
    before: str = ""
    existed: bool = True
    after_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Event):
    """The backend will be asked again after `wait_s` seconds; nothing had been shown yet."""

    type: ClassVar[str] = "retry"
    turn: int
    kind: str
    wait_s: float
    attempt: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """A turn is over. `usage`: `input`, `output`, `cache_read`, `cache_write` in tokens."""

    type: ClassVar[str] = "turn.ended"
    turn: int
    reason: str
    usage: dict[str, int] = field(default_factory=dict)
    cost_usd: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Event):
    """Something went wrong; `message` says what and why, `hint` what to do."""

    type: ClassVar[str] = "error"
    turn: int | None = None
    kind: str = "error"
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillSet(Event):
    """A skill was switched: `on`, `name-only`, `manual` or `off`."""

    type: ClassVar[str] = "skill.set"
    name: str
    state: str
    path: str = ""
    sha256: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillUsed(Event):
    """A skill's text went to the model; `how`: `tool`, `user` or `manual`."""

    type: ClassVar[str] = "skill.used"
    name: str
    how: str
    turn: int | None = None
    path: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimingDrawn(Event):
    """A draw and what was read in it. `draw` alone replays: same seed and params, same draw."""

    type: ClassVar[str] = "priming.drawn"
    id: str
    kind: str
    seed: int
    params: JSON = field(default_factory=dict)
    draw: Any = None
    items: list[JSON] = field(default_factory=list)
    data: JSON = field(default_factory=dict)
    """`model`, `prompt_sha256`, `reply`, `usage`, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimingInjected(Event):
    """What was chosen went into the session, as the user turn `turn`."""

    type: ClassVar[str] = "priming.injected"
    id: str
    items: list[JSON] = field(default_factory=list)
    turn: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimingMeasured(Event):
    """The gauge before and after a priming."""

    type: ClassVar[str] = "priming.measured"
    id: str
    turn: int | None = None
    gauge: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimingCompared(Event):
    """A blind comparison of a priming is over; written only after its last verdict."""

    type: ClassVar[str] = "priming.compared"
    id: str
    """The priming's."""
    outcomes: JSON = field(default_factory=dict)
    """Per other arm: `win`, `tie` or `loss` of the primed one."""
    judge: str = "user"
    record: JSON = field(default_factory=dict)
    """Messages, replies, ideas, showings and verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSet(Event):
    """What changed of the session: `title`, `model`, `permission`, `archived`, `seen`, …

    On disk the changes stand beside `type`, as DESIGN 6.4 has it.
    """

    type: ClassVar[str] = "session.set"
    changes: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSet(Event):
    """The whole queue after a change: `{"id", "text", "origin", "mode"}`; mode: queue, steer."""

    type: ClassVar[str] = "queue.set"
    items: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnUndone(Event):
    """From `turn` on, nothing is part of the conversation any more; the record keeps it."""

    type: ClassVar[str] = "turn.undone"
    turn: int
    files: list[str] = field(default_factory=list)
    """Files that were put back, if that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRewound(Event):
    """Files were put back to what they were before `turn`; the conversation stands."""

    type: ClassVar[str] = "files.rewound"
    turn: int
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextCompacted(Event):
    """Everything up to event `upto` is told to the model by `summary` from here on."""

    type: ClassVar[str] = "context.compacted"
    upto: int
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Byproduct(Event):
    """Something that can live outside the session, marked or found."""

    type: ClassVar[str] = "byproduct"
    kind: str
    path: str = ""
    text: str = ""
    origin: JSON = field(default_factory=dict)
    """`{"turn", "seq"}`; written as `from`."""
    signals: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendState(Event):
    """What the backend said of itself: its own session id, modes, commands, plan, …"""

    type: ClassVar[str] = "backend.state"
    data: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRepaired(Event):
    """A fault of the record was found at opening and set apart: `{"line", "bytes", "why"}`."""

    type: ClassVar[str] = "journal.repaired"
    faults: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Event):
    """An event of a type that this version does not know; carried along, shown raw."""

    type: ClassVar[str] = "unknown"
    name: str
    data: JSON = field(default_factory=dict)


_TYPES: dict[str, type[Event]] = {
    cls.type: cls for cls in Event.__subclasses__() if cls is not Unknown
}
_FIELDS: dict[type[Event], tuple[str, ...]] = {}
# Python names that are words of the language, and what they are called on disk.
_RENAMED = {"origin": "from"}


def _plain_fields(cls: type[Event]) -> tuple[str, ...]:
    found = _FIELDS.get(cls)
    if found is None:
        found = tuple(f.name for f in fields(cls) if f.name not in ("seq", "at"))
        _FIELDS[cls] = found
    return found


_KINDS: dict[type[Event], dict[str, tuple[tuple[type, ...], type | None]]] = {}
_NAMED: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "JSON": (dict,),
    "dict": (dict,),
    "list": (list,),
    "None": (type(None),),
    "Any": (object,),
}


def _kinds(cls: type[Event]) -> dict[str, tuple[tuple[type, ...], type | None]]:
    """Of each field: the types that its value may have, and the type of what is in it."""
    found = _KINDS.get(cls)
    if found is None:
        found = {}
        for each in fields(cls):
            words = str(each.type).split(" | ")
            kinds = tuple(k for word in words for k in _NAMED.get(word.split("[")[0], (object,)))
            inner = words[0].partition("[")[2].rstrip("]").rpartition(", ")[2]
            found[each.name] = (kinds, _NAMED.get(inner, (object,))[0] if inner else None)
        _KINDS[cls] = found
    return found


def _fits(value: Any, kinds: tuple[type, ...], inner: type | None) -> bool:
    """Whether a value that came from outside is what the field says."""
    if not isinstance(value, kinds) or ((value is True or value is False) and bool not in kinds):
        return object in kinds
    if inner is not None and isinstance(value, list | dict):
        entries = value.values() if isinstance(value, dict) else value
        return all(isinstance(entry, inner) for entry in entries)
    return not isinstance(value, int) or -_LARGEST <= value <= _LARGEST


_LARGEST = 2**53  # beyond it, JSON's readers do not agree on a number


def to_json(event: Event) -> JSON:
    """The event as the JSON object that stands in the journal."""
    if isinstance(event, Unknown):
        return {"seq": event.seq, "at": event.at, "type": event.name, **event.data}
    head: JSON = {"seq": event.seq, "at": event.at, "type": event.type}
    if isinstance(event, SessionSet):
        return {**event.changes, **head} | head
    for name in _plain_fields(type(event)):
        key = _RENAMED[name] if name == "origin" and type(event) is Byproduct else name
        head[key] = getattr(event, name)
    return head


def from_json(data: Mapping[str, Any]) -> Event:
    """Read an event; one of an unknown type becomes `Unknown`.

    Raises:
        ValueError: it has no type, or a known type's field is missing or not what it must be.
    """
    name = data.get("type")
    if not isinstance(name, str):
        raise ValueError("an event without a type")
    seq, at = data.get("seq", 0), data.get("at", "")
    if type(seq) is not int or not 0 <= seq <= _LARGEST or not isinstance(at, str):
        raise ValueError("seq must be a number and at a string")
    cls = _TYPES.get(name)
    rest = {k: v for k, v in data.items() if k not in ("seq", "at", "type")}
    if cls is None:
        return Unknown(seq=seq, at=at, name=name, data=rest)
    if cls is SessionSet:
        return SessionSet(seq=seq, at=at, changes=rest)
    if cls is Byproduct and "from" in rest:
        rest["origin"] = rest.pop("from")
    known = {k: rest[k] for k in _plain_fields(cls) if k in rest}
    for key, value in known.items():
        if not _fits(value, *_kinds(cls)[key]):
            raise ValueError(f"{name}: {key} is {type(value).__name__}")
    try:
        return cls(seq=seq, at=at, **known)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def encode(data: JSON) -> bytes:
    """One line of ASCII JSON, newline included. A lone surrogate survives, as an escape."""
    return _encode(data).encode("ascii") + b"\n"


E = TypeVar("E", bound=Event)


def stamp(event: E, seq: int, at: str | None = None) -> E:
    """The same event with its number and date."""
    return replace(event, seq=seq, at=at or now())


def now() -> str:
    """The time as events carry it: UTC, milliseconds, `Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
