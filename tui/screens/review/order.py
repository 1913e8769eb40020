"""Several sessions of a repository landed one after another, in the order that a person gives."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from sessions.errors import AgentdeckError
from sessions.record.closed_sets import LandedHow
from sessions.record.names import name_of
from sessions.record.summary import Summary
from tui.deck.client import DeckClient
from tui.screens.dialogs import Dialog
from tui.timing.background_work import while_shown
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clean, clip, clip_middle, one_line, plain

_HOW: tuple[LandedHow, ...] = ("rebase", "squash", "merge")
_KEYS = (
    ("space", "the next in the order, or out of it"), ("plus", "sooner"), ("minus", "later"),
    ("t", "how"), ("enter", "lands them"), ("h", "hand the conflict over"), ("escape", "leave"),
)  # fmt: skip
_TITLE = 34
_ROOM = 110
"""Columns from which on branches are shown too."""
_HEAD = "Each is rebased on the one before; it stops at the first that can't be landed. By: {how}"


def candidates(summaries: Sequence[Summary], current: str) -> list[Summary]:
    """The sessions with a branch of their own in the repository of the current one."""
    trees = {s.id: s for s in summaries if _own(s)}
    here = _repository(trees[current]) if current in trees else ""
    found = [s for s in trees.values() if not here or _repository(s) == here]
    return sorted(found, key=lambda s: (s.id != current, s.repository, s.id))


def _repository(summary: Summary) -> str:
    return summary.worktree["repository"] if summary.worktree else ""


def _own(summary: Summary) -> bool:
    tree = summary.worktree
    return bool(tree and tree["session"] == summary.id and "kept" not in tree)


class LandingOrder(Dialog[str]):
    """Gives a sentence of what has landed."""

    CSS_PATH = ["../dialogs.tcss", "review.tcss"]  # noqa: RUF012
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", show=False),
        Binding("plus,shift+up", "sooner(-1)", show=False),
        Binding("minus,shift+down", "sooner(1)", show=False),
        Binding("t", "how", show=False),
        Binding("enter", "land", show=False, priority=True),
        Binding("h", "hand_over", show=False),
    ]

    def __init__(self, client: DeckClient, found: Sequence[Summary]) -> None:
        super().__init__("Land several, one after another")
        self.client = client
        self.found = {s.id: s for s in found}
        self.order: list[str] = []
        self.how: LandedHow = _HOW[0]
        self.told: dict[str, str] = {}
        """What became of each."""
        self.landed: list[str] = []
        self.conflict = ""
        """The session whose conflict can be handed over."""
        self.running = False

    def body(self) -> ComposeResult:
        """How, the sessions, and the keys."""
        yield Static("", id="order-head", markup=False)
        yield Rows("No session of this repository has a branch of its own.", id="order-rows")
        yield Static("", id="order-said", markup=False)
        yield Hints(id="order-keys")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one(Hints).say(_KEYS)
        self.query_one(Rows).focus()
        self._show()

    def _show(self) -> None:
        self.query_one("#order-head", Static).update(plain(_HEAD.format(how=self.how)))
        self.query_one(Rows).show([self._row(s) for s in self._sorted()])
        self._say()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """What became of the session under the cursor is told in full."""
        message.stop()
        self._say()

    def on_resize(self) -> None:
        """Branches where there is room for them."""
        self._show()

    def _say(self) -> None:
        said = self.told.get(self.query_one(Rows).key, "")
        self.query_one("#order-said", Static).update(plain(clean(said)))

    def _sorted(self) -> list[Summary]:
        rest = [s for s in self.found.values() if s.id not in self.order]
        return [*(self.found[i] for i in self.order), *rest]

    def _row(self, summary: Summary) -> Row:
        at = f"{self.order.index(summary.id) + 1:>2}. " if summary.id in self.order else "  . "
        titles = [len(one_line(name_of(s))) for s in self.found.values()]
        wide = min(_TITLE, max(titles, default=0))
        title = clip(one_line(name_of(summary)), wide)
        branch = clip_middle(one_line(summary.branch), 40) if self.app.size.width >= _ROOM else ""
        said = self.told.get(summary.id, "a turn runs" if summary.status == "working" else "")
        good = summary.id in self.landed
        cells = (
            (at, "bold"),
            (f"{title:{wide}}  ", ""),
            (f"{branch}  " if branch else "", "$text-muted"),
            (clean(said), "$text-success" if good else "$text-warning"),
        )
        return Row(summary.id, cells)

    # -- the order

    def action_tick(self) -> None:
        """Take the session under the cursor as the next, or out of the order."""
        key = self.query_one(Rows).key
        if not key or self.running or key in self.landed:
            return
        if key in self.order:
            self.order.remove(key)
        else:
            self.order.append(key)
        self._show()

    def on_rows_picked(self, message: Rows.Picked) -> None:
        """A click ticks."""
        message.stop()
        self.action_tick()

    def action_sooner(self, by: int) -> None:
        """Move the session under the cursor in the order."""
        key = self.query_one(Rows).key
        if key not in self.order or self.running:
            return
        at = self.order.index(key)
        to = at + by
        if 0 <= to < len(self.order) and self.order[to] not in self.landed:
            self.order[at], self.order[to] = self.order[to], self.order[at]
            self._show()

    def action_how(self) -> None:
        """By a rebase, squashed, or by a merge."""
        if not self.running:
            self.how = _HOW[(_HOW.index(self.how) + 1) % len(_HOW)]
            self._show()

    # -- landing

    def action_land(self) -> None:
        """Land them in this order; what has landed already stays landed."""
        if self.running:
            return
        if not [i for i in self.order if i not in self.landed]:
            self.app.notify("Give an order first: space takes the next.", severity="warning")
            return
        self._run(self._land())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(while_shown(self, self._guarded, work), group="order", exclusive=False)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        self.running = True
        try:
            await work
        except AgentdeckError as error:
            self.app.notify(clean(str(error)), severity="error", markup=False)
        finally:
            self.running = False
            self._show()

    async def _land(self) -> None:
        self.conflict = ""
        for session in [i for i in self.order if i not in self.landed]:
            self.told[session] = "lands…"
            self._show()
            try:
                told = await self.client.call("worktree.land", session=session, how=self.how)
            except AgentdeckError as error:
                self.told[session] = str(error)
                return
            if not told["landed"]:
                paths = ", ".join(dict.fromkeys(str(c["path"]) for c in told["conflicts"]))
                self.told[session] = f"conflicts in {paths}; h hands it over"
                self.conflict = session
                return
            count = int(told["commits"])
            self.told[session] = (
                f"landed on {told['onto']}, {count} commit{'' if count == 1 else 's'}"
            )
            self.landed.append(session)

    def action_hand_over(self) -> None:
        """Let the session whose branch conflicts mend it."""
        if self.conflict and not self.running:
            self._run(self._hand_over(self.conflict))

    async def _hand_over(self, session: str) -> None:
        told = await self.client.call(
            "worktree.land", session=session, how=self.how, hand_over=True
        )
        self.conflict = ""
        if told["landed"]:  # what was in the way has gone meanwhile
            self.landed.append(session)
            self.told[session] = f"landed on {told['onto']}"
        else:
            self.told[session] = "mends it; land it again when it is done"

    def action_cancel(self) -> None:
        """Leave, and say what has landed."""
        count = len(self.landed)
        self.dismiss(f"{count} session{'' if count == 1 else 's'} landed." if count else None)
