"""Measures of a set of answers to one question, none of which asks a model.

Spread is of words, not of meanings: two answers that say the same in other words count as two.
So it is given with and without the words that stood in the prompt, which an answer may only echo.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sessions.priming.evidence.questions import OpenQuestion, kept
from sessions.priming.gauge import content_terms

SAME = 0.4
"""Two answers that share this part of their content words are one answer."""
_FIRST_WORDS = 30
_FIRST_CHARS = 160


@dataclass(frozen=True, slots=True)
class Answer:
    """One sample: what was said, what was asked for it, and what it took."""

    text: str
    prompt: str = ""
    tokens_in: float = 0.0
    """All that was read for it, the reading of the draw included."""
    tokens_out: float = 0.0


MEASURES: dict[str, str] = {
    "distinct": "distinct answers, as a share of the answers",
    "spread": "mean distance of two answers (1 - shared content words / all)",
    "own": "the same without the words that stood in either prompt",
    "distinct_2": "distinct pairs of words, as a share of all",
    "compression": "size of all answers, compressed, as a share of their size",
    "overlap": "content words of an answer that stood in its prompt, as a share",
    "fitness": "rules kept, as a share",
    "tokens": "tokens for one answer, prompt and readings included",
}


def measure(question: OpenQuestion, answers: Sequence[Answer]) -> dict[str, float]:
    """All measures of the answers of one arm to one question."""
    texts = [answer.text for answer in answers]
    sets = [frozenset(content_terms(text)) for text in texts]
    prompts = [frozenset(content_terms(answer.prompt)) for answer in answers]
    rules = [kept(question, answer.text, answer.prompt) for answer in answers]
    return {
        "distinct": _distinct(sets) / len(sets),
        "spread": _mean([_distance(a, b) for a, b in _pairs(sets)]),
        "own": _own_spread(sets, prompts),
        "distinct_2": _distinct_2(texts),
        "compression": _compression(texts),
        "overlap": _mean([_share(s, p) for s, p in zip(sets, prompts, strict=True)]),
        "fitness": _mean([sum(each.values()) / len(each) for each in rules]),
        "tokens": _mean([answer.tokens_in + answer.tokens_out for answer in answers]),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _pairs(sets: Sequence[frozenset[str]]) -> list[tuple[frozenset[str], frozenset[str]]]:
    return [(a, b) for i, a in enumerate(sets) for b in sets[i + 1 :]]


def _distance(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard's; an answer with nothing in it is far from none."""
    return 1 - len(a & b) / len(a | b) if a and b else 0.0


def _distinct(sets: Sequence[frozenset[str]]) -> int:
    """How many answers there are, where those that share much are one; in order, greedily."""
    first: list[frozenset[str]] = []
    for one in sets:
        if one and all(1 - _distance(one, other) < SAME for other in first):
            first.append(one)
    return len(first)


def _own_spread(sets: Sequence[frozenset[str]], prompts: Sequence[frozenset[str]]) -> float:
    """Spread of what no prompt of the two has said; other blocks alone make no spread then."""
    found = []
    for i, one in enumerate(sets):
        for j in range(i + 1, len(sets)):
            said = prompts[i] | prompts[j]
            found.append(_distance(one - said, sets[j] - said))
    return _mean(found)


def _share(terms: frozenset[str], prompt: frozenset[str]) -> float:
    return len(terms & prompt) / len(terms) if terms else 0.0


def _distinct_2(texts: Sequence[str]) -> float:
    """Over the first words of each alone: longer texts would repeat more."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        words = text.casefold().split()[:_FIRST_WORDS]
        pairs += pairwise(words)
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def _compression(texts: Sequence[str]) -> float:
    data = "\n".join(text[:_FIRST_CHARS] for text in texts).encode()
    return len(zlib.compress(data, 9)) / len(data) if data else 0.0
