"""The closed sets of the vocabulary: every word that a status, a mode, a reason … can be.

For the type checker an event's field is one of these. A journal of an older or newer version may
hold another word: it is read as it stands and survives, so whoever looks for a word has a last
`else` for one that it does not know. What comes from outside is made one of them by `one_of`.
What an error can be of stands with the errors (`sessions.errors`).
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, get_args

Status = Literal[
    "working", "needs-you", "done", "idle", "failed", "paused", "cut-off", "offline",
    "unknown",
]  # fmt: skip
"""What a session is doing, as it is shown."""
Permission = Literal["read-only", "ask", "edit", "full"]
"""What a session may do unasked, least first."""
Origin = Literal[
    "typed", "queued", "broadcast", "priming", "skill", "harvest", "compare", "plan",
    "handed",  # an answer of another session, sent on by the user
    "session",  # another session sent it by itself
]  # fmt: skip
"""Where a message comes from."""
NoteKind = Literal[
    "skills",
    "skill",
    "session",
    "shell",
    "files",
    "worktree",
    "review",
    "priming",
    "harvest",
    "plan",
]
"""What the model is told of before a message; skills: which there are, skill: the text of one."""
QueueMode = Literal["queue", "steer"]
"""A turn of its own, or into the turn that runs, at its next step."""
TurnReason = Literal[
    "end_turn", "max_tokens", "refusal", "interrupted", "error", "max_turns", "limit"
]
"""Why a turn ended."""
CallStatus = Literal["ok", "error", "denied", "cancelled", "unknown"]
"""How a tool call ended; unknown: the engine died while it ran."""
BlockKind = Literal["user", "text", "thinking", "tool", "notice", "error"]
"""What a block of a transcript is."""
NoticeTopic = Literal[
    "aside", "basket", "cluster", "config", "daydream", "disk", "files", "handed", "harvest",
    "host", "index", "index failed", "plan", "skills", "watch", "worktree",
]  # fmt: skip
"""What the engine tells every interface of, beside sessions."""
FileStatus = Literal[
    "added", "deleted", "renamed", "copied", "type", "mode", "modified", "untracked"
]
"""What became of a file in a change; type: a link became a file, or the like."""
ProgressState = Literal["normal", "error", "unknown", "paused"]
"""How a program on a terminal says that it gets on."""
RevisedBy = Literal["user", "model", "merge", "split"]
"""Who changed a draft of a skill."""
Said = Literal["", "needs-you", "done", "working", "idle", "failed"]
"""What a program on a terminal says that it is; "": words alone."""
TreeState = Literal["clean", "changed", "kept", "partial", "missing", "broken", "cut-off"]
"""How a worktree stands, or what is kept of one."""
RunState = Literal["done", "failed", "person", "stopped", "paused", "needs-you", "held", "working"]
"""How a run of a plan stands; person: somebody has to look at what became of it."""
TaskNoteKind = Literal["repair", "stall", "denied", "critic", "judge", "wait", "left"]
"""What was done about a session of a run; left: what its worktree still holds."""
SettingKind = Literal[
    "switch", "choice", "whole", "number", "text", "words", "pairs", "secret", "key", "rule"
]
"""What a key of the configuration takes."""
BlockStatus = Literal["running", "asking", "ok", "error", "denied", "cancelled", "unknown"]
"""How a tool call stands, as it is shown; an agent may have another word while one runs."""
BlockNotice = Literal[
    "retry", "ended", "told", "undone", "rewound", "compacted", "skill", "skill-used", "drawn",
    "injected", "measured", "worktree", "shared", "byproduct", "set", "plan", "repaired", "unknown",
]  # fmt: skip
"""What a notice in a transcript is of."""
CallKind = Literal[
    "",
    "read",
    "edit",
    "delete",
    "move",
    "search",
    "execute",
    "think",
    "fetch",
    "switch_mode",
    "other",
]
"""What a tool does, as the Agent Client Protocol has it."""
DetailKind = Literal["command", "diff", "path", "question", "text"]
"""What the detail of a permission request is."""
AnsweredBy = Literal["user", "rule", "mode"]
"""Who decided on a permission request."""
OptionKind = Literal[
    "allow_once", "allow_session", "allow_always", "reject_once", "reject_always", "choice", "form"
]
"""What choosing an answer to a permission request means."""
FieldKind = Literal["text", "integer", "number", "yes-no", "choice", "choices"]
"""What a field of a form takes."""
FilledBy = Literal[
    "system", "tools", "skills", "files", "primings", "results", "conversation", "agent"
]
"""What a part of the context is of; tools: what is said of them, results: their calls and what
came of these, agent: what an agent has of its own."""
SpanKind = Literal["model", "tool", "person", "wait"]
"""What a stretch of a turn went to; wait: a limit, a busy server, its place among the turns."""
SkillState = Literal["on", "name-only", "manual", "off"]
"""How a skill is switched in a session."""
SkillScope = Literal["project", "mine", "home", "configured", "bundled"]
SkillTrust = Literal["bundled", "reviewed", "new", "changed", "folder"]
SkillUse = Literal["tool", "user", "manual"]
"""Who had a skill's text go to the model."""
ChosenBy = Literal["", "user", "deck", "nobody"]
"""Who chose what a priming sends; "": not known."""
DrawnKind = Literal["acronym", "names", "arxiv", "terms"]
"""What a priming draws: letter sets, people, papers, words."""
DrawnSource = Literal["chance", "network", "cache", "earlier", "bundled", "daydream"]
"""Where a draw is from; chance: by a seed alone."""
ParameterType = Literal["int", "text", "choice", "words"]
"""What a parameter of a priming is."""
Preferred = Literal["first", "second", "tie"]
"""Which of two without labels is better."""
PrimedOutcome = Literal["win", "tie", "loss"]
"""Of the primed answer against another one."""
ByproductKind = Literal[
    "code", "file", "picture", "skill", "command", "text", "term", "question", "correction"
]
"""What a session left behind; text: marked or taken over, correction: said by its user."""
MergedHow = Literal["update", "extend", "split"]
"""How a draft goes into a skill that is near."""
SignInKind = Literal["agent", "terminal", "variable"]
"""How one signs in to an agent: there, by a command, or by variables of the environment."""
BackendType = Literal["anthropic", "openai", "local", "acp"]
"""What speaks to a model, or to an agent that has one."""
WantKind = Literal[
    "question", "needs-you", "failed", "limit", "cut-off", "done", "harvest", "dream"
]
LandedHow = Literal["rebase", "squash", "merge"]
"""How a branch was brought into another."""
NoticeKind = Literal["", "priming", "terminal", "handed", "compaction", "agent", "agent_mode"]
"""What a notice in a session is of."""
GrantKind = Literal["argv", "prefix", "edits", "read", "write", "tool"]
"""What is allowed for one session: see `sessions.tools.grants`."""
RuleKind = Literal["argv", "prefix", "tool"]
"""What a rule allows: these words, all that begin with them, a tool without words."""
Effort = Literal["", "low", "medium", "high", "xhigh", "max"]
"""How hard a model that can think shall try; "": as it does by itself."""
RefusedPart = Literal["picture", "thinking"]
"""What a server will not take of a conversation."""
UnitState = Literal["pending", "running", "waiting", "done", "failed", "unknown", "skipped"]
"""How a task of a plan, or one of its many, stands."""

TaskState = Literal[UnitState, "blocked"]
"""How a task of a plan stands, all its units together; blocked: what it needs was not done."""
StagedHow = Literal["", "part", "all"]
"""How much of a change git's index holds."""
BroughtKind = Literal["record", "made"]
"""What a file that comes back of a task is: kept by its session, or made in its folder."""
KeptOf = Literal["yours", "draft", "both"]
"""What stays of a place that its user and a draft of a skill have both changed."""
UsageBy = Literal["day", "model", "backend", "profile", "session"]
"""What turns have in common whose usage is summed up."""
RunEventType = Literal[
    "run.created", "run.set", "run.paused", "run.resumed", "run.stopped", "run.ended",
    "task.added", "task.expanded", "task.given",
    "unit.started", "unit.spent", "unit.checked", "unit.waiting", "unit.going", "unit.note",
    "unit.ended", "unit.skipped", "unit.retried",
    "credential.held",
]  # fmt: skip
"""What happened in a run of a plan."""
SpanOf = Literal["day", "run"]
"""By what sessions belong together that are harvested at once."""
ReadHow = Literal["json", "part", "lines", "none"]
"""How items were read out of a reply; part: of JSON that was cut off, lines: of prose."""

T = TypeVar("T")


STATUSES: tuple[Status, ...] = get_args(Status)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
BY_A_PERSON: tuple[Origin, ...] = ("typed", "queued", "broadcast")
"""Where a message comes from that somebody wrote."""
WENT_THROUGH: tuple[TurnReason, ...] = ("end_turn", "max_tokens")
"""How a turn ends whose answer stands."""
SAID: tuple[Said, ...] = ("needs-you", "done", "working", "idle", "failed")
"""What a program on a terminal may say that it is (`agentdeck notify`)."""


def one_of(closed: type[T] | Any, word: object, other: T) -> T:
    """A word from outside as one of a closed set, `other` where it is none."""
    return cast("T", word) if word in get_args(closed) else other
