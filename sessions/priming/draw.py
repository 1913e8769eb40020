"""Draws that need nothing but a seed: letter sets, an order of letters, a choice of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sessions.errors import UsageError
from sessions.priming import words
from sessions.priming.kind_params import AcronymParams, NamesParams, TermsParams
from sessions.priming.kinds import LETTERS, kind_of
from sessions.priming.model import JSON, Draw, new_priming_id
from sessions.priming.rng import Stream
from sessions.priming.untrusted import clean
from sessions.record.closed_sets import DrawnKind

# Roughly how many of a thousand English words begin with A, B, … Z; no more than a shape that
# a small model finds easier to read, and part of what a seed means: not to be tuned.
INITIAL_WEIGHTS = (
    *(83, 49, 75, 40, 32, 42, 26, 45, 62, 9, 10, 33, 52),
    *(27, 45, 62, 5, 38, 92, 100, 20, 12, 45, 3, 8, 4),
)
MIN_DISTANCE = 2
_TRIES_PER_SET = 2_000


def local_draw(kind: DrawnKind, seed: int, params: JSON) -> Draw:
    """Draw acronym, names or terms; the same seed and parameters give the same draw.

    Raises:
        UsageError: the parameters leave nothing to draw.
    """
    stream = Stream(kind, seed, kind_of(kind).shaping(params))
    drawn: list[Any]
    if kind == "acronym":
        sets = cast("AcronymParams", params)
        drawn = letter_sets(stream, sets["count"], sets["letters"], sets["alphabet"])
    elif kind == "names":
        drawn = stream.shuffled(list(cast("NamesParams", params)["letters"]))
    else:
        those = cast("TermsParams", params)
        drawn = some_terms(stream, those["terms"], those["n"])
    return Draw(new_priming_id(), kind, seed, params, drawn)


def letter_sets(stream: Stream, count: int, letters: int, alphabet: str) -> list[str]:
    """Random letter sets: no two nearer than two letters apart, none that is known already.

    Known words and acronyms would be recognised instead of read; sets that differ in one
    letter would be read alike. Raises UsageError when there is no room for so many.
    """
    unwanted = words.known_words() | words.offensive()
    sets: list[str] = []
    near: set[str] = set()
    for _ in range(count * _TRIES_PER_SET):
        if alphabet == "uniform":
            made = "".join(stream.pick(LETTERS) for _ in range(letters))
        else:
            made = "".join(stream.weighted(LETTERS, INITIAL_WEIGHTS) for _ in range(letters))
        marks = _one_letter_hidden(made)
        if made in unwanted or not near.isdisjoint(marks):
            continue
        near.update(marks)
        sets.append(made)
        if len(sets) == count:
            return sets
    raise UsageError(
        f"There is no room for {count} sets of {letters} letters that differ enough.",
        "Ask for fewer sets or more letters.",
    )


def _one_letter_hidden(made: str) -> list[str]:
    """The set with each letter hidden in turn; two sets share one when they differ in one."""
    return [f"{made[:i]}_{made[i + 1 :]}" for i in range(len(made))]


def some_terms(stream: Stream, terms: Sequence[str], n: int) -> list[str]:
    """The terms, cleaned; when there are more than `n`, a random `n` of them in their order."""
    cleaned = [term for term in (clean(term, 120) for term in terms) if term]
    if len(cleaned) <= n:
        return cleaned
    kept = sorted(stream.shuffled(range(len(cleaned)))[:n])
    return [cleaned[index] for index in kept]
