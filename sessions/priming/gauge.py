"""Conversational gravity: how much a conversation's own words pull the next ones.

NEW   share of distinct content terms, among the first 60 of a turn, that are in neither the
      last 3,000 words of the session nor what was injected. gravity = 100 * (1 - NEW).
PULL  1 - deflate(turn given the history) / deflate(turn), over the first 1,200 characters: what
      a compressor saves by knowing the history; a second opinion from sequences, not words.
UPTAKE  of the injected items, how many the model's later turns take up.
ECHO  terms of later turns that came from the injected block.

The windows are fixed because NEW falls as a history grows and rises with a turn's length, for
no reason of interest. It tells of other words, not of better ideas.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sessions.api.priming import PrimingGauge, PrimingGaugeSide
from sessions.priming.model import Item
from sessions.priming.words import stop_words

LABEL = "other words, not better ideas"
HISTORY_WORDS = 3_000
TURN_TERMS = 60
MIN_TERMS = 30
PULL_CHARS = 1_200
SIDE = 3
_ZDICT_BYTES = 32_768

_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_SPACED = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class MeasuredTurn:
    """What was said in a turn: by the user (injections included), and by the model."""

    user: str
    model: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One turn, measured. `new` and `pull` are 0 to 1."""

    new: float
    pull: float
    new_terms: tuple[str, ...]
    echo_terms: tuple[str, ...]
    counted: int
    """How many content terms NEW is a share of."""

    @property
    def gravity(self) -> float:
        """0 (every term is new) to 100 (none is)."""
        return 100 * (1 - self.new)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Before and after a priming. Means are None where no turn is long enough."""

    before: tuple[Reading, ...]
    after: tuple[Reading, ...]
    taken_up: tuple[str, ...] = ()
    """Terms of injected items that later turns use."""
    offered: int = 0
    """How many items were injected."""

    @property
    def enough(self) -> bool:
        """Whether there are three turns on either side; greyed out otherwise."""
        return len(self.before) >= SIDE and len(self.after) >= SIDE

    def to_json(self) -> PrimingGauge:
        """The gauge as `priming.measured` carries it, with its word lists."""
        return {
            "before": _side(self.before),
            "after": _side(self.after),
            "uptake": {"taken": len(self.taken_up), "of": self.offered},
            "taken_up": list(self.taken_up),
            "new_terms": _all_terms(reading.new_terms for reading in self.after),
            "echo_terms": _all_terms(reading.echo_terms for reading in self.after),
            "enough": self.enough,
            "label": LABEL,
        }

    def line(self) -> str:
        """The gauge in one line, e.g. `gravity 49 → 33 (new terms .51 → .67, …)`."""
        before, after = _mean_new(self.before), _mean_new(self.after)
        if after is None:
            return "gravity: no turn since is long enough to tell"
        echo = len(_all_terms(reading.echo_terms for reading in self.after))
        tail = f"uptake {len(self.taken_up)}/{self.offered}; echo {echo}"
        if before is None:
            return f"gravity {100 * (1 - after):.0f} (new terms {_share(after)}; {tail})"
        return (
            f"gravity {100 * (1 - before):.0f} → {100 * (1 - after):.0f} "
            f"(new terms {_share(before)} → {_share(after)}, "
            f"mean of {len(self.before)} and {len(self.after)} turns; {tail})"
        )


def content_terms(text: str) -> list[str]:
    """The distinct words of a text that carry a subject, lower case, in order."""
    stop = stop_words()
    found: dict[str, None] = {}
    for match in _WORD.finditer(text.lower()):
        word = match[0].replace("’", "'").removesuffix("'s")
        if len(word) > 2 and word not in stop and "'" not in word:
            found[word] = None
    return list(found)


def prose(text: str) -> str:
    """A turn without its code blocks."""
    return _FENCE.sub("\n", text)


def read_turn(text: str, history: str, injected: str = "") -> Reading | None:
    """Measure one turn of the model; None when it has fewer than 30 content terms.

    `history` is everything before it (its last 3,000 words count), `injected` the block of a
    priming: its terms are neither new nor old.
    """
    text = prose(text)
    terms = content_terms(text)[:TURN_TERMS]
    if len(terms) < MIN_TERMS:
        return None
    # The injection stands in the history as a user message; it is neither new nor the session's.
    history = last_words(history.replace(injected, " ") if injected else history)
    block = set(content_terms(injected))
    own = set(content_terms(prose(history)))
    new = tuple(term for term in terms if term not in own and term not in block)
    echo = tuple(term for term in terms if term in block and term not in own)
    return Reading(len(new) / len(terms), pull(text, history), new, echo, len(terms))


def last_words(text: str, count: int = HISTORY_WORDS) -> str:
    """The end of a text, so many words long."""
    # No word of the window can begin before this, unless words are very long.
    text = text[-count * 24 :]
    starts = [match.start() for match in _SPACED.finditer(text)]
    return text[starts[-count] :] if len(starts) > count else text


def pull(text: str, history: str) -> float:
    """What a compressor saves on the text by knowing the history, 0 to 1."""
    sample = text.strip()[:PULL_CHARS].encode("utf-8", "replace")
    if not sample:
        return 0.0
    known = history.encode("utf-8", "replace")[-_ZDICT_BYTES:]
    alone = _deflated(sample, b"")
    return max(0.0, 1 - _deflated(sample, known) / alone)


def _deflated(data: bytes, known: bytes) -> int:
    if known:
        machine = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=known)
    else:
        machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return len(machine.compress(data)) + len(machine.flush())


def measure(
    turns: Sequence[MeasuredTurn], at: int, injected: str, items: Sequence[Item] = ()
) -> Gauge:
    """Measure up to three turns on either side of an injection.

    Args:
        turns: the session's turns, oldest first.
        at: index of the turn whose user message carried the injection; it is the first "after".
        injected: that message's text.
        items: what was injected, for uptake.
    """
    readings = {index: _at(turns, index, injected if index >= at else "")
               for index in _window(len(turns), at)}  # fmt: skip
    before = [r for i, r in sorted(readings.items()) if i < at and r is not None][-SIDE:]
    after = [r for i, r in sorted(readings.items()) if i >= at and r is not None][:SIDE]
    said = " ".join(prose(turn.model) for turn in turns[at:])
    taken = tuple(item.term for item in items if takes_up(said, item))
    return Gauge(tuple(before), tuple(after), taken, len(items))


def _window(count: int, at: int) -> range:
    """Turns worth reading: twice as many as are shown, since short ones don't count."""
    return range(max(0, at - 2 * SIDE), min(count, at + 2 * SIDE))


def _at(turns: Sequence[MeasuredTurn], index: int, injected: str) -> Reading | None:
    past: list[str] = []
    size = 0
    for turn in reversed(turns[:index]):
        past += (turn.model, turn.user)
        size += len(turn.model) + len(turn.user)
        if size > HISTORY_WORDS * 24:
            break
    history = "\n".join([*reversed(past), turns[index].user])
    return read_turn(turns[index].model, history, injected)


def takes_up(said: str, item: Item) -> bool:
    """Whether a text takes an item up: its term, or two thirds of the term's content words."""
    lower = said.lower()
    if item.term and item.term.lower() in lower:
        return True
    own = content_terms(item.term)
    if len(own) < 2:
        return False
    have = set(content_terms(said))
    return sum(term in have for term in own) >= 2 * len(own) / 3


def _mean_new(readings: Sequence[Reading]) -> float | None:
    return sum(r.new for r in readings) / len(readings) if readings else None


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def _side(readings: Sequence[Reading]) -> PrimingGaugeSide:
    if not readings:
        return {"turns": 0, "new": None, "pull": None, "gravity": None}
    new = sum(r.new for r in readings) / len(readings)
    mean_pull = sum(r.pull for r in readings) / len(readings)
    return {
        "turns": len(readings),
        "new": round(new, 4),
        "pull": round(mean_pull, 4),
        "gravity": round(100 * (1 - new), 1),
    }


def _all_terms(lists: Iterable[tuple[str, ...]]) -> list[str]:
    found: dict[str, None] = {}
    for terms in lists:
        found.update(dict.fromkeys(terms))
    return list(found)
