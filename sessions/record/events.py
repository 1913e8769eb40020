"""The vocabulary: every event type.

An event is one fact of one session, immutable, numbered (`seq`, from 1 without gaps) and dated
(`at`, UTC, milliseconds). Journal, engine, interface, export and harvest speak of nothing else.
Backends yield events that are not stamped yet (`seq == 0`); the journal stamps them when it writes
them. `sessions.record.codec` writes and reads them.

An event of an unknown type becomes `Unknown`, unknown fields of a known type stand in `extra`:
both survive a read and a rewrite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from sessions.record.event import JSON, MORE, Event, Int
from sessions.record.times import now as now
from sessions.record.times import told as told
from sessions.safety.numbers_from_outside import LARGEST as LARGEST

FORMAT = 1
"""The journal's format, carried by every `session.created`."""

if TYPE_CHECKING:
    from sessions.errors import ErrorKind, FaultKind
    from sessions.record.closed_sets import (
        AnsweredBy,
        ByproductKind,
        CallKind,
        CallStatus,
        ChosenBy,
        DetailKind,
        DrawnKind,
        LandedHow,
        NoticeKind,
        Origin,
        Permission,
        RefusedPart,
        Said,
        SkillState,
        SkillUse,
        TurnReason,
    )
    from sessions.record.event_parts import (
        CallLocation,
        DrawnFacts,
        FileMade,
        KeptFile,
        MessageNote,
        RecordFault,
        ResultFacts,
    )
    from sessions.record.summary_parts import (
        AgentState,
        AnswerGoesTo,
        AskOption,
        Attachment,
        FormField,
        ImportedFrom,
        OwnBudget,
        QueuedMessage,
        SessionAbove,
    )
else:
    AgentState = AnswerGoesTo = AskOption = Attachment = FormField = ImportedFrom = JSON
    OwnBudget = QueuedMessage = SessionAbove = JSON
    CallLocation = DrawnFacts = FileMade = MessageNote = RecordFault = ResultFacts = KeptFile = JSON
    # A word that this version does not know is read, and written back.
    AnsweredBy = ByproductKind = CallKind = CallStatus = ChosenBy = DetailKind = str
    DrawnKind = ErrorKind = FaultKind = LandedHow = Origin = Permission = str
    RefusedPart = Said = SkillState = SkillUse = NoticeKind = TurnReason = str


class SessionCreated(Event, frozen=True, kw_only=True, tag="session.created"):
    """The first line of every journal."""

    id: str
    title: str = ""
    backend: str = ""
    model: str = ""
    cwd: str = ""
    profile: str = ""
    permission: Permission = "ask"
    parent: SessionAbove | None = None
    source: ImportedFrom | None = None
    run: str = ""
    """The run of a plan that made it."""
    host: str = ""
    """Where it lives, of a mirror of a session that lives elsewhere; "" of all others."""
    format: Int = FORMAT


class UserMessage(Event, frozen=True, kw_only=True, tag="message.user"):
    """What was said to the model."""

    turn: Int
    text: str
    origin: Origin = "typed"
    attachments: list[Attachment] = msgspec.field(default_factory=list)
    notes: list[MessageNote] = msgspec.field(default_factory=list)
    """What the model is told before the text."""


class TurnStarted(Event, frozen=True, kw_only=True, tag="turn.started"):
    """A turn has begun."""

    turn: Int
    model: str = ""


class Text(Event, frozen=True, kw_only=True, tag="text"):
    """A chunk of the answer, in order."""

    turn: Int
    text: str


class Thinking(Event, frozen=True, kw_only=True, tag="thinking"):
    """A chunk of the model's thinking. The last chunk of a block carries its signature."""

    turn: Int
    text: str
    signature: str = ""
    redacted: str = ""
    """A block that came encrypted, to be sent back as it is."""
    by: str = ""
    """Of such a block: the API and the server that it is of (`responses api.openai.com`), which
    alone is sent it; empty = the Messages API."""


class ToolCall(Event, frozen=True, kw_only=True, tag="tool.call"):
    """The model asks for a tool. Written and synced before the tool starts."""

    turn: Int
    call: str
    name: str
    input: JSON
    title: str = ""
    kind: CallKind = ""
    locations: list[CallLocation] = msgspec.field(default_factory=list)
    malformed: bool = False
    """It came broken and was not run: `input` has what came, and no server is sent it as a call."""


class ToolProgress(Event, frozen=True, kw_only=True, tag="tool.progress"):
    """What a running tool printed, or an agent said of it; for showing, not for the model."""

    turn: Int
    call: str
    text: str = ""
    title: str = ""
    status: str = ""


class PermissionAsked(Event, frozen=True, kw_only=True, tag="permission.asked"):
    """A tool call waits for a person (or a rule)."""

    turn: Int
    call: str
    ask: str
    """Names this request; the answer carries it."""
    tool: str = ""
    summary: str = ""
    """One line: what will happen."""
    detail: str = ""
    """Exactly what will happen: the command, the diff, the resolved path."""
    detail_kind: DetailKind = "text"
    why: str = ""
    """Why it is asked rather than allowed."""
    options: list[AskOption] = msgspec.field(default_factory=list)
    """An answer of the kind `form` brings what was entered into `form`."""
    form: list[FormField] = msgspec.field(default_factory=list)


class PermissionAnswered(Event, frozen=True, kw_only=True, tag="permission.answered"):
    """The decision. `decision` is an option's id (or `cancelled`), `by`: user, rule, mode.

    `rule`: the id of the rule that allowed it, or that this answer has made; `content`: the form.
    """

    turn: Int
    call: str
    ask: str = ""
    decision: str = ""
    allowed: bool = False
    by: AnsweredBy = "user"
    reason: str = ""
    rule: str = ""
    content: JSON = msgspec.field(default_factory=dict)


class ToolResult(Event, frozen=True, kw_only=True, tag="tool.result"):
    """What a tool gave. `content` is what the model sees; `path` (under `files/`) holds all."""

    turn: Int
    call: str
    status: CallStatus
    content: str = ""
    path: str = ""
    truncated: bool = False
    images: list[KeptFile] = msgspec.field(default_factory=list)
    data: ResultFacts = msgspec.field(default_factory=ResultFacts)
    """Facts for harvest and display."""


class FileChanged(Event, frozen=True, kw_only=True, tag="file.changed"):
    """A tool changed a file; `before` (under `files/`, "" = did not exist) lets it be rewound."""

    turn: Int
    call: str
    path: str
    before: str = ""
    existed: bool = True
    after_sha256: str = ""


class ShellRan(Event, frozen=True, kw_only=True, tag="shell.ran"):
    """The user's own command has run, outside any turn; `path` (under `files/`) holds all of it."""

    command: str
    exit: Int | None = 0  # None: a terminal's shell did not say
    output: str = ""
    seconds: float = 0.0
    path: str = ""

    @property
    def call(self) -> str:
        """Names it where calls are named: in a transcript, and in what it made."""
        return f"shell-{self.seq}"


class FilesMade(Event, frozen=True, kw_only=True, tag="files.made"):
    """Files that appeared or changed while the command of `call` ran: told after its result."""

    turn: Int
    call: str
    files: list[FileMade] = msgspec.field(default_factory=list)
    more: Int = 0


class Retry(Event, frozen=True, kw_only=True, tag="retry"):
    """The backend will be asked again after `wait_s` seconds; nothing had been shown yet."""

    turn: Int
    kind: FaultKind
    wait_s: float
    attempt: Int
    message: str = ""


class TurnEnded(Event, frozen=True, kw_only=True, tag="turn.ended"):
    """A turn is over. `usage`: `input`, `output`, `cache_read`, `cache_write` in tokens."""

    turn: Int
    reason: TurnReason
    usage: dict[str, Int] = msgspec.field(default_factory=dict)
    cost_usd: float | None = None
    detail: str = ""
    resume_at: str = ""
    """Of one that a long limit ended (`limit`): when it goes on by itself, as `at` is told."""


class Error(Event, frozen=True, kw_only=True, tag="error"):
    """Something went wrong; `message` says what and why, `hint` what to do."""

    turn: Int | None = None
    kind: ErrorKind = "error"
    message: str = ""
    hint: str = ""


class ContextRefused(Event, frozen=True, kw_only=True, tag="context.refused"):
    """A part of the conversation that no server will take; it is not sent any more."""

    turn: Int | None = None
    what: RefusedPart = "picture"
    """Of the thinking all up to here."""
    paths: list[str] = msgspec.field(default_factory=list)
    """Of pictures, under `files/`."""
    reason: str = ""
    every: bool = False
    """The model takes none at all; another one may."""


class Notice(Event, frozen=True, kw_only=True, tag="notice"):
    """Something that the user shall know and that is no fault."""

    turn: Int | None = None
    kind: NoticeKind = ""
    message: str = ""


class SkillSet(Event, frozen=True, kw_only=True, tag="skill.set"):
    """A skill was switched."""

    name: str
    state: SkillState
    path: str = ""
    sha256: str = ""
    description: str = ""


class SkillUsed(Event, frozen=True, kw_only=True, tag="skill.used"):
    """A skill's text went to the model."""

    name: str
    how: SkillUse
    turn: Int | None = None
    path: str = ""
    sha256: str = ""


class PrimingDrawn(Event, frozen=True, kw_only=True, tag="priming.drawn"):
    """A draw and what was read in it. `draw` alone replays: same seed and params, same draw."""

    id: str
    kind: DrawnKind
    seed: Int
    params: JSON = msgspec.field(default_factory=dict)
    draw: Any = None
    items: list[JSON] = msgspec.field(default_factory=list)
    data: DrawnFacts = msgspec.field(default_factory=DrawnFacts)


class PrimingInjected(Event, frozen=True, kw_only=True, tag="priming.injected"):
    """What was chosen went into the session, as the user turn `turn`."""

    id: str
    items: list[JSON] = msgspec.field(default_factory=list)
    turn: Int | None = None
    text: str = ""
    by: ChosenBy = ""
    """Who chose; `deck`: sent as it had ticked them."""


class PrimingMeasured(Event, frozen=True, kw_only=True, tag="priming.measured"):
    """The gauge before and after a priming."""

    id: str
    turn: Int | None = None
    gauge: JSON = msgspec.field(default_factory=dict)


class PrimingCompared(Event, frozen=True, kw_only=True, tag="priming.compared"):
    """A blind comparison of a priming is over; written only after its last verdict."""

    id: str
    """The priming's."""
    outcomes: JSON = msgspec.field(default_factory=dict)
    """Per other arm: `win`, `tie` or `loss` of the primed one."""
    judge: str = "user"
    record: JSON = msgspec.field(default_factory=dict)
    """Messages, replies, ideas, showings and verdicts."""


class SessionSet(Event, frozen=True, kw_only=True, tag="session.set"):
    """What changed of the session: `changes`, which stand beside `type` on disk (DESIGN 6.4)."""

    title: str | UnsetType = UNSET
    backend: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    permission: Permission | UnsetType = UNSET
    cwd: str | UnsetType = UNSET
    agent_title: str | UnsetType = UNSET
    """What an agent calls its session."""
    auto_title: str | UnsetType = UNSET
    """What agentdeck calls it while nobody else has given it a title."""
    paused: str | UnsetType = UNSET
    """Why it waits; empty: it goes on."""
    archived: bool | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    aside: bool | UnsetType = UNSET
    seen: bool | UnsetType = UNSET
    mcp: dict[str, bool] | UnsetType = UNSET
    """Servers that were switched on or off."""
    budget: OwnBudget | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    """What the user groups it by."""
    then: AnswerGoesTo | UnsetType = UNSET
    """Where its answer goes when it is done; `{}`: nowhere."""

    @property
    def changes(self) -> JSON:
        """The changes by name, those that this version does not know too."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        del said["seq"], said["at"]
        return {k: v for k, v in said.items() if v is not UNSET} | self.extra


class QueueSet(Event, frozen=True, kw_only=True, tag="queue.set"):
    """The whole queue after a change."""

    items: list[QueuedMessage] = msgspec.field(default_factory=list)


class TurnUndone(Event, frozen=True, kw_only=True, tag="turn.undone"):
    """From `turn` on, nothing is part of the conversation any more; the record keeps it."""

    turn: Int
    files: list[str] = msgspec.field(default_factory=list)
    """Files that were put back, if that was asked for."""


class FilesRewound(Event, frozen=True, kw_only=True, tag="files.rewound"):
    """Files were put back to what they were before `turn`; the conversation stands."""

    turn: Int
    files: list[str] = msgspec.field(default_factory=list)


class ContextCompacted(Event, frozen=True, kw_only=True, tag="context.compacted"):
    """Everything up to event `upto` is told to the model by `summary` from here on."""

    upto: Int
    summary: str


class WorktreeAdded(Event, frozen=True, kw_only=True, tag="worktree.added"):
    """A session has a git worktree of its own, on a branch that began at the commit `base`."""

    session: str
    """Whose it is: a fork that has the same past has not the same worktree."""
    path: str
    repository: str = ""
    """The git folder that all worktrees of the repository share."""
    name: str = ""
    """What the repository is called."""
    branch: str = ""
    base: str = ""
    base_ref: str = ""
    """The branch (`refs/heads/…`) that the base was named by, or ""."""
    copied: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    """What is worth telling of it: submodules that are empty, a file that was not copied."""


class WorktreeSetup(Event, frozen=True, kw_only=True, tag="worktree.setup"):
    """The configured command that makes a worktree ready: it began, or it has ended."""

    argv: list[str]
    ended: bool = False
    exit_code: Int = 0
    """Negative: the signal that ended it."""
    output: str = ""
    why: str = ""
    """What kept it from its own end, or ""."""


class WorktreeLanded(Event, frozen=True, kw_only=True, tag="worktree.landed"):
    """A session's branch was brought into another; the session goes on from there."""

    onto: str
    """A full ref."""
    how: LandedHow
    commit: str
    """Where both are now; `before`: where the other one was."""
    before: str = ""
    commits: Int = 0


class WorktreeDiscarded(Event, frozen=True, kw_only=True, tag="worktree.discarded"):
    """A session's worktree and branch are gone; all that they held is the commit under `ref`."""

    ref: str
    commit: str
    branch: str = ""
    path: str = ""
    ignored: Int = 0
    """Files and folders that git ignores, which are not kept."""


class WorktreeRestored(Event, frozen=True, kw_only=True, tag="worktree.restored"):
    """A discarded worktree is back as it was."""

    branch: str = ""
    path: str = ""
    commit: str = ""


class ChangesTakenBack(Event, frozen=True, kw_only=True, tag="changes.taken_back"):
    """The user took a change of the session's back in review, or (`undone`) gave it back."""

    path: str
    what: str = ""
    """The file, or the file and the lines of a hunk."""
    undone: bool = False


class FileShared(Event, frozen=True, kw_only=True, tag="file.shared"):
    """A file that two sessions work with was changed; both are told. `session`: the other one."""

    path: str
    session: str
    title: str = ""
    theirs: bool = False
    """The other one changed it; else this one did."""


class Byproduct(Event, frozen=True, kw_only=True, tag="byproduct"):
    """Something that can live outside the session, marked or found."""

    kind: ByproductKind
    path: str = ""
    text: str = ""
    origin: JSON = msgspec.field(default_factory=dict, name="from")
    """`{"turn", "seq"}`; written as `from`."""
    signals: JSON = msgspec.field(default_factory=dict)


class TerminalStarted(Event, frozen=True, kw_only=True, tag="terminal.started"):
    """A program runs on a terminal of the session's own (again, where it had ended)."""

    argv: list[str]
    shell: bool = False
    """The user's own login shell."""
    columns: Int = 80
    rows: Int = 24
    keys: bool = False
    """Its environment is the user's whole one, keys included."""
    record: bool = True
    """What it shows is recorded."""


class TerminalEnded(Event, frozen=True, kw_only=True, tag="terminal.ended"):
    """It has ended, and all that it had started with it."""

    code: Int | None = None
    """Negative: the signal that ended it; None: not known."""
    why: str = ""
    """What ended it, if not the program itself."""


class TerminalSaid(Event, frozen=True, kw_only=True, tag="terminal.said"):
    """What a program on the terminal says of itself (`agentdeck notify`, a notice of its own)."""

    state: Said = ""
    message: str = ""


class BackendState(Event, frozen=True, kw_only=True, tag="backend.state"):
    """What the backend said of itself: its own session id, modes, commands, plan, …"""

    data: AgentState = msgspec.field(default_factory=AgentState)


class JournalRepaired(Event, frozen=True, kw_only=True, tag="journal.repaired"):
    """A fault of the record was found at opening and set apart."""

    faults: list[RecordFault] = msgspec.field(default_factory=list)


class Unknown(Event, frozen=True, kw_only=True, tag="unknown"):
    """An event of a type that this version does not know; carried along, shown raw."""

    name: str
    data: JSON = msgspec.field(default_factory=dict)


TYPES: dict[str, type[Event]] = {
    str(cls.__struct_config__.tag): cls for cls in Event.__subclasses__() if cls is not Unknown
}
"""All that this version knows, by what they are called on disk."""
for _name, _cls in TYPES.items():
    _cls.type = _name

E = TypeVar("E", bound=Event)
_replace = msgspec.structs.replace


def stamp(event: E, seq: int, at: str | None = None) -> E:
    """The same event with its number and date."""
    return replace(event, seq=seq, at=at or now())


def replace(event: E, **changes: Any) -> E:
    """The same event with other values; what this version does not know of it is kept."""
    after = _replace(event, **changes)
    if (more := getattr(event, MORE, None)) is not None:
        after.__dict__[MORE] = more
    return after
