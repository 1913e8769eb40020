"""What foreign text looks like: hostile strings, arbitrary JSON, and good documents gone bad."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("AGENTDECK_FUZZ", "60"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

HOSTILE = [
    "\x1b]52;c;UFdORUQ=\x07", "\x1b[2J", "\x9b2J", "\x9d0;x\x9c", "\x1bP+q544e\x1b\\", "\x00",
    "\r", "\b\b", "\x7f", "\u202etxt.exe", "\u2066", "\u2028", "\ud800", "\U000e0041", "[/", "[/]",
    "[@click=app.quit]x[/]", "[red", "e\u0301\u0302", "\u200d", "👩‍👩‍👧", "漢字", "\ufeff", "﷽",
    "```", "~~~", "| a |\n|-|", "- " * 40, "> " * 40, "**", "<!--", "&#27;", "[x](javascript:y)",
    "\\", '"', "{", "}", "%s", "{0}", "../", "~", "-rf", "x" * 3000, " " * 3000, "\n" * 200, "\t",
    "NaN", "1e999", "9" * 5000, "null", "true", "$(id)", "`id`", "\u0600" * 30,
]  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=6).map("".join),
)
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, -1.5, 0.1]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key in value:
            found += _places(value[key], (*path, key))
    elif isinstance(value, list):
        for number in range(len(value)):
            found += _places(value[number], (*path, number))
    return found


@st.composite
def gone_bad(draw: st.DrawFn, good: Any, most: int = 4) -> Any:
    """A good document with a few of its values replaced, taken out, or told twice."""
    found = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(0, most))):
        path = draw(st.sampled_from(_places(found)))
        if not path:
            continue
        holder = found
        for step in path[:-1]:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "replace", "remove", "again"]))
        if change == "replace":
            holder[path[-1]] = draw(JSON)
        elif change == "remove":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.insert(
                draw(st.integers(0, len(holder))), json.loads(json.dumps(holder[path[-1]]))
            )
    return found


@st.composite
def bytes_gone_bad(draw: st.DrawFn, good: bytes) -> bytes:
    """Good bytes, cut, with junk put in, or a part told twice."""
    data = bytearray(good)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        change = draw(st.sampled_from(["cut", "junk", "twice", "drop"]))
        size = draw(st.integers(0, 80))
        if change == "cut":
            del data[place:]
        elif change == "junk":
            data[place:place] = draw(
                st.one_of(st.binary(max_size=20), WORDS.map(lambda w: w.encode("utf-8", "replace")))
            )
        elif change == "twice":
            data[place:place] = data[place : place + size]
        else:
            del data[place : place + size]
    return bytes(data)
