"""What the ledger knows of each part of a priming, and which draw that speaks for.

A part (facet) is a kind, its stage, month, field or people; for whom: the session's model and
profile. Fewer than `ENOUGH` decided pairs against the sham say nothing, and nothing is suggested
from them. What lost is not suggested and stands last, but stays: it may have been the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sessions.priming.kinds import KINDS
from sessions.priming.ledger import ENOUGH, Tally
from sessions.priming.model import JSON, Draw
from sessions.priming.rng import Stream
from sessions.record.closed_sets import PrimedOutcome, one_of

FACETS = ("stage", "who", "month", "category", "field")
"""Parameters whose values are counted each by itself, in the order in which they are told."""
_MOST_TOLD = 6
UNKNOWN = "unknown"
"""The kind of a comparison that was judged before kinds were kept: counted, never suggested."""


def facets_of(drawn: Draw, stage: int = 0) -> dict[str, str]:
    """The facets of a draw, as the ledger keeps them."""
    found: dict[str, str] = {"kind": drawn.kind}
    for name in FACETS:
        value = str(drawn.params.get(name) or "")
        if value and KINDS[drawn.kind].takes(name):
            found[name] = value
    if stage:
        found["stage"] = str(stage)
    return found


@dataclass(frozen=True, slots=True)
class ShamPair:
    """One comparison against the sham: of what, for whom, and what came out."""

    facets: Mapping[str, str]
    outcome: PrimedOutcome
    model: str = ""
    profile: str = ""
    taken: int = 0
    """How many of the items the primed reply took up."""
    of: int = 0


def pair_of(record: JSON) -> ShamPair | None:
    """The pair of a ledger's line, of an unknown kind where it was written before facets were;
    None where it tells no outcome against the sham.
    """
    facts, outcomes = record.get("facts"), record.get("outcomes")
    told = outcomes.get("sham") if isinstance(outcomes, dict) else None
    outcome: PrimedOutcome | None = one_of(PrimedOutcome, told, None)
    if outcome is None:
        return None
    facets = facts.get("facets") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(facets, dict) or "kind" not in facets:
        return ShamPair({"kind": UNKNOWN}, outcome)
    numbers = (facts.get("taken"), facts.get("of"))
    taken, of = (n if isinstance(n, int) else 0 for n in numbers)
    return ShamPair(
        {str(k): str(v) for k, v in facets.items()},
        outcome,
        str(facts.get("model", "")),
        str(facts.get("profile", "")),
        taken,
        of,
    )


@dataclass(frozen=True, slots=True)
class FacetTally:
    """How one facet did against the sham."""

    name: str
    value: str
    kind: str
    tally: Tally
    taken: int = 0
    of: int = 0

    @property
    def known(self) -> bool:
        """Whether there are pairs enough to say anything."""
        return self.tally.known

    @property
    def ahead(self) -> bool:
        """Whether it won more than by chance."""
        return self.tally.ahead

    @property
    def behind(self) -> bool:
        """Whether it lost more than by chance."""
        return self.tally.behind

    @property
    def title(self) -> str:
        """`names`, or `names, stage 2`."""
        if self.kind == UNKNOWN:
            return "unknown kind (judged before kinds were kept)"
        return self.kind if self.name == "kind" else f"{self.kind}, {self.name} {self.value}"

    @property
    def says(self) -> str:
        """In a sentence, what was taken up included."""
        uptake = f" Taken up: {self.taken} of {self.of}." if self.of else ""
        return f"{self.title}: {self.tally.says}{uptake}"


def tallies(pairs: Iterable[ShamPair]) -> list[FacetTally]:
    """Every kind and every facet of it; the kinds first, those with more pairs before others."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for pair in pairs:
        kind = pair.facets["kind"]
        for name, value in pair.facets.items():
            row = counts.setdefault((kind, name, value), [0, 0, 0, 0, 0])
            row[("win", "tie", "loss").index(pair.outcome)] += 1
            row[3] += pair.taken
            row[4] += pair.of
    found = [
        FacetTally(name, value, kind, Tally("sham", *row[:3]), row[3], row[4])
        for (kind, name, value), row in counts.items()
    ]
    order = ("kind", *FACETS)
    found.sort(key=lambda f: (order.index(f.name) if f.name in order else 9, -f.tally.decided))
    return found


@dataclass(frozen=True, slots=True)
class DrawSuggestion:
    """What to draw next, or why nothing is suggested."""

    says: str
    kind: str = ""
    """ "": nothing is suggested."""
    params: JSON = field(default_factory=dict)
    pairs: int = 0
    """From how many decided pairs."""


def for_whom(
    pairs: Sequence[ShamPair], model: str, profile: str = ""
) -> tuple[list[ShamPair], str]:
    """The pairs that tell of a session: of its model and profile, its model, else of all.

    Only so narrow as there is a kind with pairs enough; and in words whose they are.
    """
    own = [pair for pair in pairs if pair.model == model and pair.facets["kind"] in KINDS]
    narrow = [pair for pair in own if pair.profile == profile]
    for found, whose in ((narrow, f"with {model} as {profile}"), (own, f"with {model}")):
        if (profile or found is own) and any(t.known for t in tallies(found)):
            return found, whose
    return list(pairs), "with all models"


def suggest(pairs: Sequence[ShamPair], model: str, profile: str = "") -> DrawSuggestion:
    """The next draw for a session; the same until the ledger grows."""
    mine, whose = for_whom(pairs, model, profile)
    found = [t for t in tallies(mine) if t.name == "kind" and t.kind in KINDS]
    known = [t for t in found if t.known]
    if not known:
        most = max((t.tally.decided for t in found), default=0)
        return DrawSuggestion(
            f"No suggestion: no kind has {ENOUGH} decided pairs against the sham yet "
            f"(the most: {most})."
        )
    behind = [t for t in known if t.behind]
    ahead = max((t for t in known if t.ahead), key=lambda t: t.tally.interval[0], default=None)
    if ahead is not None:
        params, more = _best_facets(mine, ahead.kind)
        pairs_ = ahead.tally.decided
        return DrawSuggestion(
            f"Suggested: {ahead.kind}{more}, which won {ahead.tally.wins} of {pairs_} decided "
            f"pairs against the sham {whose}.",
            ahead.kind,
            params,
            pairs_,
        )
    if not behind:
        total = sum(t.tally.decided for t in known)
        return DrawSuggestion(f"No suggestion: no difference shows in {total} pairs {whose}.")
    lost = ", ".join(f"{t.kind} ({t.tally.wins} of {t.tally.decided})" for t in behind)
    level = [t for t in known if not t.behind]
    if not level:
        return DrawSuggestion(
            f"No suggestion: {lost} lost against the sham {whose}, and of no other kind are "
            f"{ENOUGH} decided pairs known."
        )
    kind = offered(mine, [t.kind for t in level])
    return DrawSuggestion(
        f"Suggested: {kind}, which shows no difference; {lost} lost against the sham {whose} and "
        "is offered less.",
        kind,
        {},
        next(t.tally.decided for t in level if t.kind == kind),
    )


def lost_with(pairs: Sequence[ShamPair], model: str, profile: str = "") -> list[FacetTally]:
    """Kinds, and stages, people, months or fields of them, that are known to lose with that very
    model: they are offered last, and a panel does not begin with them.
    """
    mine, _ = for_whom([pair for pair in pairs if pair.model == model], model, profile)
    return [t for t in tallies(mine) if t.behind and t.kind in KINDS]


def instead(lost: Iterable[FacetTally]) -> dict[str, JSON]:
    """By kind, what to begin with in place of defaults that are known to lose."""
    values: dict[tuple[str, str], set[str]] = {}
    for each in lost:
        if each.name != "kind" and KINDS[each.kind].takes(each.name):
            values.setdefault((each.kind, each.name), set()).add(each.value)
    begins: dict[str, JSON] = {}
    for (kind, name), those in values.items():
        parameter = KINDS[kind].parameter(name)
        others = parameter.choices or tuple(map(str, range(parameter.low, parameter.high + 1)))
        left = [value for value in others if value not in those]
        if str(parameter.default) in those and left:
            begins.setdefault(kind, {})[name] = parameter.read(left[0])
    return begins


def offered(pairs: Sequence[ShamPair], kinds: Sequence[str]) -> str:
    """One of these kinds, by chance; the same until the ledger grows."""
    return Stream("suggest", len(pairs), {}).pick(kinds)


def _best_facets(pairs: Sequence[ShamPair], kind: str) -> tuple[JSON, str]:
    """Of a kind that is ahead: the facets that are themselves known to be, and in words."""
    params: JSON = {}
    for found in tallies(pairs):
        if found.kind == kind and KINDS[kind].takes(found.name) and found.ahead:
            parameter = KINDS[kind].parameter(found.name)
            params.setdefault(found.name, parameter.read(found.value))
    return params, "".join(f", {name} {value}" for name, value in params.items())


def lines(pairs: Sequence[ShamPair]) -> list[str]:
    """What is known, a sentence for each kind and for each facet that has had several values."""
    found = tallies(pairs)
    values: dict[tuple[str, str], int] = {}
    for one in found:
        values[one.kind, one.name] = values.get((one.kind, one.name), 0) + 1
    told: dict[str, int] = {}
    said = []
    for one in found:
        if one.name != "kind":
            told[one.kind] = told.get(one.kind, 0) + 1
            if values[one.kind, one.name] < 2 or told[one.kind] > _MOST_TOLD:
                continue
        said.append(one.says)
    return said
