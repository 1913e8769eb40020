"""What the commands of harvest take and answer."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from sessions.record.closed_sets import ByproductKind, MergedHow, RevisedBy, SpanOf, TurnReason
from skills.shapes import SkillNoteKind


class ByproductOrigin(TypedDict, total=False):
    """Where a byproduct comes from: a session, and a turn and an event of it."""

    session: str
    turn: int
    seq: int


class ByproductSignals(TypedDict, total=False):
    """What is known of a byproduct without asking a model; see `sessions.harvest.byproducts`.

    `files`: what stands beside a skill's SKILL.md, by path; `made`: by a command, its text on
    disk; `name`: what a tool's picture or file is called, which lies under `files/` by its
    content; `asked`: the beginning of the message that it is an answer to; `printed`: the end of
    what its last good run printed; `failed_as`: of a run that failed, the command and its output's
    end; `input`: a script that ran read it, and it is on disk.
    """

    ran: bool
    passed: bool
    kept: bool
    exact: bool
    made: bool
    input: bool
    marked: bool
    copied: bool
    interrupted: bool
    failed: bool
    count: int
    times: int
    sessions: int
    uptake: int
    led_to: int
    reused_in: int
    run_seq: int
    size: int
    sha256: str
    name: str
    file: str
    command: str
    asked: str
    printed: str
    given: str
    priming: str
    failed_as: list[str]
    files: dict[str, str]


_From = TypedDict("_From", {"from": "ByproductOrigin"})


class HarvestItem(_From):
    """A byproduct; `text` has it whole, or is "" where it lies on disk. `weight`: for sorting."""

    id: str
    kind: ByproductKind
    text: str
    path: str
    language: str
    signals: ByproductSignals
    weight: NotRequired[int]


class HarvestSpan(TypedDict):
    """Sessions that belong together: of a `day`, or those of a `run` that did what they were to."""

    kind: SpanOf
    name: str
    sessions: list[str]


class DraftLineShown(TypedDict):
    """A line of SKILL.md. `receipt`: a byproduct's id, `model`, or "" where it is structure."""

    text: str
    receipt: str


class DraftReceipt(_From, total=False):
    """A byproduct that went into a draft."""

    kind: ByproductKind
    signals: ByproductSignals


class DraftRound(TypedDict, total=False):
    """A revision of a draft: by whom, what was wished, and what it changed."""

    at: str
    by: RevisedBy
    wish: str
    how: MergedHow
    into: str
    kept: str
    diff: str
    three_way: str
    added: list[str]


class DraftConflict(TypedDict):
    """A place that the user and the draft both changed. `name`: a file's, or "" for the text."""

    name: str
    yours: str
    draft: str


class PairSideShown(TypedDict):
    """One of the two sessions of a paired run, not saying which had the skill."""

    session: str
    ended: bool
    passed: bool
    reason: TurnReason | Literal[""]
    turns: int
    calls: int
    failed_calls: int
    tokens: int
    cost_usd: float | None


class PairToDecide(TypedDict):
    """The next pair of `of`; `done`: both have ended, so that it can be decided."""

    name: str
    prompt: str
    done: bool
    sides: list[PairSideShown]
    number: int
    of: int


class _Finding(TypedDict, total=False):
    false: str


class CheckFinding(_Finding, total=False):
    """What a check found: a rule with its line, a message on which the skill does not fire
    (`missed`) or fires falsely (`false`), a script that was run again, a side of a pair."""

    rule: str
    line: int | None
    message: str
    remedy: str
    kind: SkillNoteKind
    context: str
    missed: str
    file: str
    command: str
    ran: bool
    same: bool
    why: str
    exit_code: int | None
    recorded_exit_code: int | None
    output: str
    recorded: str
    as_it_is_today: list[str]
    other_lines_before: int
    session: str
    ended: bool
    passed: bool
    reason: TurnReason | Literal[""]
    turns: int
    calls: int
    failed_calls: int
    tokens: int
    cost_usd: float | None


class CheckShown(TypedDict):
    """A check of a draft. `passed` None: it could not be told."""

    name: str
    passed: bool | None
    detail: str
    findings: list[CheckFinding]
    cost: str


class PairDecided(TypedDict):
    """What follows a choice: the `next` pair, or after the last the `check` that tells all."""

    next: PairToDecide | None
    check: CheckShown | None


class NeighbourShown(TypedDict):
    """A skill near a draft, alike from 0 to 1; `parts`: the draft's files that it has."""

    name: str
    path: str
    name_likeness: float
    text_likeness: float
    code_likeness: float
    offer: MergedHow
    parts: list[str]


class DraftShown(TypedDict):
    """A draft of a skill: its text with receipts, its files, what was hidden in it and checked."""

    name: str
    path: str
    description: str
    skill_md: str
    files: dict[str, int]
    lines: list[DraftLineShown]
    receipts: dict[str, DraftReceipt]
    flags: list[str]
    redactions: dict[str, int]
    changed_files: list[str]
    rounds: list[DraftRound]
    version: int
    into: str
    conflicts: list[DraftConflict]
    checks: list[CheckShown]


class DraftChecked(TypedDict):
    """Checks of a draft, and skills that are near."""

    checks: list[CheckShown]
    neighbours: list[NeighbourShown]


class SkillUses(TypedDict):
    """How often a skill was used, in how many sessions, how often it helped, when last."""

    name: str
    used: int
    sessions: int
    helped: int
    last: str
    idle: bool


class SkillKept(TypedDict):
    """A skill of mine in use: how often and by whom it was opened, and what is to be said of it."""

    name: str
    used: int
    by_model: int
    by_user: int
    helped: int
    sessions: int
    offered: int
    """Messages that it was switched on for."""
    last: str
    says: list[str]
    """What wants a look, in words; empty where nothing does."""
    messages: list[str]
    """Messages that say so."""


class SkillPutAway(TypedDict):
    """A skill that was put away, and when."""

    name: str
    at: str
