"""How the user wants tiles arranged: which are shown, in which order, in how many columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypedDict, cast, get_args

from sessions.record.groups import groups_of
from tui.view.thinking import Thinking

if TYPE_CHECKING:
    from sessions.record.summary import Summary

MOST_COLUMNS = 6
STEP = 1.25
"""How much wider and higher a tile gets at a time."""
_SIZES = (0.2, 5.0)
_URGENT = ("needs-you", "failed", "cut-off", "paused", "done")


class ArrangementKept(TypedDict, total=False):
    """The same in the deck's memory; `thinking_open`: an earlier version's."""

    columns: int
    by_need: bool
    kept: list[str]
    only: str
    thinking: Thinking
    thinking_open: bool
    hidden: list[str]
    sizes: dict[str, tuple[float, float]]
    compact: bool


@dataclass(slots=True)
class Arrangement:
    """Remembered from one start to the next. `columns`: 0 = as many as fit; `only`: a group."""

    columns: int = 0
    by_need: bool = False
    kept: list[str] = field(default_factory=list)
    """Tiles that are first on every page."""
    only: str = ""
    thinking: Thinking = "folded"
    hidden: list[str] = field(default_factory=list)
    """Tiles that take no room until they are gone to."""
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Of tiles that are not like the others: how much wider, and higher, than one that is."""
    compact: bool = False
    """More tiles on a page, and no empty rows between what is said."""

    def size(self, session: str) -> tuple[float, float]:
        """How wide and how high a tile is beside others."""
        return self.sizes.get(session, (1.0, 1.0))

    def resize(self, session: str, wide: float, high: float) -> None:
        """Give a tile another size beside others, within reason."""
        low, most = _SIZES
        size = (min(max(wide, low), most), min(max(high, low), most))
        self.sizes[session] = size
        if all(abs(each - 1.0) < 0.01 for each in size):
            del self.sizes[session]

    def forget(self, known: Sequence[str]) -> None:
        """Keep nothing of tiles that are none any more."""
        self.kept[:] = [i for i in self.kept if i in known]
        self.hidden[:] = [i for i in self.hidden if i in known]
        self.sizes = {i: size for i, size in self.sizes.items() if i in known}

    def shown(self, order: Sequence[str], summaries: dict[str, Summary]) -> list[str]:
        """The tiles that are shown, in their order; all of them where none would be left."""
        there = [i for i in order if i not in self.hidden] or list(order)
        found = [i for i in there if self._has(summaries.get(i))] or there
        if self.by_need:
            found.sort(key=lambda i: _rank(summaries.get(i)))
        return found

    def _has(self, summary: Summary | None) -> bool:
        return not self.only or (summary is not None and self.only in groups_of(summary))

    def paged(
        self, shown: Sequence[str], current: str | None, per_page: int
    ) -> tuple[list[str], int, int]:
        """The tiles of the page with `current`, which page that is (from 0), and how many."""
        kept, rest, room = self._split(shown, per_page)
        pages = max(1, -(-len(rest) // room))
        page = rest.index(current) // room if current in rest else 0
        return [*kept, *rest[page * room : (page + 1) * room]], page, pages

    def first_of(self, shown: Sequence[str], page: int, per_page: int) -> str:
        """The first tile of a page that is not on every page."""
        _, rest, room = self._split(shown, per_page)
        return rest[page * room]

    def _split(self, shown: Sequence[str], per_page: int) -> tuple[list[str], list[str], int]:
        """The tiles of every page, the others, and how many of those a page has room for."""
        kept = [i for i in shown if i in self.kept][: max(0, per_page - 1)]
        return kept, [i for i in shown if i not in kept], max(1, per_page - len(kept))

    def to_json(self) -> ArrangementKept:
        """For the deck's memory."""
        return cast("ArrangementKept", asdict(self))

    @classmethod
    def of(cls, told: object) -> Arrangement:
        """From the deck's memory; what is none is left out."""
        if not isinstance(told, dict):
            return cls()
        data = cast("ArrangementKept", told)  # by this version or another: each is looked at
        columns = data.get("columns", 0)
        thinking: Thinking = "open" if data.get("thinking_open") is True else "folded"
        for how in get_args(Thinking):
            thinking = how if data.get("thinking") == how else thinking
        made = cls(
            columns if isinstance(columns, int) and 0 <= columns <= MOST_COLUMNS else 0,
            data.get("by_need") is True,
            _texts(data.get("kept")),
            str(data.get("only") or ""),
            thinking,
            _texts(data.get("hidden")),
            compact=data.get("compact") is True,
        )
        sizes = data.get("sizes")
        for session, size in sizes.items() if isinstance(sizes, dict) else ():
            if isinstance(size, list) and len(size) == 2 and all(map(_is_size, size)):
                made.resize(str(session), *size)
        return made


def _texts(told: object) -> list[str]:
    return [str(each) for each in told] if isinstance(told, list) else []


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _rank(summary: Summary | None) -> int:
    status = summary.status if summary is not None else ""
    return _URGENT.index(status) if status in _URGENT else len(_URGENT)
