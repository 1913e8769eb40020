"""What the ledger knows of each part of a priming, and the draw that it suggests."""

from __future__ import annotations

import json
from pathlib import Path

from sessions.priming.facets import (
    ShamPair,
    facets_of,
    instead,
    lines,
    lost_with,
    pair_of,
    suggest,
    tallies,
)
from sessions.priming.ledger import Ledger
from sessions.priming.model import Draw
from sessions.record.closed_sets import PrimedOutcome


def pairs(
    wins: int, losses: int, kind: str = "names", model: str = "m", profile: str = "", **facets: str
) -> list[ShamPair]:
    won: PrimedOutcome = "win"
    lost: PrimedOutcome = "loss"
    outcomes = [won] * wins + [lost] * losses
    return [ShamPair({"kind": kind, **facets}, o, model, profile, 1, 3) for o in outcomes]


def test_nothing_is_suggested_from_fewer_than_twenty_pairs() -> None:
    few = suggest(pairs(19, 0), "m")
    assert few.kind == "" and "(the most: 19)" in few.says
    assert suggest([], "m").kind == ""
    # Ties decide nothing, and twenty pairs of several kinds are not twenty of one.
    ties = [ShamPair({"kind": "names"}, "tie", "m")] * 40
    assert suggest(pairs(19, 0) + ties, "m").kind == ""
    assert suggest(pairs(12, 0) + pairs(12, 0, "terms"), "m").kind == ""


def test_what_won_is_suggested_with_the_parts_that_won() -> None:
    found = suggest(pairs(19, 3, stage="2", who="ordinary") + pairs(9, 8, stage="1"), "m")
    assert (found.kind, found.params, found.pairs) == ("names", {"stage": 2, "who": "ordinary"}, 39)
    assert "won 28 of 39" in found.says and "with m" in found.says


def test_a_priming_that_lost_is_not_suggested_and_no_other_that_is_too_little_known() -> None:
    lost = pairs(2, 22)
    told = suggest([*lost, *pairs(19, 0, "terms")], "m")
    assert (told.kind, told.pairs) == ("", 0)
    assert "names (2 of 24) lost against the sham" in told.says
    # Over many states of the ledger; ties alone change nothing but the draw.
    tie = ShamPair({"kind": "arxiv"}, "tie", "m")
    level = [*lost, *pairs(19, 0, "terms"), *pairs(10, 10, "acronym")]
    several = [*level, *pairs(12, 11, "arxiv")]
    for known, kinds in ((level, {"acronym"}), (several, {"acronym", "arxiv"})):
        found = [suggest([*known, *[tie] * n], "m") for n in range(30)]
        assert {each.kind for each in found} == kinds
        assert all(each.pairs >= 20 for each in found)


def test_what_lost_with_the_sessions_own_model_is_told() -> None:
    lost = pairs(2, 22, "acronym", "m")
    (told,) = lost_with([*lost, *pairs(11, 11)], "m")
    assert told.title == "acronym" and "2 wins, 0 ties, 22 losses" in told.says
    assert lost_with(lost, "other") == [], "another model's pairs say nothing of this one"
    assert lost_with(pairs(0, 19, "acronym", "m"), "m") == [], "too few"


def test_a_part_that_lost_is_not_begun_with_where_there_is_another() -> None:
    lost = pairs(2, 22, "names", "m", who="known", stage="1")
    found = lost_with([*lost, *pairs(20, 3, who="ordinary", stage="2")], "m")
    assert {t.title for t in found} == {"names, who known", "names, stage 1"}
    assert instead(found) == {"names": {"who": "ordinary", "stage": 2}}
    every = [pair for each in ("known", "ordinary") for pair in pairs(2, 22, who=each)]
    assert instead(lost_with(every, "m")) == {}, "there is no other"
    assert instead(lost_with(pairs(2, 22, "arxiv", month="2026-01"), "m")) == {}, "no default lost"


def test_no_difference_is_no_suggestion() -> None:
    told = suggest(pairs(11, 11), "m")
    assert told.kind == "" and "no difference shows in 22 pairs" in told.says


def test_for_whom_it_won_counts() -> None:
    mixed = pairs(22, 1, model="small") + pairs(1, 22, model="large")
    assert suggest(mixed, "small").kind == "names"
    assert "lost against the sham with large" in suggest(mixed, "large").says
    assert "with all models" in suggest(mixed, "another").says
    narrow = pairs(21, 1, profile="writer") + pairs(1, 30, profile="coder")
    assert "with m as writer" in suggest(narrow, "m", "writer").says


def test_a_draw_is_kept_by_its_facets() -> None:
    params = {"month": "2026-01", "category": "cs.DB", "n": 10, "any": "no", "inject": "both"}
    assert facets_of(Draw("p", "arxiv", 1, params, [])) == {
        "kind": "arxiv", "month": "2026-01", "category": "cs.DB",
    }  # fmt: skip
    drawn = Draw("p", "names", 1, {"stage": 1, "who": "known", "letters": "AB"}, [])
    assert facets_of(drawn, 2) == {"kind": "names", "stage": "2", "who": "known"}


def test_lines_from_before_are_of_an_unknown_kind_and_broken_ones_passed_over(
    tmp_path: Path,
) -> None:
    ledger = Ledger(tmp_path)
    ledger.path.parent.mkdir(parents=True)
    facts = {"facets": {"kind": "terms", "field": "law"}, "model": "m", "taken": 2, "of": 5}
    rows = [
        {"judge": "user", "outcomes": {"plain": "win", "sham": "loss"}, "facts": facts},
        {"judge": "user", "outcomes": {"plain": "win", "sham": "loss"}, "facts": {"lengths": {}}},
        {"judge": "other", "outcomes": {"sham": "win"}, "facts": facts},
        {"judge": "user", "outcomes": {"sham": "odd"}, "facts": facts},
    ]
    ledger.path.write_text("\n".join([*map(json.dumps, rows), "{torn", "[1]"]))
    found = [pair for r in ledger.records() if (pair := pair_of(r)) is not None]
    told = [(p.facets["kind"], p.outcome, p.model, p.taken) for p in found]
    assert told == [("terms", "loss", "m", 2), ("unknown", "loss", "", 0)]
    (kind, unknown, field) = tallies(found)
    assert unknown.says.startswith("unknown kind (judged before kinds were kept): 0 wins")
    assert (kind.title, field.title) == ("terms", "terms, field law")
    assert "Taken up: 2 of 5." in kind.says and "not enough to tell (1 of 20" in kind.says


def test_an_unknown_kind_is_never_suggested_nor_stands_for_a_model() -> None:
    before = [ShamPair({"kind": "unknown"}, "win")] * 40
    assert suggest(before, "").kind == "" and suggest(before, "m").kind == ""
    assert lost_with([ShamPair({"kind": "unknown"}, "loss")] * 40, "") == []


def test_a_facet_with_one_value_is_not_told_twice() -> None:
    assert len(lines(pairs(3, 1, stage="1"))) == 1
    assert len(lines(pairs(3, 1, stage="1") + pairs(1, 1, stage="2"))) == 3


def test_a_part_that_a_kind_does_not_have_is_passed_over() -> None:
    written = [ShamPair({"kind": "acronym", "stage": "2"}, "win", "m")] * 25
    told = suggest(written, "m")
    assert (told.kind, told.params) == ("acronym", {})
