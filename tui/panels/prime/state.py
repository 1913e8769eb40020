"""What the Prime panel knows: kind, parameters, the draw, the candidates and what is ticked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from sessions.api.priming import (
    LostPriming,
    PrimingItem,
    PrimingKindShown,
    PrimingKnown,
    PrimingPast,
    PrimingPreview,
    PrimingShown,
    PrimingWishes,
    ReadingCost,
)
from sessions.api.requests import InjectionWishes
from sessions.record.closed_sets import DrawnKind
from tui.widgets.clickable_line import ClickableSpot
from tui.widgets.rows import Row
from tui.words.text import one_line, tokens

Params = dict[str, int | str | list[str]]
KINDS: tuple[DrawnKind, ...] = get_args(DrawnKind)
Kept = tuple[PrimingShown | None, set[str], list[PrimingItem], set[str], str]
_MOST_LOST = 2
KEYS: dict[str, DrawnKind] = {"1": "acronym", "2": "names", "3": "arxiv", "4": "terms"}


@dataclass(slots=True)
class Prime:
    """The panel's state for one session."""

    kind: DrawnKind = "acronym"
    params: dict[str, Params] = field(default_factory=dict)
    """Per kind, what differs from the defaults."""
    seed: int | None = None
    wishes: PrimingWishes = field(default_factory=PrimingWishes)
    """`about`, `terms`, `ban`, `keep`: what stands beside the draw."""
    follow_up: str = ""
    with_names: bool = False
    drawn: PrimingShown | None = None
    left_out: set[str] = field(default_factory=set)
    """Papers of the draw that the model shall not read."""
    items: list[PrimingItem] = field(default_factory=list)
    ticked: set[str] = field(default_factory=set)
    past: list[PrimingPast] = field(default_factory=list)
    known: PrimingKnown | None = None
    """What is measured of the kinds on the session's model, and what the ledger suggests."""
    size: PrimingPreview | None = None
    """What would be sent now."""
    busy: str = ""
    show: str = "draw"
    """`draw`, `items` or `past`."""

    kept: dict[str, Kept] = field(default_factory=dict)
    """What was drawn and read of the kinds that are not chosen now."""

    settled: bool = False
    """A kind was chosen, by the user or by what is known."""

    def learn(self, known: PrimingKnown | None) -> None:
        """Take in what is known; a fresh panel begins with what is not known to lose."""
        self.known = known
        begins = next((kind for kind in KINDS if kind not in self.lost), self.kind)
        fresh = not (self.settled or self.busy or self.drawn or self.items or self.given)
        if known and fresh:
            self.turn_to(begins)
            for kind, params in known["begin"].items():
                self.params.setdefault(kind, {}).update(params)
        self.settled = self.settled or bool(known)

    def turn_to(self, kind: DrawnKind) -> None:
        """Choose another kind; what was drawn and read of it before is there again."""
        if kind == self.kind:
            return
        show = self.show if self.show != "past" else "items" if self.items else "draw"
        self.kept[self.kind] = (self.drawn, self.left_out, self.items, self.ticked, show)
        self.kind, self.size = kind, None
        fresh: Kept = (None, set(), [], set(), "draw")
        found = self.kept.pop(kind, fresh)
        self.drawn, self.left_out, self.items, self.ticked, self.show = found

    @property
    def lost(self) -> list[str]:
        """Kinds that are known to lose with the session's model: offered last."""
        return [each["kind"] for each in _lost(self.known) if not each["part"]]

    @property
    def given(self) -> Params:
        """The chosen kind's parameters that differ from the defaults."""
        return self.params.setdefault(self.kind, {})

    def take_draw(self, drawn: PrimingShown) -> None:
        """A new draw: nothing is read in it yet."""
        self.drawn = drawn
        self.left_out = set()
        self.items, self.ticked, self.size, self.show = [], set(), None, "draw"

    def take_items(self, items: Sequence[PrimingItem], remarks: Sequence[str] = ()) -> None:
        """What was read; the unlikely first, as the engine sorted them."""
        self.items = list(items)
        self.ticked = {i["id"] for i in self.items if i.get("checked")}
        self.size = None
        self.show = "items"
        if self.drawn is not None:
            self.drawn = {**self.drawn, "remarks": list(remarks)}

    def words(self, wish: Literal["terms", "ban"]) -> list[str]:
        """The words of a wish."""
        found = self.wishes.get(wish, [])
        return [found] if isinstance(found, str) else list(found)

    @property
    def chosen(self) -> list[PrimingItem]:
        """The ticked items in their order."""
        return [i for i in self.items if i["id"] in self.ticked]

    @property
    def sending(self) -> InjectionWishes:
        """How the chosen items are sent: the arguments of `priming.inject` and its preview."""
        return {
            "follow_up": self.follow_up,
            "with_names": self.with_names,
            "ban": self.words("ban"),
            "params": {k: v for k, v in self.given.items() if k in ("mode", "inject")},
            "without": sorted(self.left_out),
        }


def _lost(known: PrimingKnown | None) -> list[LostPriming]:
    return known["lost"] if known else []


def parameter_words(kind: PrimingKindShown | None, prime: Prime) -> str:
    """The parameters of a kind in one line, changed ones marked."""
    words = []
    for parameter in kind["parameters"] if kind else ():
        name = parameter["name"]
        value = prime.given.get(name, parameter["default"])
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        mark = "*" if name in prime.given else ""
        words.append(f"{name}{mark} {shown[:40] or '-'}")
    words.append("seed by chance" if prime.seed is None else f"seed* {prime.seed}")
    for wished, told in ((prime.words("terms"), "domains"), (prime.words("ban"), "banned")):
        if wished:
            words.append(f"{told}* {', '.join(wished)}")
    return one_line(" · ".join(words))


def known_words(prime: Prime) -> str:
    """What was measured of the chosen kind on this model, and a suggestion where there is one."""
    ordinary = prime.kind == "names" and prime.given.get("who") == "ordinary"
    key = f"{prime.kind} ordinary" if ordinary else prime.kind
    words = [prime.known["measured"].get(key, "")] if prime.known else []
    lost = [each["says"] for each in _lost(prime.known) if each["kind"] == prime.kind]
    words += [f"Offered less. {said}" for said in lost[:_MOST_LOST]]
    if prime.known and prime.known["suggested"]:
        words.append(f"{prime.known['says']} u uses it.")
    return "\n".join(one_line(each) for each in words if each)


def draw_rows(prime: Prime) -> list[Row]:
    """The draw as rows; papers can be left out."""
    rows = []
    for row in prime.drawn["rows"] if prime.drawn else ():
        cells: list[tuple[str, str]] = []
        if prime.kind == "arxiv":
            out = row["key"] in prime.left_out
            cells.append(("[ ] " if out else "[x] ", "$text-muted" if out else "$text-success"))
        cells.append((one_line(row["text"]), ""))
        if row["warning"]:
            cells.append((f" ! {one_line(row['warning'])}", "$text-warning"))
        rows.append(Row(row["key"], tuple(cells)))
    if not rows and prime.drawn is not None:
        # A row all the same: what has none can't be picked, and enter would do nothing.
        field = one_line(str(prime.given.get("field") or ""))
        of = field or "a field far from this"
        rows.append(Row("", ((f"no terms given: enter asks for those of {of}", "$text-muted"),)))
    return rows


def item_rows(prime: Prime, typed: str) -> list[Row]:
    """The candidates that hold all the words typed."""
    words = typed.casefold().split()
    return [
        Row(item["id"], item_cells(item, item["id"] in prime.ticked))
        for item in prime.items
        if all(w in _all_words(item) for w in words)
    ]


def _all_words(item: PrimingItem) -> str:
    own = (item["source"], item["term"], item["gloss"], item["why"])
    more = (item.get("domain", ""), item.get("person", ""), item.get("mechanism", ""))
    return " ".join((*own, *more)).casefold()


def item_cells(item: PrimingItem, ticked: bool) -> tuple[tuple[str, str], ...]:
    """A candidate as a row: tick, term, flags, leap, how likely it was anyway, gloss."""
    p, leap = item["p"], item["leap"]
    likely = f" p {p:.2f}" if isinstance(p, int | float) else ""
    far = f" leap {leap}/5" if leap else ""
    flags = [flag["code"] for flag in item.get("flags", [])]
    person = f" ({item['person']}{'?' * unverified(item)})" if item.get("person") else ""
    return (
        ("[x] " if ticked else "[ ] ", "bold $text-success" if ticked else "$text-muted"),
        (one_line(f"{item['term']}{person}"), "bold" if ticked else ""),
        (f" ! {one_line(', '.join(flags))}" if flags else "", "$text-warning"),
        (f"{far}{likely}", "$text-accent"),
        (f"  {one_line(item['gloss'])}", "$text-muted"),
    )


def unverified(item: PrimingItem) -> bool:
    """Whether a person is named of whom nobody has checked that there is one."""
    return any(flag["code"] == "unverified" for flag in item.get("flags", []))


def about_item(item: PrimingItem) -> str:
    """A candidate in full."""
    source = f"{item['source']} → " if item["source"] not in ("", item["term"]) else ""
    parts = [f"{source}{item['term']}", item["gloss"]]
    told = {
        "why": item["why"],
        "domain": item.get("domain"),
        "handle": item.get("handle"),
        "mechanism": item.get("mechanism"),
        "test": item.get("test"),
        "confidence": item.get("confidence"),
    }
    parts += [f"{name}: {said}" for name, said in told.items() if said]
    if item.get("person"):
        parts.append(f"person: {item['person']}{' (unverified)' * unverified(item)}")
    if item.get("from"):
        parts.append(f"from {', '.join(item['from'])}")
    parts += [f"! {flag['text']}" for flag in item.get("flags", [])]
    return "\n".join(one_line(part) for part in parts if part)


def cost_words(estimate: ReadingCost | None) -> str:
    """What reading a draw takes, before it is asked."""
    if not estimate:
        return ""
    usd = f", at most ${estimate['usd']:.3f}" if estimate["usd"] else ""
    most = tokens(int(estimate["output"]))
    return f"reading it: about {tokens(int(estimate['input']))} tokens in, at most {most} out{usd}"


def foot_words(prime: Prime) -> str:
    """What is going on, or what the next step takes."""
    if prime.busy:
        return f"{prime.busy} (esc stops waiting)"
    drawn, size = prime.drawn, prime.size
    if prime.show == "items":
        words = [f"{len(prime.chosen)} of {len(prime.items)} chosen"]
        if size and size["tokens"]:
            usd = f", ${size['usd']:.4f}" if size["usd"] else ""
            words[0] += f"; sends about {tokens(size['tokens'])} tokens{usd}"
            if 0 < size["most"] < size["tokens"]:
                words.append(f"! too much: the model's window has room for {tokens(size['most'])}")
        words += [coverage(prime.items)] if prime.kind == "names" else []
        words += drawn["remarks"] if drawn else []
        return "\n".join(one_line(w) for w in words if w)
    if prime.show == "draw" and drawn:
        words = [cost_words(drawn["estimate"]), drawn["where"]]
        words += [f"seed {drawn['seed']}"]
        # What came of the draw has lines of its own: there it says what is missing and why.
        notes = [one_line(note) for note in drawn.get("notes", [])]
        return "\n".join([*notes, " · ".join(one_line(w) for w in words if w)])
    return ""


def coverage(items: list[PrimingItem]) -> str:
    """Which letters and how many domains a list of names covers."""
    letters = {(i.get("letter") or i["source"])[:1].upper() for i in items} - {""}
    if not letters:
        return ""
    row = "".join(c if c in letters else "·" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    domains = {i.get("domain", "").casefold() for i in items} - {""}
    return f"{row}  {len(letters)}/26 letters, {len(domains)} domains"


def kind_spots(prime: Prime) -> list[ClickableSpot]:
    """The kinds with their keys; those that are known to lose stand last, and say so."""
    spots = []
    for key, name in sorted(KEYS.items(), key=lambda each: each[1] in prime.lost):
        style = "reverse" if name == prime.kind else "$text-muted"
        said = f" {key} {name}{' (lost)' * (name in prime.lost)} "
        spots.append(ClickableSpot(said, style, f"kind:{name}"))
    return spots
