"""What a terminal answers to its program's questions while nobody looks on.

Whoever shows a terminal answers by its emulator. Without one, a program that asks who the terminal
is would wait until it gives up; where the cursor stands, nobody knows then, and nobody answers.
"""

from __future__ import annotations

import re

_ASKED = re.compile(rb"\x1b\[(?:0?c|>0?c|5n)")
_ANSWERS = {b"c": b"\x1b[?62;22c", b"n": b"\x1b[0n"}
_SECOND = b"\x1b[>1;0;0c"


def answer(data: bytes) -> bytes:
    """The answers to the questions in what was printed, b"" for none."""
    found = _ASKED.findall(data)
    return b"".join(_SECOND if b">" in each else _ANSWERS[each[-1:]] for each in found)
