"""What wants a person, over all sessions: questions, failures, limits, unseen ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessions.record.closed_sets import Status, WantKind
from sessions.record.summary import SNIPPET, Summary
from sessions.record.summary_parts import PendingAsk

ORDER: tuple[WantKind, ...] = (
    "question", "needs-you", "failed", "cut-off", "limit", "done", "harvest", "dream",
)  # fmt: skip
"""The most urgent first: a session that asks stands still."""
_KINDS: dict[Status, WantKind] = {
    "failed": "failed", "cut-off": "cut-off", "paused": "limit", "done": "done",
    "needs-you": "needs-you",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Want:
    """One thing. `key` names it; `words` say what it is, `ask` is a question's request.

    `running`: of a terminal, which is not written to, whether its program runs.
    """

    kind: WantKind
    key: str
    session: str
    at: str
    words: str
    ask: PendingAsk | None = None
    running: bool | None = None


def wants(summaries: Iterable[Summary]) -> list[Want]:
    """All of open sessions, the most urgent kind first and of each kind the oldest."""
    found = [want for s in summaries if not (s.archived or s.closed) for want in _of(s)]
    return in_order(found)


def in_order(found: Iterable[Want]) -> list[Want]:
    """The most urgent kind first, and of each kind the oldest."""
    return sorted(found, key=lambda want: (ORDER.index(want.kind), want.at, want.key))


def _of(summary: Summary) -> Iterable[Want]:
    for ask in summary.asks:
        words, key = ask["summary"] or ask["tool"], f"{summary.id} {ask['ask']}"
        yield Want("question", key, summary.id, ask["at"], words, ask)
    kind = _KINDS.get(summary.status)
    terminal = summary.terminal
    if kind == "needs-you" and terminal is None:
        return  # what it asks is a question, which has come or comes
    waits = summary.paused.startswith("waiting for ")  # its turn comes by itself
    if kind is not None and not summary.asks and not (kind == "limit" and waits):
        said = {"failed": summary.error, "cut-off": summary.error, "limit": summary.paused}
        if terminal is not None:
            said["needs-you"] = str(terminal["said"].get("message", ""))
        yield Want(
            kind,
            f"{summary.id} {kind}",
            summary.id,
            summary.updated,
            said.get(kind) or last_words(summary.snippet),
            running=None if terminal is None else bool(terminal["running"]),
        )


def last_words(snippet: str, most: int = 160) -> str:
    """The end of what was said last: whole words, and a mark where something stands before them."""
    words = " ".join(snippet.split())
    if len(words) <= most and len(snippet) < SNIPPET:
        return words
    whole = words[-most:].partition(" ")[2] or words[-most:]
    return f"…{whole}"
