"""Fenced code is found in one pass; where there are no tildes, by its ticks alone."""

from __future__ import annotations

import random

from sessions.harvest.fences import _of_both, _of_ticks, fences

PIECES = [
    "\n",
    "\n\n",
    "```",
    "````",
    "`",
    " ",
    "   ",
    " " * 13,
    "py",
    "x = 1",
    "\t",
    "> ",
    "\n```\n",
    "\n  ```{.r}\n",
]


def test_ticks_are_read_as_the_pattern_reads_them() -> None:
    rng = random.Random(7)
    found = 0
    for _ in range(5_000):
        text = "\n" + "".join(rng.choices(PIECES, k=rng.randrange(1, 30)))
        blocks = list(_of_both(text))
        assert list(_of_ticks(text)) == blocks, repr(text)
        found += len(blocks)
    assert found > 500


def test_blocks_of_both_kinds_in_order() -> None:
    text = "a\n```py\none\n```\nb ``` c\n  ~~~\n  two\n  ~~~\n```\nnever closed"
    assert list(fences(text)) == [("py", "one\n"), ("", "two\n")]
    assert list(fences(text.replace("~~~", "````sh\nx", 1))) == [("py", "one\n")]
    assert list(fences("```\nat once\n```")) == [("", "at once\n")]
