"""Papers without a network: of earlier draws, or the sample that ships where that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sessions.errors import AgentdeckError
from sessions.priming.arxiv.client import Unreachable
from sessions.priming.arxiv.ids import Month, of_month
from sessions.priming.arxiv.papers import Paper
from sessions.priming.arxiv.store import PaperStore, bundled
from sessions.priming.rng import Stream
from sessions.record.closed_sets import DrawnSource


@dataclass(frozen=True, slots=True)
class WantedPapers:
    """What was asked for. `named`: the month by a person; `any`: the sample will do as well."""

    month: Month
    category: str
    n: int
    named: bool = False
    any: bool = False

    @property
    def words(self) -> str:
        """`2026-01, cs.DB`."""
        return f"{self.month}, {self.category}" if self.category else str(self.month)


@dataclass(frozen=True, slots=True)
class Here:
    """Papers in draw order, where they are from, and a sentence on them."""

    papers: list[Paper]
    label: DrawnSource
    note: str


def from_here(store: PaperStore, seed: int, wanted: WantedPapers, why: Unreachable) -> Here:
    """Papers that are on this machine.

    Raises AgentdeckError where a month or a category was asked for, of which there are none: other
    papers are no answer to that unless the person says so (`any`).
    """
    pool, label, note = _pool(store, wanted)
    if not pool:
        raise AgentdeckError(
            f"{why.message} There are no papers of {wanted.words} on this machine.",
            f"{why.hint or 'Ask with a network.'} Or take the sample that ships with agentdeck: "
            "--any; any=yes in --prime; any in the deck's settings (e).",
        )
    params = {"month": str(wanted.month), "category": wanted.category}
    order = Stream("arxiv-here", seed, params).shuffled(pool)
    if len(pool) < wanted.n:
        note += f" There are no more: {len(pool)} of {wanted.n}."
    return Here(order[: wanted.n], label, note)


def _pool(store: PaperStore, wanted: WantedPapers) -> tuple[list[Paper], DrawnSource, str]:
    of, n, category = wanted.words, wanted.n, wanted.category
    asked = wanted.named or bool(category)
    found: list[tuple[list[Paper], DrawnSource, str]] = [
        (_of_month(store, wanted), "earlier", f"papers of earlier draws of {of}, drawn from again")
    ]
    if not wanted.named:
        other = [p for p in store.any_earlier() if _in(p, category)]
        told = f"papers of earlier draws, not of {wanted.month}"
        found.append((other, "earlier", told))
    if not wanted.named and category:
        shipped = [p for p in bundled() if _in(p, category)]
        told = f"{category} of the records that ship with agentdeck, not a sample of {wanted.month}"
        found.append((shipped, "bundled", told))
    if wanted.any or not asked:
        told = f"of the records that ship with agentdeck, not a sample of {of}"
        found.append((list(bundled()), "bundled", told))
    # The nearest to what was asked that has enough; else the nearest that has any.
    enough = [each for each in found if len(each[0]) >= n] or [each for each in found if each[0]]
    if not enough:
        return [], "bundled", ""
    pool, label, told = enough[0]
    return pool, label, f"These are {told}: {len(pool)} in all."


def _of_month(store: PaperStore, wanted: WantedPapers) -> list[Paper]:
    """Those of draws of the very same; else of whatever draws, by their ids and categories."""
    exact = store.earlier(str(wanted.month), wanted.category)
    if len(exact) >= wanted.n:
        return exact
    found = {p.id: p for p in exact}
    for paper in store.any_earlier():
        if of_month(paper.id, str(wanted.month)) and _in(paper, wanted.category):
            found.setdefault(paper.id, paper)
    return [found[key] for key in sorted(found)]


def _in(paper: Paper, category: str) -> bool:
    """Whether a paper is of a category, which may be `math.*`."""
    if category.endswith(".*"):
        return any(c.startswith(category[:-1]) for c in paper.categories)
    return not category or category in paper.categories
