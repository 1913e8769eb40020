"""How the user wants tiles arranged: which are shown, in which order, in how many columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sessions.record.groups import groups_of

if TYPE_CHECKING:
    from sessions.record.summary import Summary

MOST_COLUMNS = 6
_URGENT = ("needs-you", "failed", "cut-off", "paused", "done")


@dataclass(slots=True)
class Arrangement:
    """Remembered from one start to the next. `columns`: 0 = as many as fit; `only`: a group."""

    columns: int = 0
    by_need: bool = False
    kept: list[str] = field(default_factory=list)
    """Tiles that are first on every page."""
    only: str = ""
    thinking_open: bool = False
    """Thinking begins unfolded."""

    def shown(self, order: Sequence[str], summaries: dict[str, Summary]) -> list[str]:
        """The tiles that are shown, in their order; all of them where none is of the group."""
        found = [i for i in order if self._has(summaries.get(i))] or list(order)
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

    def to_json(self) -> dict[str, Any]:
        """For the deck's memory."""
        return asdict(self)

    @classmethod
    def of(cls, data: Any) -> Arrangement:
        """From the deck's memory; what is none is left out."""
        if not isinstance(data, dict):
            return cls()
        columns = data.get("columns", 0)
        return cls(
            columns if isinstance(columns, int) and 0 <= columns <= MOST_COLUMNS else 0,
            data.get("by_need") is True,
            [str(i) for i in data.get("kept") or []],
            str(data.get("only") or ""),
            data.get("thinking_open") is True,
        )


def _rank(summary: Summary | None) -> int:
    status = summary.status if summary is not None else ""
    return _URGENT.index(status) if status in _URGENT else len(_URGENT)
