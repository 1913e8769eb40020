"""Draws: the same seed gives the same, what comes out is fit to be read."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.errors import UsageError
from sessions.priming import words
from sessions.priming.draw import local_draw
from sessions.priming.kinds import KINDS, kind_of, letters_of, parse_spec, words_of
from sessions.priming.model import item_from_json
from sessions.priming.rng import Stream, canonical
from sessions.priming.shared_draw import deal, seeds
from sessions.record.closed_sets import DrawnKind


def drawn(kind: DrawnKind, seed: int, **given: object) -> list[str]:
    return local_draw(kind, seed, kind_of(kind).read(given)).draw


GOLDEN_SETS = ["OENN", "XZPV", "DYWL", "GIAO", "VBBV", "CKPT", "NHXB", "UIZQ"]
GOLDEN_NAMES = "CNZIXORKAWSYPUJFQHLETBVMGD"
GOLDEN_TERMS = ["t5", "t10", "t15", "t27", "t39"]


def test_golden_letter_sets() -> None:
    assert drawn("acronym", 1, count=8) == GOLDEN_SETS


def test_golden_order_of_letters() -> None:
    assert "".join(drawn("names", 1)) == GOLDEN_NAMES


def test_golden_choice_of_terms() -> None:
    terms = [f"t{i}" for i in range(40)]
    assert drawn("terms", 1, terms=terms, n=5) == GOLDEN_TERMS


def test_another_process_draws_the_same() -> None:
    code = (
        "from sessions.priming.draw import local_draw\n"
        "from sessions.priming.kinds import kind_of\n"
        "print(' '.join(local_draw('acronym', 99, kind_of('acronym').read({})).draw))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == drawn("acronym", 99)


def test_the_stream_is_what_python_promises_to_keep() -> None:
    """Seeding from a string and `random()`: nothing else of the module is used."""
    promised = random.Random('agentdeck/1/names/5/{"letters":"AB"}')
    stream = Stream("names", 5, {"letters": "AB"})
    assert [stream.below(1000) for _ in range(20)] == [
        int(promised.random() * 1000) for _ in range(20)
    ]


@pytest.mark.parametrize("letters", [3, 4, 5, 6])
def test_sets_differ_in_at_least_two_letters(letters: int) -> None:
    sets = drawn("acronym", 3, letters=letters)
    assert len(set(sets)) == 100
    for one, other in combinations(sets, 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 2


def test_known_words_are_never_dealt() -> None:
    assert {"NASA", "JSON", "WORD", "HTTP", "BANK"} <= words.known_words()
    dealt = {made for seed in range(300) for made in drawn("acronym", seed, letters=3)}
    assert not dealt & (words.known_words() | words.offensive())


def test_letters_are_uniform() -> None:
    counts = Counter("".join("".join(drawn("acronym", seed)) for seed in range(50)))
    expected = sum(counts.values()) / 26
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert len(counts) == 26
    assert chi_square < 52.6  # 25 degrees of freedom, p = 0.001; the seeds are fixed


def test_the_initials_alphabet_prefers_frequent_letters() -> None:
    counts = Counter("".join(drawn("acronym", 1, alphabet="initials", count=300)))
    assert counts["S"] + counts["T"] > 4 * (counts["X"] + counts["Q"])


def test_seed_and_parameters_change_the_draw_and_others_do_not() -> None:
    assert drawn("acronym", 1) != drawn("acronym", 2)
    assert drawn("acronym", 1) != drawn("acronym", 1, alphabet="initials")
    assert drawn("acronym", 1) == drawn("acronym", 1, mode="raw")
    assert drawn("names", 1) == drawn("names", 1, stage=2)
    assert drawn("names", 1) == drawn("names", 1, letters="a-z")


def test_names_hold_every_letter_once() -> None:
    assert sorted(drawn("names", 8)) == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def test_letters_can_be_given_as_ranges() -> None:
    assert letters_of("a-c, x") == ["A", "B", "C", "X"]
    with pytest.raises(UsageError):
        letters_of("123")


def test_no_room_for_so_many_sets_is_said() -> None:
    with pytest.raises(UsageError, match="2 letters"):
        kind_of("acronym").read({"letters": 2, "count": 100})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("acronym", "count", 0),
        ("acronym", "count", "many"),
        ("acronym", "letters", 9),
        ("acronym", "alphabet", "cyrillic"),
        ("acronym", "colour", 1),
        ("names", "stage", 4),
        ("arxiv", "n", True),
    ],
)
def test_parameters_that_do_not_fit_are_refused(kind: str, name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name):
        kind_of(kind).read({name: value})


def test_the_nearest_kind_and_parameter_are_named() -> None:
    with pytest.raises(UsageError, match="acronym"):
        kind_of("acronyms")
    with pytest.raises(UsageError, match="letters"):
        kind_of("acronym").read({"leters": 4})


def test_every_parameter_says_what_it_is_and_its_default_fits() -> None:
    for kind in KINDS.values():
        assert kind.about and kind.title
        for parameter in kind.parameters:
            assert parameter.about
            parameter.read(parameter.default)


def test_specs_of_the_run_command() -> None:
    spec = parse_spec("acronym:count=50,letters=3,seed=7,keep=4,term=biology+law,ban=synergy")
    assert (spec.kind, spec.params["count"], spec.seed, spec.keep) == ("acronym", 50, 7, 4)
    assert spec.terms == ("biology", "law") and spec.ban == ("synergy",)
    assert parse_spec("arxiv:month=2026-01,category=cs.AI").params["category"] == "cs.AI"
    assert parse_spec("names").seed is None
    assert parse_spec("terms:terms=a+b").params["terms"] == ["a", "b"]
    for wrong in ("acronym:count", "tarot", "acronym:seed=-1", "acronym:count=x", ":a=1"):
        with pytest.raises(UsageError):
            parse_spec(wrong)


def test_terms_are_split_cleaned_and_unique() -> None:
    assert words_of("a, b;  c d\na") == ["a", "b", "c d"]
    assert drawn("terms", 1, terms=["x\x1b[31m", "\u202e", "y\u200bz"]) == ["x[31m", "yz"]


def test_seeds_of_a_spread_are_fixed_and_different() -> None:
    assert seeds(5, 6) == seeds(5, 6) and len(set(seeds(5, 100))) == 100
    assert seeds(5, 3) == seeds(5, 6)[:3]


def test_one_draw_is_dealt_in_turn() -> None:
    assert deal([1, 2, 3, 4, 5], ["a", "b"]) == {"a": [1, 3, 5], "b": [2, 4]}
    with pytest.raises(UsageError):
        deal([1], ["a", "b"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(1, 40), st.integers(3, 6))
def test_any_seed_gives_as_many_sets_as_asked(seed: int, count: int, letters: int) -> None:
    sets = drawn("acronym", seed, count=count, letters=letters)
    assert len(sets) == len(set(sets)) == count
    assert all(len(made) == letters and made.isalpha() and made.isupper() for made in sets)


def test_canonical_text_does_not_depend_on_order() -> None:
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == '{"a":"\\u00fc","b":1}'


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_any_json_object_reads_as_an_item(data: dict[str, object]) -> None:
    item = item_from_json(data)
    assert item_from_json(item.to_json()) == item
