"""Fenced code is found in one pass; where there are no tildes, by its ticks alone, and whole blocks
at once where they are plain.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from sessions.harvest.byproducts import byproducts
from sessions.harvest.code_fences import _BLOCK, _ODD, _of_both, _of_ticks, fences
from sessions.record import events as ev

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
    found = plain = 0
    for _ in range(5_000):
        text = "\n" + "".join(rng.choices(PIECES, k=rng.randrange(1, 30)))
        blocks = list(_of_both(text))
        assert list(_of_ticks(text)) == blocks, repr(text)
        assert list(fences(text[1:])) == blocks, repr(text)
        found += len(blocks)
        plain += bool(blocks) and _ODD not in _BLOCK.findall(text)
    assert found > 500 and plain > 100


def test_blocks_of_both_kinds_in_order() -> None:
    text = "a\n```py\none\n```\nb ``` c\n  ~~~\n  two\n  ~~~\n```\nnever closed"
    assert list(fences(text)) == [("py", "one\n"), ("", "two\n")]
    assert list(fences(text.replace("~~~", "````sh\nx", 1))) == [("py", "one\n")]
    assert list(fences("```\nat once\n```")) == [("", "at once\n")]


def test_a_block_that_comes_again_is_told_once_by_the_first_that_stays() -> None:
    told = ["```py\n" + f"value = {n}\n" * 8 + "```\n" for n in range(2)]
    said: list[tuple[str, str]] = [
        ("How does the sensor store its readings?", told[0]),
        ("typed", told[0] + told[1]),
        ("How does the recorder compress its frames?", told[1] + told[0]),
    ]
    events: list[ev.Event] = []
    for turn, (asked, answer) in enumerate(said, 1):
        events.append(ev.UserMessage(seq=2 * turn, turn=turn, text=asked))
        events.append(ev.Text(seq=2 * turn + 1, turn=turn, text=answer))

    def blocks(gone: Sequence[ev.Event]) -> list[tuple[str, int]]:
        found = byproducts("s", [*events, *gone])
        return [(f.text[8], f.origin["turn"]) for f in found if f.kind == "code"]

    assert blocks([]) == [("0", 1), ("1", 2)]
    questions = [f.signals["led_to"] for f in byproducts("s", events) if f.kind == "question"]
    assert questions == [1, 2]
    events.append(ev.UserMessage(seq=20, turn=4, text="typed"))
    assert blocks([ev.TurnUndone(seq=21, turn=4)]) == blocks([])
    assert blocks([ev.TurnUndone(seq=21, turn=1)]) == []
