"""What can be drawn, and the parameters of each kind: one registry for commands and panel."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions.api.priming import PrimingKindShown, PrimingParameter
from sessions.errors import UsageError
from sessions.priming.model import JSON
from sessions.record.closed_sets import DrawnKind, ParameterType

_MOST_WORDS = 5_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `shapes` says whether it changes what is drawn or only what is made of it."""

    name: str
    type: ParameterType
    default: Any
    about: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    shapes: bool = True

    def to_json(self) -> PrimingParameter:
        """For an interface."""
        return {
            "name": self.name,
            "type": self.type,
            "default": self.default,
            "about": self.about,
            "low": self.low,
            "high": self.high,
            "choices": list(self.choices),
            "shapes": self.shapes,
        }

    def read(self, value: object) -> Any:
        """The value as this parameter needs it, from its own type or a text.

        Raises:
            UsageError: it does not fit; says what would.
        """
        if self.type == "int":
            return self._number(value)
        if self.type == "words":
            return words_of(value)
        text = str(value).strip()
        if self.type == "choice" and text not in self.choices:
            raise UsageError(
                f"{self.name} can't be {text!r}.", f"Choose one of {', '.join(self.choices)}."
            )
        return text

    def _number(self, value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | str) else -1
        except ValueError:
            number = -1
        if isinstance(value, bool) or not self.low <= number <= self.high:
            raise UsageError(
                f"{self.name} can't be {str(value)[:40]!r}.",
                f"Give a whole number from {self.low} to {self.high}.",
            )
        return number


def words_of(value: object) -> list[str]:
    """Terms from a list, or from a text with commas, semicolons or line breaks; no doubles."""
    if isinstance(value, str):
        parts: Iterable[object] = re.split(r"[,;\n]", value)
    elif isinstance(value, Iterable):
        parts = value
    else:
        parts = ()
    found: dict[str, str] = {}
    for part in parts:
        text = " ".join(str(part).split())
        if text:
            found.setdefault(text.casefold(), text)
    return list(found.values())[:_MOST_WORDS]


@dataclass(frozen=True, slots=True)
class PrimingKind:
    """One way to bring in tokens from outside."""

    name: DrawnKind
    title: str
    about: str
    parameters: tuple[Parameter, ...]
    needs_network: bool = False
    keep: int = 10
    """How many items are asked of the model by default."""
    stages: tuple[str, ...] = field(default=())
    """Titles of the stages after one another, where a kind has several."""

    def to_json(self) -> PrimingKindShown:
        """For an interface."""
        return {
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "needs_network": self.needs_network,
            "keep": self.keep,
            "stages": list(self.stages),
        }

    def takes(self, name: str) -> bool:
        """Whether it has a parameter of that name."""
        return any(parameter.name == name for parameter in self.parameters)

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name. Raises UsageError that names the nearest."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = [parameter.name for parameter in self.parameters]
        near = difflib.get_close_matches(name, names, 1)
        raise UsageError(
            f"Priming {self.name} has no parameter {name!r}.",
            f"Did you mean {near[0]}?" if near else f"It has {', '.join(names)}.",
        )

    def read(self, given: Mapping[str, object]) -> JSON:
        """All parameters: those given, checked, and the defaults of the rest.

        Raises:
            UsageError: one is unknown or does not fit.
        """
        for name in given:
            self.parameter(name)
        params = {p.name: p.read(given.get(p.name, p.default)) for p in self.parameters}
        if self.name == "names":
            params["letters"] = "".join(sorted(letters_of(params["letters"])))
        if self.name == "acronym" and params["letters"] < 3 and params["count"] > 20:
            # 26 first letters, and no two sets may share one: distance 2 leaves no more.
            raise UsageError(
                f"There are not {params['count']} sets of 2 letters that differ in both.",
                "Ask for at most 20, or for 3 letters and more.",
            )
        return params

    def shaping(self, params: Mapping[str, Any]) -> JSON:
        """The parameters that the draw depends on; these, kind and seed make the stream."""
        return {p.name: params[p.name] for p in self.parameters if p.shapes}


_ACRONYM = PrimingKind(
    "acronym",
    "Acronym",
    "Random letter sets; the model reads some of them as names of concepts.",
    (
        Parameter("count", "int", 100, "How many letter sets.", 1, 500),
        Parameter("letters", "int", 4, "Letters in a set.", 2, 6),
        Parameter(
            "alphabet",
            "choice",
            "uniform",
            "uniform: every letter alike; initials: about as often as words begin with it.",
            choices=("uniform", "initials"),
        ),
        Parameter(
            "mode",
            "choice",
            "readings",
            "readings: the model reads them; raw: the bare sets go in.",
            choices=("readings", "raw"),
            shapes=False,
        ),
    ),
)
_NAMES = PrimingKind(
    "names",
    "Names",
    "A to Z in a random order; for each letter a person and the concept they would bring.",
    (
        Parameter(
            "stage",
            "int",
            1,
            "1: whoever comes to mind; 2: only researchers know them; 3: further out still.",
            1,
            3,
            shapes=False,
        ),
        Parameter("letters", "text", LETTERS, "Which letters."),
        Parameter(
            "who",
            "choice",
            "known",
            "known: people with a name; ordinary: people of all trades, nobody famous.",
            choices=("known", "ordinary"),
            shapes=False,
        ),
    ),
    keep=26,
    stages=("first to come to mind", "known to researchers", "further out"),
)
_ARXIV = PrimingKind(
    "arxiv",
    "arXiv",
    "A uniform random sample of a month's papers; connections between abstracts.",
    (
        Parameter("month", "text", "", "YYYY-MM; empty: the last complete month."),
        Parameter("category", "text", "", "e.g. cs.AI or hep-th; empty: all."),
        Parameter("n", "int", 10, "How many papers.", 1, 50, shapes=False),
        Parameter(
            "any",
            "choice",
            "no",
            "Where these papers can't be had: yes takes the sample that ships.",
            choices=("no", "yes"),
            shapes=False,
        ),
        Parameter(
            "inject",
            "choice",
            "insights",
            "What goes into the session.",
            choices=("insights", "abstracts", "both"),
            shapes=False,
        ),
    ),
    needs_network=True,
    keep=6,
)
_TERMS = PrimingKind(
    "terms",
    "Terms",
    "Words of a domain: pasted, from a file, or what a specialist would say.",
    (
        Parameter("terms", "words", (), "The words."),
        Parameter("field", "text", "", "A field to mine for words, by the model.", shapes=False),
        Parameter("n", "int", 20, "At most so many; more are drawn from by chance.", 1, 200),
    ),
)

KINDS: dict[str, PrimingKind] = {kind.name: kind for kind in (_ACRONYM, _NAMES, _ARXIV, _TERMS)}


def kind_of(name: str) -> PrimingKind:
    """The kind of that name. Raises UsageError that names the nearest."""
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, 1)
        raise UsageError(
            f"There is no priming {name[:40]!r}.",
            f"Did you mean {near[0]}?" if near else f"There are {', '.join(KINDS)}.",
        )
    return kind


def letters_of(text: str) -> list[str]:
    """The letters A to Z in a text such as `A-F`, `AEIOU` or `a,b,c`, each once, in order.

    Raises:
        UsageError: there is none.
    """
    found: dict[str, None] = {}
    upper = text.upper()
    for index, letter in enumerate(upper):
        if letter == "-" and 0 < index < len(upper) - 1:
            first, last = upper[index - 1], upper[index + 1]
            if first in LETTERS and last in LETTERS and first < last:
                found.update(dict.fromkeys(LETTERS[LETTERS.index(first) : LETTERS.index(last)]))
        elif letter in LETTERS:
            found[letter] = None
    if not found:
        raise UsageError(f"{text[:40]!r} has no letter from A to Z.", "Write for example A-Z.")
    return list(found)


COMMON = ("seed", "keep", "about", "term", "ban")


@dataclass(frozen=True, slots=True)
class Spec:
    """A priming as `run --prime` names it."""

    kind: DrawnKind
    params: JSON
    seed: int | None = None
    keep: int | None = None
    about: str = ""
    terms: tuple[str, ...] = ()
    ban: tuple[str, ...] = ()


def parse_spec(text: str) -> Spec:
    """Read `KIND[:key=value,…]`, e.g. `acronym:count=50,letters=3,seed=7`.

    Several words for `term`, `ban` and `terms` stand with `+` between them.

    Raises:
        UsageError: kind, key or value does not fit.
    """
    name, _, rest = text.partition(":")
    kind = kind_of(name.strip())
    given: JSON = {}
    for part in rest.split(",") if rest.strip() else []:
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(
                f"{part.strip()[:40]!r} in {text[:60]!r} has no value.",
                "Write KIND:key=value,key=value.",
            )
        given[key.strip()] = value.strip()
    common = {key: given.pop(key) for key in COMMON if key in given}
    if "terms" in given:
        given["terms"] = given["terms"].split("+")
    keep = Parameter("keep", "int", 0, "", 0, 100)
    return Spec(
        kind.name,
        kind.read(given),
        seed=read_seed(common["seed"]) if "seed" in common else None,
        keep=keep.read(common["keep"]) if "keep" in common else None,
        about=common.get("about", ""),
        terms=tuple(words_of(common.get("term", "").split("+"))),
        ban=tuple(words_of(common.get("ban", "").split("+"))),
    )


def read_seed(value: object) -> int:
    """A seed: a whole number from 0 to 2**63 - 1. Raises UsageError."""
    return int(Parameter("seed", "int", 0, "", 0, 2**63 - 1).read(value))
