"""Events → what a list, a status line and a tile's title need to know of a session.

Status is reduced from events alone; nothing is polled and no screen is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypedDict, cast

from sessions.record import codec, terminal_state
from sessions.record import events as ev
from sessions.record.closed_sets import Permission, SkillState, Status
from sessions.record.summary_parts import (
    AgentState,
    AnswerGoesTo,
    ImportedFrom,
    OwnBudget,
    PendingAsk,
    QueuedMessage,
    RetryWait,
    SessionAbove,
    TerminalState,
    WorktreeOf,
)
from sessions.safety.numbers_from_outside import MOST_USD, count

ENGINE_STOPPED = "The engine stopped."
ENGINE_ENDED = "The engine was stopped, which ended this turn."
DISK_ENDED = "The disk refused to record more, so the turn was ended."
_CUT_OFF = (ENGINE_STOPPED, ENGINE_ENDED, DISK_ENDED)
"""What ends a turn that nobody wanted ended."""
PUT_AWAY: frozenset[Status] = frozenset({"done", "failed", "cut-off"})
"""Ends of a turn that are put away when a person says that they were seen."""
# A turn that ended so waits for something other than its user.
_PAUSING = {"limit", "max_turns"}
SNIPPET = 200
"""Characters of what was said last."""


class SessionSummary(TypedDict):
    """A `Summary` as it goes over the socket."""

    id: str
    title: str
    status: Status
    backend: str
    model: str
    cwd: str
    profile: str
    permission: Permission
    created: str
    updated: str
    turns: int
    cost_usd: float | None
    tokens: dict[str, int]
    context_tokens: int
    seq: int
    parent: SessionAbove | None
    source: ImportedFrom | None
    run: str
    host: str
    archived: bool
    closed: bool
    aside: bool
    paused: str
    resume_at: str
    resume_s: float
    error: str
    unbegun: bool
    asks: list[PendingAsk]
    queue: list[QueuedMessage]
    skills: dict[str, SkillState]
    retry: RetryWait | None
    snippet: str
    about: str
    agent_title: str
    auto_title: str
    agent: AgentState
    repository: str
    branch: str
    worktree: WorktreeOf | None
    budget: OwnBudget
    tags: list[str]
    then: AnswerGoesTo
    terminal: TerminalState | None


@dataclass(slots=True)
class Summary:
    """What is known of one session without its transcript.

    `tokens` and `cost_usd` are sums over all turns (`cost_usd` is null when a price is
    unknown); `asks` are the permission requests that wait, oldest first; `retry` is the last
    `retry` event while it counts down; `snippet` is the end of the last thing said.
    """

    id: str
    title: str = ""
    status: Status = "idle"
    backend: str = ""
    model: str = ""
    cwd: str = ""
    profile: str = ""
    permission: Permission = "ask"
    created: str = ""
    updated: str = ""
    turns: int = 0
    cost_usd: float | None = None
    tokens: dict[str, int] = field(default_factory=dict)
    context_tokens: int = 0
    seq: int = 0
    parent: SessionAbove | None = None
    source: ImportedFrom | None = None
    run: str = ""
    """The run of a plan that made it."""
    host: str = ""
    """Where it lives, if not here: what is here is a mirror of its record."""
    archived: bool = False
    closed: bool = False
    """Not a tile of the deck any more; listed, searched and reopened like any other."""
    aside: bool = False
    paused: str = ""
    resume_at: str = ""
    """When it goes on by itself (UTC), where a long limit paused it."""
    resume_s: float = 0.0
    """The same as seconds from when it was paused, which no clock that is set changes."""
    error: str = ""
    unbegun: bool = False
    """A message is recorded, and its turn has not begun yet."""
    asks: list[PendingAsk] = field(default_factory=list)
    queue: list[QueuedMessage] = field(default_factory=list)
    skills: dict[str, SkillState] = field(default_factory=dict)
    retry: RetryWait | None = None
    snippet: str = ""
    about: str = ""
    """The beginning of the first message: it stands for a title that nobody gave."""
    agent_title: str = ""
    auto_title: str = ""
    """What it is called while its user gives it no title: see `sessions.record.names`."""
    agent: AgentState = field(default_factory=AgentState)
    repository: str = ""
    """What the repository of its worktree is called, and the branch there."""
    branch: str = ""
    worktree: WorktreeOf | None = None
    budget: OwnBudget = field(default_factory=OwnBudget)
    tags: list[str] = field(default_factory=list)
    """What its user groups it by."""
    then: AnswerGoesTo = field(default_factory=AnswerGoesTo)
    terminal: TerminalState | None = None
    """Of a session that is a terminal: see `sessions.record.terminal_state`."""

    @property
    def open(self) -> bool:
        """Whether the record is within a turn: with no engine at work, one that was cut off."""
        if self.terminal is not None:
            return bool(self.terminal["running"])
        return self.unbegun or self.status in ("working", "needs-you")

    def to_json(self) -> SessionSummary:
        """As it goes over the socket: a copy, what nests in it one level deep.

        `dataclasses.asdict` copies every depth and takes ten times as long, which a list of
        thousands of sessions would be held up by.
        """
        return cast("SessionSummary", self.part(self.__slots__))

    def part(self, names: Iterable[str]) -> ev.JSON:
        """These of its fields, as `to_json` has them."""
        told: ev.JSON = {name: getattr(self, name) for name in names}
        for name in _NESTED:
            if isinstance(value := told.get(name), (dict, list)):
                told[name] = value.copy()
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        """As it comes off the socket; unknown keys of a newer engine are dropped."""
        return cls(**{k: v for k, v in data.items() if k in _NAMES})


_NAMES = frozenset(Summary.__slots__)
_PLAIN = {"str", "int", "float", "float | None", "bool", "Status", "Permission"}
_NESTED = tuple(name for name, kind in Summary.__annotations__.items() if kind not in _PLAIN)
"""The fields that hold a dict or a list, or None."""


class Reducer:
    """Keeps a `Summary` up to date. `apply` says whether what a list shows has changed."""

    def __init__(self, session_id: str = "") -> None:
        self.summary = Summary(session_id)
        self.open_turn: int | None = None
        self._between: Status = "idle"
        """What the session was before somebody was asked something."""
        self._tail = ""
        self._primed = False
        """What it is about is a priming so far; the user's own words come."""

    def apply(self, event: ev.Event) -> bool:
        """Take one event in; True unless it was only more text."""
        summary = self.summary
        summary.seq = event.seq
        summary.updated = event.at
        if type(event) is ev.Text:
            self._tail = (self._tail + event.text)[-SNIPPET:]
            waited = summary.retry is not None
            summary.retry = None
            return waited
        handler = self._HANDLERS.get(type(event))
        if handler is None:
            return False
        handler(self, event)
        return True

    def _created(self, event: ev.SessionCreated) -> None:
        s = self.summary
        s.id, s.title, s.backend, s.model = event.id, event.title, event.backend, event.model
        s.cwd, s.profile, s.permission = event.cwd, event.profile, event.permission
        s.created, s.parent, s.source = event.at, event.parent, event.source
        s.run, s.host = event.run, event.host

    def _user(self, event: ev.UserMessage) -> None:
        self._tail = ""
        self.summary.snippet = event.text[-SNIPPET:]
        if not self.summary.about or self._primed:
            self._primed = event.origin == "priming"
            self.summary.about = event.text[:200]
        self.summary.turns = max(self.summary.turns, event.turn)
        self.summary.unbegun = self.open_turn is None

    def _started(self, event: ev.TurnStarted) -> None:
        self.open_turn = event.turn
        self.summary.unbegun = False
        self.summary.turns = max(self.summary.turns, event.turn)
        self.summary.status = "working"
        self.summary.error = self.summary.paused = self.summary.resume_at = ""
        self.summary.asks = []

    def _asked(self, event: ev.PermissionAsked) -> None:
        if self.summary.status != "needs-you":
            self._between = self.summary.status
        asked = cast("PendingAsk", codec.to_json(event))
        if self.open_turn is None:
            asked["between"] = True  # an agent asks while no turn runs
        self.summary.asks.append(asked)
        self.summary.status = "needs-you"

    def _answered(self, event: ev.PermissionAnswered) -> None:
        s = self.summary
        s.asks = [a for a in s.asks if a["ask"] != event.ask]
        if not s.asks and s.status == "needs-you":
            s.status = "working" if self.open_turn is not None else self._between

    def _retry(self, event: ev.Retry) -> None:
        self.summary.retry = {
            "kind": event.kind,
            "wait_s": event.wait_s,
            "attempt": event.attempt,
            "at": event.at,
        }

    def _ended(self, event: ev.TurnEnded) -> None:
        s = self.summary
        self.open_turn = None
        s.asks, s.retry, s.unbegun = [], None, False
        if self._tail:
            s.snippet = self._tail
        for key, spent in event.usage.items():
            s.tokens[key] = min(s.tokens.get(key, 0) + spent, ev.LARGEST)
        if event.cost_usd is not None:
            s.cost_usd = min((s.cost_usd or 0.0) + event.cost_usd, MOST_USD)
        if event.reason == "error":
            s.status = "failed"
        elif event.reason in _PAUSING:
            s.status, s.paused = "paused", event.detail or event.reason
            s.resume_at, s.resume_s = event.resume_at, _seconds(event.at, event.resume_at)
        elif event.reason == "interrupted" and event.detail in _CUT_OFF:
            s.status, s.error, s.paused = "cut-off", event.detail, ""
        elif event.reason == "interrupted":
            s.status = "idle"
        else:
            s.status = "done"

    def _error(self, event: ev.Error) -> None:
        self.summary.error = event.message
        if self.summary.terminal is None and event.turn is None and self.open_turn is None:
            self.summary.status = "failed"

    def _set(self, event: ev.SessionSet) -> None:
        s, changes = self.summary, event.changes
        if changes.get("backend", s.backend) != s.backend:
            s.agent = {}  # said by the one before, of itself
        for key in (
            "title",
            "agent_title",
            "auto_title",
            "backend",
            "model",
            "permission",
            "profile",
            "archived",
            "closed",
            "aside",
            "cwd",
            "then",
            "budget",
            "tags",
        ):
            if key in changes:
                setattr(s, key, changes[key])
        if changes.get("seen"):
            terminal_state.seen(s)
            if s.terminal is None and s.status in PUT_AWAY:
                s.status = "idle"
        if "paused" in changes:
            s.paused = str(changes["paused"] or "")
            s.resume_at = s.resume_at if s.paused else ""
            if self.open_turn is None:
                s.status = "paused" if s.paused else "idle"

    def _queue(self, event: ev.QueueSet) -> None:
        self.summary.queue = list(event.items)

    def _skill(self, event: ev.SkillSet) -> None:
        if event.state == "off":
            self.summary.skills.pop(event.name, None)
        else:
            self.summary.skills[event.name] = event.state

    def _backend(self, event: ev.BackendState) -> None:
        self.summary.agent.update(event.data)
        context = event.data.get("context")
        if isinstance(context, dict):
            self.summary.context_tokens = count(context.get("used")) or 0

    def _worktree(self, event: ev.WorktreeAdded) -> None:
        s = self.summary
        s.repository, s.branch = event.name, event.branch
        s.worktree = {
            "session": event.session,
            "path": event.path,
            "repository": event.repository,
            "base": event.base,
            "base_ref": event.base_ref,
        }

    def _landed(self, event: ev.WorktreeLanded) -> None:
        tree = self.summary.worktree
        if tree is not None and event.onto == tree["base_ref"]:
            self.summary.worktree = {**tree, "base": event.commit}

    def _discarded(self, event: ev.WorktreeDiscarded) -> None:
        if self.summary.worktree is not None:
            self.summary.worktree = {**self.summary.worktree, "kept": event.ref}

    def _restored(self, event: ev.WorktreeRestored) -> None:
        tree = self.summary.worktree
        if tree is not None:
            left = {k: v for k, v in tree.items() if k != "kept"}
            self.summary.worktree = cast("WorktreeOf", left)

    def _shortened(self, event: ev.ContextCompacted | ev.TurnUndone) -> None:
        """The server's count of the conversation does not hold any more."""
        s = self.summary
        s.context_tokens = 0
        if isinstance(event, ev.TurnUndone) and s.status == "cut-off":
            s.status = "idle"
        if isinstance(event, ev.TurnUndone) and s.resume_at and self.open_turn is None:
            s.status, s.paused, s.resume_at = "idle", "", ""

    def _terminal(
        self, event: ev.TerminalStarted | ev.TerminalEnded | ev.TerminalSaid | ev.ShellRan
    ) -> None:
        terminal_state.apply(self.summary, event)

    _HANDLERS: ClassVar[dict[type[ev.Event], Callable[[Any, Any], None]]] = {
        ev.SessionCreated: _created,
        ev.UserMessage: _user,
        ev.TurnStarted: _started,
        ev.PermissionAsked: _asked,
        ev.PermissionAnswered: _answered,
        ev.Retry: _retry,
        ev.TurnEnded: _ended,
        ev.Error: _error,
        ev.SessionSet: _set,
        ev.QueueSet: _queue,
        ev.SkillSet: _skill,
        ev.BackendState: _backend,
        ev.WorktreeAdded: _worktree,
        ev.WorktreeLanded: _landed,
        ev.WorktreeDiscarded: _discarded,
        ev.WorktreeRestored: _restored,
        ev.ContextCompacted: _shortened,
        ev.TurnUndone: _shortened,
        ev.TerminalStarted: _terminal,
        ev.TerminalEnded: _terminal,
        ev.TerminalSaid: _terminal,
        ev.ShellRan: _terminal,
    }


def _seconds(since: str, until: str) -> float:
    """Between two times as events carry them; 0 where there are none."""
    try:
        between = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, between.total_seconds())
