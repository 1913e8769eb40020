"""The blind comparison, its ledger, and daydreams."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError, UsageError
from sessions.priming import pipeline
from sessions.priming.comparison import (
    ARMS,
    Comparison,
    compare,
    judged_by_model,
    order_of_showings,
)
from sessions.priming.daydream import (
    Dream,
    DreamBudget,
    DreamInbox,
    dream,
    marks_of,
    night_of,
    pair_of,
)
from sessions.priming.ledger import Ledger, Tally
from sessions.priming.model import Draw, Item
from sessions.priming.prompts import Subject
from sessions.priming.win_rate import wilson
from tests.unit.priming.fakes import FakeModel

ITEMS = (
    Item(
        "a1", "TGVR", "Tidal Gravity Vortex Ring", "a ring that holds itself", "it turns by itself"
    ),
    Item("a2", "QPLM", "Quorum Pause", "wait for three", "fewer wakes"),
)
SHAM = {"items": [{"term": "caching", "gloss": "g " * 80, "why": "w"}, {"term": "batching"}]}


def form(*ideas: str) -> dict[str, object]:
    return {"ideas": [f"{idea} makes the queue shorter by half" for idea in ideas]}


async def made(seed: int = 3) -> tuple[Comparison, FakeModel]:
    model = FakeModel(
        SHAM,
        "Plain reply.",
        "Sham reply.",
        "Primed reply about a Tidal Gravity Vortex Ring.",
        form("One", "Two", "Three"),
        form("Four", "Five"),
        form("A tidal gravity vortex ring", "Seven", "Eight"),
    )
    drawn = Draw("p1", "acronym", 1, {"mode": "raw"}, ["TGVR", "QPLM"])
    about = Subject(about="the queue")
    return await compare(drawn, ITEMS, model, about, seed=seed), model


async def test_three_arms_get_the_same_follow_up() -> None:
    comparison, model = await made()
    assert set(comparison.messages) == set(comparison.replies) == set(ARMS)
    assert all(comparison.follow_up in text for text in comparison.messages.values())
    assert "Tidal Gravity" in comparison.messages["primed"]
    assert "caching" in comparison.messages["sham"] and "<<<" not in comparison.messages["plain"]
    assert "come to your mind first" in model.questions[0]


async def test_the_sham_block_is_about_as_long_as_the_primed() -> None:
    comparison, _ = await made()
    lengths = comparison.facts["lengths"]
    assert abs(lengths["sham"] - lengths["primed"]) < 0.15 * lengths["primed"]


async def test_replies_are_brought_to_one_form_without_their_terms() -> None:
    comparison, _ = await made()
    assert {len(ideas) for ideas in comparison.ideas.values()} == {2}
    assert comparison.ideas["primed"][0] == "A […] makes the queue shorter by half"


async def test_a_model_that_cannot_rewrite_is_done_without() -> None:
    model = FakeModel(
        SHAM, *["I think that **we** should really try a smaller queue. No."] * 3, "x"
    )
    drawn = Draw("p1", "acronym", 1, {}, ["TGVR"])
    comparison = await compare(drawn, ITEMS, model, Subject(), seed=1)
    assert comparison.ideas["plain"] == ("I think that we should really try a smaller queue.",)


def test_every_pair_is_shown_in_both_orders() -> None:
    for seed in range(20):
        shown = [(s.first, s.second) for s in order_of_showings(seed)]
        assert sorted(shown) == [
            ("plain", "primed"), ("primed", "plain"), ("primed", "sham"), ("sham", "primed"),
        ]  # fmt: skip
        assert all(set(one) != set(other) for one, other in pairwise(shown))
    assert len({order_of_showings(seed) for seed in range(20)}) > 2
    assert order_of_showings(5) == order_of_showings(5)


def judge_for(comparison: Comparison, winner: str) -> Comparison:
    while (showing := comparison.next) is not None:
        answer = {showing.first: "first", showing.second: "second"}.get(winner, "tie")
        comparison = comparison.judged(answer)
    return comparison


async def test_arms_are_told_only_after_the_last_verdict() -> None:
    comparison, _ = await made()
    with pytest.raises(UsageError, match="last verdict"):
        comparison.outcome("plain")
    with pytest.raises(UsageError):
        comparison.to_json()
    done = judge_for(comparison, "primed")
    assert done.outcome("plain") == done.outcome("sham") == "win"
    assert judge_for(comparison, "sham").outcome("sham") == "loss"
    with pytest.raises(UsageError):
        done.judged("first")


async def test_a_pair_counts_only_if_both_orders_agree() -> None:
    comparison, _ = await made()
    while comparison.next is not None:
        comparison = comparison.judged("first")  # always the left one: no preference at all
    assert comparison.outcome("plain") == comparison.outcome("sham") == "tie"


async def test_a_model_judges_the_same_showings() -> None:
    comparison, _ = await made()
    judge = FakeModel("1", "I say 2.", "0", "neither")
    judged = await judged_by_model(comparison, judge, "other-model")
    assert [v.answer for v in judged.verdicts] == ["first", "second", "tie", "tie"]
    assert judged.judge == "other-model"
    assert not any(arm in text for arm in ("sham", "primed") for text in judge.questions)


async def test_the_ledger_keeps_losses_as_well_and_counts_by_judge(tmp_path: Path) -> None:
    comparison, _ = await made()
    ledger = Ledger(tmp_path)
    for winner in ("primed", "plain", "plain"):
        ledger.add(judge_for(comparison, winner), "s1")
    with (tmp_path / "priming/comparisons.jsonl").open("ab") as file:
        file.write(b'{"torn": \n')
    summary = ledger.summary()
    plain, sham = summary.tallies
    assert (plain.wins, plain.ties, plain.losses) == (1, 0, 2)
    # Where plain won, the other pair was a tie.
    assert (sham.wins, sham.ties, sham.losses) == (1, 2, 0)
    assert summary.comparisons == 3 and summary.unreadable == 1
    assert ledger.summary("a model").comparisons == 0
    assert ledger.path.stat().st_mode & 0o777 == 0o600


def test_under_twenty_pairs_nothing_is_told() -> None:
    assert "not enough to tell" in Tally("sham", 19, 5, 0).says
    assert "ahead" in Tally("sham", 18, 0, 2).says
    assert "behind" in Tally("sham", 2, 0, 18).says
    assert "no difference" in Tally("sham", 11, 0, 9).says


@pytest.mark.parametrize(
    ("wins", "count", "low", "high"),
    # (2k + z² ± z √(z² + 4k(n-k)/n)) / 2(n + z²), worked out apart from the code
    [(0, 0, 0.0, 1.0), (10, 20, 0.2993, 0.7007), (0, 10, 0.0, 0.2775), (18, 20, 0.6990, 0.9721)],
)
def test_wilson(wins: int, count: int, low: float, high: float) -> None:
    assert wilson(wins, count) == pytest.approx((low, high), abs=1e-4)


# -- daydreams


NIGHT = datetime(2026, 11, 23, 23, 0)


def dreamt(mean: int, idea: str = "an idea", tokens: int = 100) -> Dream:
    marks = dict.fromkeys(("novelty", "coherence", "usefulness"), mean)
    return Dream(f"d{mean}", "", "s1", ("a", "b"), idea, marks, tokens, 0.01)


async def test_a_daydream_is_marked_elsewhere_and_has_receipts() -> None:
    drawn = await pipeline.draw("acronym", {"count": 20}, seed=4)
    thinker = FakeModel("Both saturate; so measure the queue's gain first.")
    critic = FakeModel({"novelty": 7, "coherence": 6, "usefulness": 8})
    found = await dream(drawn, 1, thinker, critic, Subject(about="queues"), "s1")
    assert found.mean == 7.0 and found.tokens == 30 and found.usd == 0.002
    assert set(found.pair) < set(drawn.draw) and found.pair == pair_of(drawn, 1)
    assert found.receipts["draw_seed"] == 4 and found.receipts["models"] == ["fake-1", "fake-1"]
    assert "saturate" in critic.questions[0] and len(thinker.asked) == 1


def test_marks_are_read_from_prose_too() -> None:
    assert marks_of("Novelty: 7/10, coherence is 12, Usefulness — 3") == {
        "novelty": 7, "coherence": 10, "usefulness": 3,
    }  # fmt: skip
    assert dreamt(5).mean == 5.0
    assert Dream("d", "", "s", ("a", "b"), "x", {"novelty": 9}).mean == 0.0


def test_only_the_best_of_a_night_waits(tmp_path: Path) -> None:
    inbox = DreamInbox(tmp_path, DreamBudget(tokens=10_000))
    assert not inbox.offer(dreamt(5), NIGHT)
    assert inbox.offer(dreamt(7), NIGHT)
    assert not inbox.offer(dreamt(6), NIGHT)
    assert inbox.offer(dreamt(9), NIGHT)
    assert not inbox.offer(dreamt(10, "None."), NIGHT)
    (waiting,) = inbox.waiting()
    assert waiting["mean"] == 9.0
    assert waiting["night_cost"]["dreamt"] == 5 and waiting["night_cost"]["tokens"] == 500
    inbox.put_away("d9")
    assert inbox.waiting() == []


def test_daydreams_are_off_without_a_budget_and_stop_at_it(tmp_path: Path) -> None:
    assert not DreamInbox(tmp_path, DreamBudget()).may_dream(NIGHT)
    inbox = DreamInbox(tmp_path, DreamBudget(tokens=150))
    assert inbox.may_dream(NIGHT)
    inbox.offer(dreamt(3), NIGHT)
    assert inbox.may_dream(NIGHT)
    inbox.offer(dreamt(3), NIGHT)
    assert not inbox.may_dream(NIGHT)
    assert inbox.may_dream(datetime(2026, 11, 24, 19, 0))
    assert not DreamInbox(tmp_path, DreamBudget(tokens=9_999, usd=0.015)).may_dream(NIGHT)


def test_midnight_does_not_split_a_night() -> None:
    assert night_of(NIGHT) == night_of(datetime(2026, 11, 24, 3, 0)) == "2026-11-23"


def test_a_damaged_inbox_is_an_empty_one(tmp_path: Path) -> None:
    inbox = DreamInbox(tmp_path, DreamBudget(tokens=1))
    inbox.path.parent.mkdir(parents=True)
    inbox.path.write_text(json.dumps({"2026-11-23": 3, "x": {"best": 1}}))
    assert inbox.waiting() == [] and inbox.may_dream(NIGHT)


def test_what_a_night_took_counts_though_its_best_is_damaged(tmp_path: Path) -> None:
    inbox = DreamInbox(tmp_path, DreamBudget(tokens=150))
    inbox.path.parent.mkdir(parents=True)
    night = {"tokens": 150, "usd": 1, "best": {"id": 3, "mean": "high"}, "newer": [1]}
    inbox.path.write_text(json.dumps({"2026-11-23": night}))
    assert not inbox.may_dream(NIGHT)
    assert inbox.offer(dreamt(7), NIGHT)
    kept = json.loads(inbox.path.read_text())["2026-11-23"]
    assert (kept["tokens"], kept["best"]["id"], kept["newer"]) == (250, "d7", [1])


def test_a_pair_needs_two() -> None:
    with pytest.raises(AgentdeckError):
        pair_of(Draw("p", "terms", 1, {}, ["one"]), 1)
