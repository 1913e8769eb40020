"""What passes between the steps of a priming: a draw, and the items read in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sessions.api.priming import DrawnPaper, ItemExtras, PrimingDraw, PrimingItem
from sessions.ids import new_id
from sessions.priming.kind_params import AcronymParams, NamesParams, PapersParams, TermsParams
from sessions.record.closed_sets import DrawnKind, DrawnSource

JSON = dict[str, Any]

# The fields that an item may carry beyond the common ones, each a short text or a list of them.
TEXT_EXTRAS = tuple(ItemExtras.__annotations__)


def new_priming_id() -> str:
    """An id of a priming; sorts by time."""
    return f"p{new_id()}"


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance gave, and all that is needed to draw it again.

    `draw` is a list of strings, except for arXiv: a list of papers as JSON objects.
    """

    id: str
    kind: DrawnKind
    seed: int
    params: JSON
    draw: list[Any]
    source: DrawnSource = "chance"
    """`chance`, or for papers `network`, `cache`, `earlier`, `bundled`."""
    notes: tuple[str, ...] = ()
    """What a person should know of this draw, one sentence each."""
    meta: JSON = field(default_factory=dict)
    """Facts of how it was drawn (bound, requests, method), for the record."""

    @property
    def papers(self) -> list[DrawnPaper]:
        """What is drawn of arXiv, as it went on record."""
        return self.draw

    @property
    def acronym(self) -> AcronymParams:
        """The parameters of letter sets."""
        return cast("AcronymParams", self.params)

    @property
    def names(self) -> NamesParams:
        """The parameters of names."""
        return cast("NamesParams", self.params)

    @property
    def arxiv(self) -> PapersParams:
        """The parameters of papers."""
        return cast("PapersParams", self.params)

    @property
    def terms(self) -> TermsParams:
        """The parameters of words."""
        return cast("TermsParams", self.params)

    def to_json(self) -> PrimingDraw:
        """The shape that `prime … --draw-only --json` prints."""
        data: PrimingDraw = {
            "id": self.id,
            "kind": self.kind,
            "seed": self.seed,
            "params": self.params,
            "draw": self.draw,
        }
        if self.source != "chance":
            data["source"] = self.source
        if self.notes:
            data["notes"] = list(self.notes)
        return data


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a check found; `code` for programs, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One candidate: a reading, a person's concept, an insight or a term.

    `leap` is 1 (near) to 5 (far); `p` from 0 to 1 is how likely it would have come up without
    the draw. Both are the model's own word, and None where it gave none.
    """

    id: str
    source: str
    term: str
    gloss: str = ""
    why: str = ""
    leap: int | None = None
    p: float | None = None
    kind: str = ""
    cited: tuple[str, ...] = ()
    """Ids of papers; `from` in JSON."""
    extra: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    checked: bool = False
    """Ticked to begin with."""
    edited: bool = False

    def flagged(self, *codes: str) -> bool:
        """Whether a check found one of these."""
        return any(flag.code in codes for flag in self.flags)

    def with_text(self, term: str, gloss: str | None = None) -> Item:
        """The item as a person rewrote it."""
        return replace(self, term=term, gloss=self.gloss if gloss is None else gloss, edited=True)

    def to_json(self) -> PrimingItem:
        """The item as events and `--json` carry it."""
        data: PrimingItem = {
            "id": self.id,
            "source": self.source,
            "term": self.term,
            "gloss": self.gloss,
            "why": self.why,
            "leap": self.leap,
            "p": self.p,
            "checked": self.checked,
        }
        if self.kind:
            data["kind"] = self.kind
        if self.cited:
            data["from"] = list(self.cited)
        data |= cast("PrimingItem", dict(self.extra))
        if self.flags:
            data["flags"] = [{"code": flag.code, "text": flag.text} for flag in self.flags]
        if self.edited:
            data["edited"] = True
        return data


def item_from_json(data: Mapping[str, Any]) -> Item:
    """Read an item of an event; fields that are missing or odd are left empty."""

    def text(key: str) -> str:
        value = data.get(key)
        return value if isinstance(value, str) else ""

    flags = data.get("flags")
    cited = data.get("from")
    return Item(
        id=text("id"),
        source=text("source"),
        term=text("term"),
        gloss=text("gloss"),
        why=text("why"),
        leap=whole(data.get("leap"), 1, 5),
        p=fraction(data.get("p")),
        kind=text("kind"),
        cited=tuple(c for c in cited if isinstance(c, str)) if isinstance(cited, list) else (),
        extra={key: text(key) for key in TEXT_EXTRAS if text(key)},
        flags=tuple(
            Flag(str(flag.get("code", "")), str(flag.get("text", "")))
            for flag in (flags if isinstance(flags, list) else [])
            if isinstance(flag, dict)
        ),
        checked=data.get("checked") is True,
        edited=data.get("edited") is True,
    )


def fraction(value: object) -> float | None:
    """A probability in what a model wrote: 0.3, "0.3", 30, "30 %"; None when there is none."""
    if isinstance(value, str):
        percent = value.strip().endswith("%")
        try:
            number = float(value.strip().rstrip("%").strip())
        except ValueError:
            return None
        value = number / 100 if percent else number
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if 1 < value <= 100:
        value = value / 100
    return round(float(value), 4) if 0 <= value <= 1 else None


def whole(value: object, low: int, high: int) -> int | None:
    """A whole number within bounds, from a number or a numeral; None otherwise."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(high, max(low, round(value)))
