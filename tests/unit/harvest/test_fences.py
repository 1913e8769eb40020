"""Fenced code is found in one pass; where there are no tildes, by its ticks alone."""

from __future__ import annotations

import random

from sessions.harvest.fences import _MARK, _ticks, fences

PIECES = ["\n", "\n\n", "```", "````", "`", " ", "   ", " " * 13, "py", "x = 1", "\t", "> "]


def test_ticks_are_found_where_the_pattern_finds_them() -> None:
    rng = random.Random(7)
    for _ in range(3_000):
        text = "\n" + "".join(rng.choices(PIECES, k=rng.randrange(1, 20)))
        whole = [mark.span() for mark in _MARK.finditer(text) if "`" in mark[2]]
        assert [mark.span() for mark in _ticks(text)] == whole, repr(text)


def test_blocks_of_both_kinds_in_order() -> None:
    text = "a\n```py\none\n```\nb ``` c\n  ~~~\n  two\n  ~~~\n```\nnever closed"
    assert list(fences(text)) == [("py", "one\n"), ("", "two\n")]
    assert list(fences(text.replace("~~~", "````sh\nx", 1))) == [("py", "one\n")]
    assert list(fences("```\nat once\n```")) == [("", "at once\n")]
