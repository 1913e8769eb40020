"""What the Prime panel knows: kind, parameters, the draw, the candidates and what is ticked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tui.text import one_line, tokens

JSON = dict[str, Any]
KINDS = ("acronym", "names", "arxiv", "terms")
KEYS = {"1": "acronym", "2": "names", "3": "arxiv", "4": "terms"}


@dataclass(slots=True)
class Prime:
    """The panel's state for one session."""

    kind: str = "acronym"
    params: dict[str, JSON] = field(default_factory=dict)
    """Per kind, what differs from the defaults."""
    seed: int | None = None
    wishes: JSON = field(default_factory=dict)
    follow_up: str = ""
    with_names: bool = False
    drawn: JSON | None = None
    items: list[JSON] = field(default_factory=list)
    ticked: set[str] = field(default_factory=set)
    past: list[JSON] = field(default_factory=list)
    busy: str = ""
    show: str = "draw"
    """`draw`, `items` or `past`."""

    def take_draw(self, drawn: JSON) -> None:
        """A new draw: nothing is read in it yet."""
        self.drawn = drawn
        self.items, self.ticked, self.show = [], set(), "draw"

    def take_items(self, found: JSON) -> None:
        """What was read; the unlikely first, as the engine sorted them."""
        self.items = list(found["items"])
        self.ticked = {i["id"] for i in self.items if i.get("checked")}
        self.show = "items"
        if self.drawn is not None:
            self.drawn = {**self.drawn, "remarks": found.get("remarks", [])}

    @property
    def chosen(self) -> list[JSON]:
        """The ticked items in their order."""
        return [i for i in self.items if i["id"] in self.ticked]


def parameter_words(kind: JSON, params: JSON, prime: Prime) -> str:
    """The parameters of a kind in one line, changed ones marked."""
    words = []
    for parameter in kind.get("parameters", []):
        name = parameter["name"]
        value = params.get(name, parameter["default"])
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        mark = "*" if name in params else ""
        words.append(f"{name}{mark} {shown or '-'}")
    seed = "by chance" if prime.seed is None else str(prime.seed)
    terms = ", ".join(prime.wishes.get("terms") or ())
    ban = ", ".join(prime.wishes.get("ban") or ())
    words.append(f"seed {seed}")
    if terms:
        words.append(f"domains {terms}")
    if ban:
        words.append(f"banned {ban}")
    return one_line(" · ".join(words))


def item_cells(item: JSON, ticked: bool) -> tuple[tuple[str, str], ...]:
    """A candidate as a row: tick, term, leap, how likely it was anyway, flags."""
    p = item.get("p")
    likely = f" p {p:.2f}".replace("0.", ".") if isinstance(p, int | float) else ""
    flags = [str(f.get("code")) for f in item.get("flags") or []]
    person = f" ({item['person']}?)" if item.get("person") else ""
    return (
        ("[x] " if ticked else "[ ] ", "bold $text-success" if ticked else "$text-muted"),
        (one_line(f"{item['term']}{person}"), "bold" if ticked else ""),
        (f" {item.get('dots', '')}{likely}", "$text-accent"),
        (f" ! {one_line(', '.join(flags))}" if flags else "", "$text-warning"),
        (f"  {one_line(str(item.get('gloss', '')))}", "$text-muted"),
    )


def about_item(item: JSON) -> str:
    """A candidate in full."""
    parts = [f"{item.get('source', '')} → {item['term']}", str(item.get("gloss", ""))]
    for name in ("why", "domain", "handle", "mechanism", "test", "confidence"):
        if item.get(name):
            parts.append(f"{name}: {item[name]}")
    if item.get("from"):
        parts.append(f"from {', '.join(item['from'])}")
    parts += [str(flag.get("text", "")) for flag in item.get("flags") or []]
    return "\n".join(one_line(part) for part in parts if part)


def cost_words(estimate: JSON | None) -> str:
    """What reading a draw takes, before it is asked."""
    if not estimate:
        return ""
    usd = f", at most ${estimate['usd']:.3f}" if estimate.get("usd") else ""
    most = tokens(int(estimate["output"]))
    return f"reading it: about {tokens(int(estimate['input']))} in, {most} out at most{usd}"


def gauge_words(gauge: JSON) -> str:
    """The gauge in one line, labelled as what it is."""
    if not gauge:
        return "not measured yet"
    before, after = gauge.get("before") or {}, gauge.get("after") or {}
    uptake = gauge.get("uptake") or {}

    def side(reading: JSON) -> str:
        return f"{reading['gravity']:.0f}" if reading.get("gravity") is not None else "–"

    enough = "" if gauge.get("enough") else " (too few turns to tell)"
    taken = f"uptake {uptake.get('taken', 0)}/{uptake.get('of', 0)}"
    return f"gravity {side(before)} → {side(after)} · {taken}{enough} · {gauge.get('label', '')}"


def coverage(items: list[JSON]) -> str:
    """Which letters and how many domains a list of names covers."""
    letters = {str(i.get("letter", ""))[:1].upper() for i in items}
    if not letters - {""}:
        return ""
    row = "".join(c if c in letters else "·" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    domains = {str(i.get("domain", "")).casefold() for i in items} - {""}
    return f"{row}  {len(letters - {''})}/26 letters, {len(domains)} domains"
