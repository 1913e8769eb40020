"""The gauge against known cases: what it must say, and what it must not be fooled by."""

from __future__ import annotations

import itertools
import statistics

import pytest

from sessions.priming.arxiv.feed import read_feed
from sessions.priming.gauge import (
    MeasuredTurn,
    content_terms,
    last_words,
    measure,
    prose,
    pull,
    read_turn,
    takes_up,
)
from sessions.priming.model import Item
from sessions.priming.words import stop_words
from tests.unit.priming.arxiv_rig import REAL


def terms(prefix: str, count: int) -> str:
    """So many distinct made-up words."""
    letters = itertools.product("bcdfglmnprst", "aeiou", "bcdfglmnprst", "aeiou")
    words = itertools.islice(("".join(four) for four in letters), count)
    return " ".join(f"{prefix}{word}" for word in words)


OLD = terms("old", 60)
FRESH = terms("new", 60)
BLOCK = terms("block", 60)


@pytest.mark.parametrize(
    ("case", "text", "history", "injected", "new"),
    [
        ("everything is new", FRESH, OLD, "", 1.0),
        ("nothing is new", OLD, OLD, "", 0.0),
        ("recombined old words", " ".join(reversed(OLD.split())), OLD, "", 0.0),
        ("half is new", terms("new", 30) + " " + terms("old", 30), OLD, "", 0.5),
        ("an empty history", FRESH, "", "", 1.0),
        ("only the injection repeated", BLOCK, OLD, BLOCK, 0.0),
        ("half new, half injected", terms("new", 30) + " " + terms("block", 30), OLD, BLOCK, 0.5),
        ("injection stands in the history", FRESH, f"{OLD}\n{BLOCK}", BLOCK, 1.0),
        ("only the first 60 terms count", f"{OLD} {FRESH}", OLD, "", 0.0),
        ("code blocks don't count", f"{OLD}\n```python\n{FRESH}\n```\n", OLD, "", 0.0),
        ("an open code block neither", f"{OLD}\n```\n{FRESH}", OLD, "", 0.0),
        ("case does not matter", OLD.upper(), OLD, "", 0.0),
        ("history beyond 3,000 words is forgotten", OLD, f"{OLD} {'filler ' * 3_000}", "", 1.0),
        ("and within is not", OLD, f"{OLD} {'filler ' * 2_900}", "", 0.0),
        ("Greek words count as words", FRESH.replace("new", "νέο"), OLD, "", 1.0),
    ],
)
def test_known_cases(case: str, text: str, history: str, injected: str, new: float) -> None:
    reading = read_turn(text, history, injected)
    assert reading is not None, case
    assert reading.new == pytest.approx(new), case
    assert reading.gravity == pytest.approx(100 * (1 - new)), case


def test_short_turns_are_not_measured() -> None:
    assert read_turn(terms("new", 29), OLD) is None
    assert read_turn(terms("new", 30), OLD) is not None


def test_the_word_lists_explain_the_number() -> None:
    text = f"{terms('new', 20)} {terms('block', 10)} {terms('old', 10)}"
    reading = read_turn(text, f"{OLD} {BLOCK}", BLOCK)
    assert reading is not None
    assert reading.new_terms == tuple(terms("new", 20).split())
    assert reading.echo_terms == tuple(terms("block", 10).split())
    assert reading.counted == 40 and reading.new == 0.5


def test_a_word_that_was_there_before_the_block_is_no_echo() -> None:
    block = f"{BLOCK} oldbaba"
    reading = read_turn(OLD, f"{OLD} {block}", block)
    assert reading is not None and reading.echo_terms == ()


def test_pull_is_high_for_copies_and_low_for_strangers() -> None:
    sentence = "The scheduler wakes a worker only when its queue has room for one more task. " * 3
    other = "Lichens on granite outlive the mountains' forests by growing a millimetre a year. " * 3
    assert pull(sentence, sentence) > 0.8
    assert pull(other, sentence) < 0.3
    assert pull("", sentence) == 0.0


def turns(*texts: str) -> list[MeasuredTurn]:
    return [MeasuredTurn("go on", text) for text in texts]


def test_before_and_after_an_injection() -> None:
    chat = [
        *turns(OLD, OLD, OLD, OLD),
        MeasuredTurn(f"prime: {BLOCK}", f"{FRESH}"),
        *turns(FRESH, FRESH),
    ]
    items = [Item("a", "", "blockbaba"), Item("b", "", "newbaba newbabe")]
    gauge = measure(chat, 4, chat[4].user, items)
    found = gauge.to_json()
    assert found["before"]["gravity"] == 100.0 and found["before"]["turns"] == 3
    assert found["after"]["turns"] == 3 and gauge.after[0].gravity == 0.0
    assert found["uptake"] == {"taken": 1, "of": 2} and found["taken_up"] == ["newbaba newbabe"]
    assert found["enough"] and found["label"] == "other words, not better ideas"
    assert found["new_terms"] == FRESH.split()


def test_fewer_than_three_turns_a_side_are_not_enough() -> None:
    gauge = measure([*turns(OLD, OLD), MeasuredTurn(BLOCK, FRESH)], 2, BLOCK)
    assert not gauge.enough and len(gauge.after) == 1


def test_no_turn_to_measure_is_said_plainly() -> None:
    gauge = measure([MeasuredTurn("hi", "hello")], 0, "hi")
    assert gauge.to_json()["after"]["new"] is None
    assert "no turn since" in gauge.line()


def test_the_line_reads_as_the_design_has_it() -> None:
    chat = [*turns(OLD, OLD, OLD), *turns(FRESH, FRESH, FRESH)]
    line = measure(chat, 3, "", [Item("a", "", "oldbaba")]).line()
    assert line.startswith("gravity 67 → 67 (new terms .33 → .33") and "uptake 0/1; echo 0" in line


def test_uptake_needs_the_term_or_most_of_its_words() -> None:
    item = Item("a", "", "tidal locking of feedback loops")
    assert takes_up("we could use feedback loops with tidal forcing", item)
    assert not takes_up("we could use feedback", item)
    assert takes_up("Quorum sensing helps", Item("b", "", "quorum"))


def test_content_terms_leave_out_what_has_no_subject() -> None:
    assert content_terms("The user's queue isn't 42 of a x-ray; QUEUE again, naïve") == [
        "user", "queue", "x-ray", "naïve",
    ]  # fmt: skip


def test_prose_keeps_what_is_between_two_blocks() -> None:
    assert prose("a\n```\nb\n```\nc\n~~~\nd\n~~~\ne").split() == ["a", "c", "e"]


def test_last_words_are_the_last() -> None:
    assert last_words("a b c d", 2) == "c d"
    assert last_words("a", 2) == "a"


def test_the_stop_list_is_about_three_hundred_words() -> None:
    assert 250 <= len(stop_words()) <= 450


@pytest.mark.skipif(REAL is None, reason="no captures here")
def test_real_abstracts_of_another_field_are_told_from_the_same() -> None:
    """Area under the curve of NEW and of PULL; measured .90 and .85 to .90 when designed."""
    assert REAL is not None
    papers = read_feed((REAL / "n10-search-100.xml").read_bytes()).papers
    same = [p.abstract for p in papers if p.primary_category == "cs.SE"]
    other = [p.abstract for p in papers if not p.primary_category.startswith("cs.")]
    history = "\n".join(same[:16])
    near = [r for r in (read_turn(text, history) for text in same[16:]) if r]
    far = [r for r in (read_turn(text, history) for text in other) if r]
    assert len(near) > 20 and len(far) > 10
    wins = [f.new > n.new for f in far for n in near]
    assert statistics.mean(wins) > 0.8
    assert statistics.mean([f.pull < n.pull for f in far for n in near]) > 0.75
