"""Events → the conversation as it is shown: a pure reducer.

A transcript is a list of blocks that only grows at its end; a later event may change a
block that stands already (a tool call gets its result, an undone turn is marked), and every
change raises that block's `version`. `apply` returns the block that changed, so that a view
redraws this one alone. Folding a journal gives the same blocks as having watched it live.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict, Unpack

from msgspec import UNSET

from sessions.paths import JOURNAL
from sessions.record import events as ev
from sessions.record.closed_sets import (
    BlockKind,
    BlockNotice,
    BlockStatus,
    Origin,
    Permission,
    SkillState,
    SkillUse,
    TurnReason,
)
from sessions.record.event_parts import CallLocation, FileMade, KeptFile, RecordFault, ResultFacts
from sessions.record.reread_text import PastText
from sessions.record.summary_parts import Attachment

_JOINED = 64
"""So many chunks of an answer are kept before they are joined to one."""
_NO_PARTS: list[str] = []
"""Of thousands of blocks that were put away; nothing is added to those."""
KEPT = 2**14
"""Characters of complete answers that are kept where their journal is known."""


class ShownChanges(TypedDict, total=False):
    """Changes of a session that are told where they happened."""

    backend: str
    model: str
    permission: Permission


class BlockData(TypedDict, total=False):
    """What a block shows besides its text, by what it is.

    `what`: of a notice; a `message`: `origin`, `attachments`; a tool call: `call` to `made`, with
    `ask` and `answer` where it was asked for; an error: `kind`, `hint`. `countdown`: set by
    whoever shows it, of a `retry`.
    """

    what: BlockNotice
    origin: Origin | Literal["steered"]
    attachments: list[Attachment]
    call: str
    name: str
    input: ev.JSON
    title: str
    kind: str
    locations: list[CallLocation]
    status: BlockStatus | str  # of a call that an agent gets on with: the agent's own word
    result: str
    path: str
    truncated: bool
    images: list[KeptFile]
    facts: ResultFacts
    made: list[FileMade]
    ask: ev.PermissionAsked
    answer: ev.PermissionAnswered
    hint: str
    wait_s: float
    attempt: int
    at: str
    countdown: str
    reason: TurnReason
    from_turn: int
    files: list[str]
    upto: int
    state: SkillState
    how: SkillUse
    id: str
    seed: int
    n: int
    gauge: ev.JSON
    changes: ShownChanges
    plan: object  # as the agent has it
    faults: list[RecordFault]
    raw: ev.JSON


@dataclass(slots=True)
class Block:
    """One piece of the conversation.

    `parts` are its text in
    order, the last of them as the chunks came; a view that draws what is new remembers how much
    of `size`, the characters of a `text` or `thinking` so far, it has drawn (`after`). `open`:
    more may come.
    """

    kind: BlockKind
    seq: int
    turn: int | None = None
    parts: list[str] = field(default_factory=list)
    data: BlockData = field(default_factory=BlockData)
    open: bool = False
    undone: bool = False
    last_seq: int = 0
    version: int = 0
    index: int = 0
    size: int = 0
    joined: int = 0
    past: PastText | None = None
    """Where its words are read, once they are put away."""
    ends: int = 0
    """How many ends of lines are in words that were put away."""

    def after(self, size: int) -> str:
        """The text behind its first `size` characters, at the cost of what is new alone."""
        if self.past is not None:
            return self.text[size:]
        missing, start = self.size - size, len(self.parts)
        while missing > 0 and start > 0:
            start -= 1
            missing -= len(self.parts[start])
        return "".join(self.parts[start:])[-missing if missing < 0 else 0 :]

    @property
    def text(self) -> str:
        """The whole text; read again from the journal where it was put away."""
        if self.past is not None:
            return self.past.of(self)
        if len(self.parts) > 1:
            return "".join(self.parts)
        return self.parts[0] if self.parts else ""

    def put_away(self, past: PastText) -> None:
        """Let go of its words: they are read from the journal when they are looked at."""
        self.ends = sum(part.count("\n") for part in self.parts)
        self.parts, self.joined, self.past = _NO_PARTS, 0, past

    @contextlib.contextmanager
    def at_hand(self, text: str) -> Iterator[None]:
        """Its words, which were read just now, are not read again meanwhile."""
        past, parts = self.past, self.parts
        self.past, self.parts = None, [text]
        try:
            yield
        finally:
            self.past, self.parts = past, parts


class Transcript:
    """Folds events into blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.last_seq = 0
        self.folder: Path | None = None
        """Where the session works, where that is known: what commands made lies there."""
        self.files: Path | None = None
        """The session's `files/`, where that is known: what is kept beside the record."""
        self._before = 0
        """The number of the event before the one that is taken in."""
        self._past: PastText | None = None
        self._recent: deque[Block] = deque()
        self._recent_size = 0
        self._calls: dict[str, Block] = {}
        self._latest_asked: int | None = None
        """The turn of the last message of the user's: another one in it was put into it."""
        self._asks: dict[str, Block] = {}
        self._primings: dict[tuple[str, str], Block] = {}

    @classmethod
    def of(cls, events: Iterable[ev.Event]) -> Transcript:
        """The transcript of a whole journal."""
        transcript = cls()
        for event in events:
            transcript.apply(event)
        return transcript

    def apply(self, event: ev.Event) -> Block | None:
        """Take one event in; return the block that it made or changed, if any."""
        seq = event.seq
        self._before = self.last_seq
        if seq > self.last_seq:
            self.last_seq = seq
        if type(event) is ev.Text:  # nearly all are
            block = self._stream("text", event)
        else:
            handler = self._HANDLERS.get(type(event))
            changed = handler(self, event) if handler is not None else None
            if changed is None:
                return None
            block = changed
        block.version += 1
        block.last_seq = seq
        return block

    # -- making blocks

    def texts(self) -> Iterator[str]:
        """The text of each block, in order: the journal is read once for all of them."""
        if self._past is None:
            return (block.text for block in self.blocks)
        return self._past.of_all(self.blocks)

    def _add(
        self, kind: BlockKind, event: ev.Event, text: str = "", /, **data: Unpack[BlockData]
    ) -> Block:
        self._close_last()
        if self.files is not None and self.blocks and self.blocks[-1].size:
            self._let_go(self.blocks[-1])
        block = Block(
            kind,
            event.seq,
            getattr(event, "turn", None),
            [text] if text else [],
            data,
            index=len(self.blocks),
        )
        self.blocks.append(block)
        return block

    def _let_go(self, block: Block) -> None:
        """An answer is complete: the words of those before it are put away, beyond some."""
        block.parts, block.joined = [block.text], 1
        self._recent.append(block)
        self._recent_size += block.size
        while self._recent_size > KEPT and len(self._recent) > 1:
            if self._past is None:
                journal = self.files.parent / JOURNAL if self.files is not None else None
                if journal is None or not journal.is_file():
                    return
                self._past = PastText(journal)
            old = self._recent.popleft()
            self._recent_size -= old.size
            old.put_away(self._past)

    def _close_last(self) -> None:
        if self.blocks and self.blocks[-1].open and self.blocks[-1].kind != "tool":
            last = self.blocks[-1]
            last.open = False
            last.version += 1

    def _notice(
        self, event: ev.Event, text: str, what: BlockNotice, /, **data: Unpack[BlockData]
    ) -> Block:
        data["what"] = what
        return self._add("notice", event, text, **data)

    def _stream(self, kind: BlockKind, event: ev.Text | ev.Thinking) -> Block:
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.kind != kind or not last.open or last.turn != event.turn:
            last = self._add(kind, event)
            last.open = True
            # An event may be many that were joined, and has the number of their last.
            last.seq = min(event.seq, self._before + 1)
        if text := event.text:
            parts = last.parts
            parts.append(text)
            last.size += len(text)
            if len(parts) - last.joined >= _JOINED:
                # A chunk of twenty characters takes eighty bytes, joined it takes twenty.
                parts[last.joined :] = ["".join(parts[last.joined :])]
                last.joined += 1
        return last

    # -- one handler per event type

    def _user(self, event: ev.UserMessage) -> Block:
        more: BlockData = {}  # of most there is nothing, and there are thousands
        if event.origin != "typed":
            within = event.origin == "queued" and event.turn == self._latest_asked
            more["origin"] = "steered" if within else event.origin
        self._latest_asked = event.turn
        if event.attachments:
            more["attachments"] = event.attachments
        return self._add("user", event, event.text, **more)

    def _thinking(self, event: ev.Thinking) -> Block:
        block = self._stream("thinking", event)
        if event.signature or event.redacted:
            block.open = False
        return block

    def _tool_call(self, event: ev.ToolCall) -> Block:
        block = self._calls.get(event.call)
        if block is None or not block.open or block.turn != event.turn:
            block = self._add("tool", event, call=event.call, status="running")
            block.open = True
            self._calls[event.call] = block
        block.data.update({"name": event.name, "input": event.input})
        if event.title:
            block.data["title"] = event.title
        if event.kind:
            block.data["kind"] = event.kind
        if event.locations:
            block.data["locations"] = event.locations
        return block

    def _tool_progress(self, event: ev.ToolProgress) -> Block | None:
        block = self._calls.get(event.call)
        if block is None:
            return None
        if event.text:
            block.parts.append(event.text)
        if event.title:
            block.data["title"] = event.title
        if event.status:
            block.data["status"] = event.status
        return block

    def _tool_result(self, event: ev.ToolResult) -> Block:
        block = self._calls.get(event.call)
        if block is None:  # a result whose call was lost
            block = self._add("tool", event, call=event.call, name="?", input={})
        block.open = False
        block.data.update(
            {
                "status": event.status,
                "result": event.content,
                "path": event.path,
                "truncated": event.truncated,
                "images": event.images,
                "facts": event.data,
            }
        )
        return block

    def _made(self, event: ev.FilesMade) -> Block | None:
        # It is looked for when no command runs: its turn may have ended long before.
        for block in reversed(self.blocks):
            if block.turn is not None and block.turn < event.turn:
                break
            same = block.kind == "tool" and block.data.get("call") == event.call
            if same and block.turn in (event.turn, None):
                block.data["made"] = event.files
                return block
        return None

    def _shell(self, event: ev.ShellRan) -> Block:
        return self._add(
            "tool",
            event,
            call=event.call,
            name="!",
            input={"command": event.command},
            status="unknown" if event.exit is None else "error" if event.exit else "ok",
            result=event.output,
            path=event.path,
            truncated=bool(event.path),
            facts={"exit_code": event.exit},
        )

    def _asked(self, event: ev.PermissionAsked) -> Block:
        block = self._calls.get(event.call)
        if block is None:
            block = self._add("tool", event, call=event.call, name=event.tool, input={})
            block.open = True
            self._calls[event.call] = block
        block.data["ask"] = event
        block.data["status"] = "asking"
        self._asks[event.ask] = block
        return block

    def _answered(self, event: ev.PermissionAnswered) -> Block | None:
        block = self._asks.pop(event.ask, None) or self._calls.get(event.call)
        if block is None:
            return None
        block.data["answer"] = event
        if block.open:
            block.data["status"] = "running" if event.allowed else "denied"
        return block

    def _retry(self, event: ev.Retry) -> Block:
        last = self.blocks[-1] if self.blocks else None
        if last and last.data.get("what") == "retry" and last.turn == event.turn:
            last.parts[:] = [event.message]
        else:
            last = self._notice(event, event.message, "retry")
        waits: BlockData = {"kind": event.kind, "wait_s": event.wait_s}
        last.data.update({**waits, "attempt": event.attempt, "at": event.at})
        return last

    def _ended(self, event: ev.TurnEnded) -> Block | None:
        self._close_last()
        for block in self._calls.values():
            if block.open and block.turn == event.turn:
                block.open = False
                block.data["status"] = "cancelled"
                block.version += 1
        self._calls.clear()
        self._asks.clear()
        if event.reason == "end_turn":
            return None
        return self._notice(event, event.detail, "ended", reason=event.reason)

    def _error(self, event: ev.Error) -> Block:
        return self._add("error", event, event.message, kind=event.kind, hint=event.hint)

    def _told(self, event: ev.Notice) -> Block:
        return self._notice(event, event.message, "told")

    def _refused(self, event: ev.ContextRefused) -> Block:
        pictures = "A picture" if len(event.paths) == 1 else f"{len(event.paths)} pictures"
        what = f"{pictures} can't" if event.what == "picture" else "Earlier thinking can't"
        text = f"{what} be shown to the model: {event.reason}."
        return self._notice(event, text, "told")

    def _undone(self, event: ev.TurnUndone) -> Block:
        for block in self.blocks:
            if block.turn is not None and block.turn >= event.turn and not block.undone:
                block.undone = True
                block.version += 1
        return self._notice(event, "", "undone", from_turn=event.turn, files=event.files)

    def _rewound(self, event: ev.FilesRewound) -> Block:
        block = self._notice(event, "", "rewound", from_turn=event.turn, files=event.files)
        block.turn = None  # said after the turn that it names, and no part of it
        return block

    def _compacted(self, event: ev.ContextCompacted) -> Block:
        return self._notice(event, event.summary, "compacted", upto=event.upto)

    def _skill_set(self, event: ev.SkillSet) -> Block:
        return self._notice(event, "", "skill", name=event.name, state=event.state)

    def _skill_used(self, event: ev.SkillUsed) -> Block:
        return self._notice(event, "", "skill-used", name=event.name, how=event.how)

    def _drawn(self, event: ev.PrimingDrawn) -> Block:
        return self._priming(event, "drawn", kind=event.kind, seed=event.seed, n=len(event.items))

    def _priming(
        self,
        event: ev.PrimingDrawn | ev.PrimingMeasured,
        what: Literal["drawn", "measured"],
        /,
        **data: Unpack[BlockData],
    ) -> Block:
        """One line for a draw and its reading, one for all readings of its gauge."""
        block = self._primings.get((what, event.id))
        if block is None:
            block = self._primings[what, event.id] = self._notice(event, "", what, id=event.id)
        block.data.update(data)
        return block

    def _injected(self, event: ev.PrimingInjected) -> Block:
        return self._notice(event, "", "injected", id=event.id, n=len(event.items))

    def _measured(self, event: ev.PrimingMeasured) -> Block:
        return self._priming(event, "measured", gauge=event.gauge)

    def _worktree(self, event: ev.WorktreeAdded) -> Block:
        since = event.base_ref.removeprefix("refs/heads/") or "a commit"
        told = [f"On branch {event.branch}, from {since} ({event.base[:10]}).", *event.notes]
        copied = [f"Copied: {', '.join(event.copied)}."] if event.copied else []
        return self._notice(event, "\n".join([*told, *copied]), "worktree")

    def _setup(self, event: ev.WorktreeSetup) -> Block:
        command = " ".join(event.argv)
        if not event.ended:
            return self._notice(event, f"The worktree is being made ready: {command}", "worktree")
        how = event.why or (f"exit code {event.exit_code}" if event.exit_code else "done")
        output = event.output if how != "done" else ""
        return self._notice(event, f"{command}: {how}\n{output}".strip(), "worktree")

    def _landed(self, event: ev.WorktreeLanded) -> Block:
        onto = event.onto.removeprefix("refs/heads/")
        many = f"{event.commits} commit{'' if event.commits == 1 else 's'}"
        told = f"Landed on {onto} ({event.how}, {many}): {event.commit[:10]}"
        return self._notice(event, told, "worktree")

    def _discarded(self, event: ev.WorktreeDiscarded) -> Block:
        return self._notice(event, f"The worktree was discarded; kept: {event.ref}", "worktree")

    def _restored(self, event: ev.WorktreeRestored) -> Block:
        return self._notice(event, f"The worktree is back, on {event.branch}", "worktree")

    def _taken_back(self, event: ev.ChangesTakenBack) -> Block:
        how = "Given back" if event.undone else "Taken back in review"
        return self._notice(event, f"{how}: {event.what or event.path}", "worktree")

    def _shared(self, event: ev.FileShared) -> Block:
        other = event.title or event.session
        if event.theirs:
            told = f"{event.path} was changed by {other}, in the same folder"
        else:
            told = f"{other} works with {event.path} too, and was told that it changed"
        return self._notice(event, told, "shared")

    def _byproduct(self, event: ev.Byproduct) -> Block:
        return self._notice(event, event.text, "byproduct", kind=event.kind, path=event.path)

    def _set(self, event: ev.SessionSet) -> Block | None:
        shown: ShownChanges = {}
        if event.backend is not UNSET:
            shown["backend"] = event.backend
        if event.model is not UNSET:
            shown["model"] = event.model
        if event.permission is not UNSET:
            shown["permission"] = event.permission
        return self._notice(event, "", "set", changes=shown) if shown else None

    def _backend(self, event: ev.BackendState) -> Block | None:
        plan = event.data.get("plan")
        return self._notice(event, "", "plan", plan=plan) if plan else None

    def _repaired(self, event: ev.JournalRepaired) -> Block:
        return self._notice(event, "", "repaired", faults=event.faults)

    def _unknown(self, event: ev.Unknown) -> Block:
        return self._notice(event, "", "unknown", name=event.name, raw=event.data)

    _HANDLERS: ClassVar[dict[type[ev.Event], Callable[[Any, Any], Block | None]]] = {
        ev.UserMessage: _user,
        ev.Thinking: _thinking,
        ev.ToolCall: _tool_call,
        ev.ToolProgress: _tool_progress,
        ev.ToolResult: _tool_result,
        ev.FilesMade: _made,
        ev.ShellRan: _shell,
        ev.PermissionAsked: _asked,
        ev.PermissionAnswered: _answered,
        ev.Retry: _retry,
        ev.TurnEnded: _ended,
        ev.Error: _error,
        ev.Notice: _told,
        ev.ContextRefused: _refused,
        ev.TurnUndone: _undone,
        ev.FilesRewound: _rewound,
        ev.ContextCompacted: _compacted,
        ev.SkillSet: _skill_set,
        ev.SkillUsed: _skill_used,
        ev.PrimingDrawn: _drawn,
        ev.PrimingInjected: _injected,
        ev.PrimingMeasured: _measured,
        ev.WorktreeAdded: _worktree,
        ev.WorktreeSetup: _setup,
        ev.WorktreeLanded: _landed,
        ev.WorktreeDiscarded: _discarded,
        ev.WorktreeRestored: _restored,
        ev.ChangesTakenBack: _taken_back,
        ev.FileShared: _shared,
        ev.Byproduct: _byproduct,
        ev.SessionSet: _set,
        ev.BackendState: _backend,
        ev.JournalRepaired: _repaired,
        ev.Unknown: _unknown,
    }
