"""What the commands of priming take and answer.

What stands in a journal of another version is answered as it was written.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from sessions.api.answers import Sent
from sessions.record.closed_sets import (
    ChosenBy,
    DrawnKind,
    DrawnSource,
    ParameterType,
    Preferred,
    PrimedOutcome,
)


class PrimingParameter(TypedDict):
    """A parameter of a kind. `shapes`: it changes what is drawn, not only what is made of it."""

    name: str
    type: ParameterType
    default: int | str | list[str]
    about: str
    low: int
    high: int
    choices: list[str]
    shapes: bool


class PrimingKindShown(TypedDict):
    """A way to bring in tokens from outside; `keep` items are asked for unless it is said."""

    name: DrawnKind
    title: str
    about: str
    parameters: list[PrimingParameter]
    needs_network: bool
    keep: int
    stages: list[str]


class PrimingWishes(TypedDict, total=False):
    """What a person set beside the draw; `without`: papers that were left out of it."""

    about: str
    terms: list[str] | str
    ban: list[str] | str
    keep: int
    without: list[str]


class PrimingFlag(TypedDict):
    """What a check found in an item; `code` for programs, `text` for people."""

    code: str
    text: str


class ItemExtras(TypedDict, total=False):
    """What an item may have besides; each only where the model gave it."""

    letter: str
    person: str
    concept: str
    domain: str
    handle: str
    confidence: str  # the model's own word; `sure` or `unsure` is what it was asked for
    mechanism: str
    test: str


_Cited = TypedDict("_Cited", {"from": "list[str]"}, total=False)


class PrimingItem(ItemExtras, _Cited):
    """A candidate. `leap`: 1 (near) to 5 (far); `p`: how likely it would have come up anyway;
    `from`: papers by their ids; `checked`: ticked to begin with."""

    id: str
    source: str
    term: str
    gloss: str
    why: str
    leap: int | None
    p: float | None
    kind: NotRequired[str]  # the model's own word; `known` or `coined` is what it was asked for
    flags: NotRequired[list[PrimingFlag]]
    checked: bool
    edited: NotRequired[bool]


class DrawnRow(TypedDict):
    """One line of a draw. `key` names what it stands for; `link` opens; `detail` is to be read."""

    key: str
    text: str
    detail: str
    link: str
    warning: str


class DrawnPaper(TypedDict):
    """A paper of a draw."""

    id: str
    title: str
    authors: list[str]
    abstract: str
    categories: list[str]
    primary_category: str
    published: str


class PrimingDraw(TypedDict):
    """What chance gave, and all that is needed to draw it again. `source`: where not chance."""

    id: str
    kind: DrawnKind
    seed: int
    params: dict[str, int | str | list[str]]
    draw: list[str | DrawnPaper]
    source: NotRequired[DrawnSource]
    notes: NotRequired[list[str]]


class ReadingCost(TypedDict):
    """Tokens that a reading takes; `usd` None where no price is known."""

    input: int
    output: int
    usd: float | None


class PrimingShown(PrimingDraw):
    """A draw and what was read in it; `where` papers came from, `remarks` on the reading."""

    rows: list[DrawnRow]
    where: str
    warnings: list[str]
    items: list[PrimingItem]
    remarks: list[str]
    estimate: ReadingCost | None
    """Of a new draw: what letting the model read it would take."""


class PrimingRead(PrimingShown):
    """What the model read in a draw, and at which stage."""

    stage: int


class PrimingGaugeSide(TypedDict):
    """Turns before or after a priming, measured; None where none was long enough."""

    turns: int
    new: float | None
    pull: float | None
    gravity: float | None


class PrimingUptake(TypedDict):
    """Of the injected items, how many were taken up."""

    taken: int
    of: int


class PrimingGauge(TypedDict, total=False):
    """The gauge before and after, with its word lists; empty until it was measured."""

    before: PrimingGaugeSide
    after: PrimingGaugeSide
    uptake: PrimingUptake
    taken_up: list[str]
    new_terms: list[str]
    echo_terms: list[str]
    enough: bool
    label: str


class PrimingInjection(TypedDict):
    """What went in, as which turn, and who chose it."""

    turn: int | None
    items: list[PrimingItem]
    by: ChosenBy


class PrimingPast(PrimingRead):
    """A priming of the past, and what came of it."""

    injected: list[PrimingInjection]
    gauge: PrimingGauge


class PrimingPreview(TypedDict):
    """What would be sent; `most`: tokens for which the model's window has room, 0 = not known."""

    text: str
    tokens: int
    usd: float | None
    most: int


class InjectionSent(Sent):
    """What was sent, and the `of` candidates that it was chosen from."""

    text: str
    of: int


class PrimingPrepared(TypedDict):
    """What goes before the session's next message."""

    id: str
    items: list[PrimingItem]
    of: int


class SessionPrimed(Sent, total=False):
    """What came of one of several sessions. `error`: why nothing was sent to it."""

    session: str
    seed: int
    items: int
    text: str
    of: int
    error: str


class ComparedShowing(TypedDict):
    """Two lists that were judged, by their arms, and the verdict."""

    first: str
    second: str
    answer: Preferred


class LedgerTally(TypedDict):
    """Primed against one other arm; `interval`: of the share of wins, in which it lies."""

    other: str
    wins: int
    ties: int
    losses: int
    interval: list[float]


class PrimingLedger(TypedDict):
    """All comparisons of one judge, in sentences; `unreadable` lines of the file."""

    facets: list[str]
    judge: str
    comparisons: int
    unreadable: int
    says: list[str]
    tallies: list[LedgerTally]


class PrimingJudged(TypedDict):
    """A comparison: two lists to judge without labels, or, after the last verdict, everything."""

    id: str
    question: str
    given: int
    of: int
    done: bool
    judge: str
    first: NotRequired[list[str]]
    second: NotRequired[list[str]]
    outcomes: NotRequired[dict[str, PrimedOutcome]]
    showings: NotRequired[list[ComparedShowing]]
    ideas: NotRequired[dict[str, list[str]]]
    ledger: NotRequired[PrimingLedger]


class ComparisonWaiting(TypedDict):
    """A comparison that was begun: so many verdicts are left."""

    id: str
    session: str
    left: int


class LostPriming(TypedDict):
    """A kind, or with `part` one of its parameters, that is known to lose, and `says` how."""

    kind: DrawnKind
    part: str
    says: str


class PrimingKnown(TypedDict):
    """What is known of primings for a session. `measured`: a sentence for each kind, and for
    `names ordinary`. `suggested`: the kind to draw next by the ledger of blind comparisons, with
    `params`, from so many `pairs`; "": nothing is suggested, and `says` why. `lost`: what is
    known to lose with this model; `begin`: by kind, parameters to begin with in place of defaults
    that lost."""

    model: str
    measured: dict[str, str]
    suggested: DrawnKind | Literal[""]
    params: dict[str, int | str | list[str]]
    says: str
    pairs: int
    lost: list[LostPriming]
    begin: dict[str, dict[str, int | str | list[str]]]


class DreamReceipts(TypedDict, total=False):
    """How a daydream came about."""

    priming: str
    kind: DrawnKind
    draw_seed: int
    params: dict[str, int | str | list[str]]
    seed: int
    prompt_sha256: str
    models: list[str]
    replies: list[str]


class DreamTold(TypedDict):
    """A connection that was found while idle. `marks` from 1 to 10, by the critic."""

    id: str
    at: str
    session: str
    pair: list[str]
    idea: str
    marks: dict[str, int]
    mean: float
    tokens: int
    usd: float
    receipts: DreamReceipts


class NightCost(TypedDict):
    """What all daydreams of a night took."""

    tokens: int
    usd: float
    dreamt: int


class Dreamt(DreamTold):
    """A daydream, and whether it was `kept` for the inbox."""

    kept: bool


class DreamWaiting(DreamTold):
    """The best of a night, and what the night cost."""

    night: str
    night_cost: NightCost


class DreamsWaiting(TypedDict):
    """Daydreams that wait, whether dreaming is on, and what a night may take."""

    enabled: bool
    budget_tokens: int
    waiting: list[DreamWaiting]
