"""The blind comparison on screen: two lists without labels, a key for each verdict."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from sessions.errors import AgentdeckError
from tui.panels.prime.words import ReadingScreen
from tui.screens.dialogs import Choice, Choose, Confirm, Dialog, Listing, Pick
from tui.words.text import clean

if TYPE_CHECKING:
    from sessions.api.priming import ComparedShowing, PrimingJudged
    from sessions.record.closed_sets import Preferred
    from tui.deck.client import DeckClient
    from tui.panels.prime.interfaces import Primed
    from tui.panels.prime.state import Prime

_JUDGE = "left or 1 · right or 2 · 0 alike · esc goes on later"


class Compare(Dialog[None]):
    """Judges one comparison; which arm was which is shown after the last verdict."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1,left", "judge('first')", show=False, priority=True),
        Binding("2,right", "judge('second')", show=False, priority=True),
        Binding("0", "judge('tie')", show=False, priority=True),
        Binding("m", "model", show=False),
    ]

    def __init__(self, client: DeckClient, told: PrimingJudged) -> None:
        super().__init__("Blind comparison")
        self.client = client
        self.told = told
        self._asking = False

    def body(self) -> ComposeResult:
        """The question, two lists side by side, and what came out."""
        yield Static("", markup=False, id="compare-question")
        with Horizontal(id="compare-lists"):
            for side in ("first", "second"):
                with VerticalScroll(id=f"compare-{side}"):
                    yield Static("", markup=False)
        with VerticalScroll(id="compare-end"):
            yield Static("", markup=False)

    def on_mount(self) -> None:
        """Show what is to be judged."""
        self._show()

    def _show(self) -> None:
        told, done = self.told, self.told["done"]
        self.query_one("#compare-lists").display = not done
        self.query_one("#compare-end").display = done
        heading = f"{told['question']}   {told['given'] + (not done)} of {told['of']}"
        if done:
            heading = f"All verdicts are given, by {told['judge']}."
            self.query_one("#compare-end Static", Static).update(Content(clean(end_words(told))))
            self.query_one("#compare-end").focus()
            self.hint("m a model of another family judges the same · esc")
        else:
            for side, ideas in (("first", told["first"]), ("second", told["second"])):
                text = "\n\n".join(f"{n}. {idea}" for n, idea in enumerate(ideas, 1))
                self.query_one(f"#compare-{side} Static", Static).update(Content(clean(text)))
                self.query_one(f"#compare-{side}").scroll_home(animate=False)
            self.hint(_JUDGE)
        self.query_one("#compare-question", Static).update(Content(heading))

    def action_judge(self, answer: Preferred) -> None:
        """A verdict; keys pressed before the next lists are there count for nothing."""
        if not self.told["done"] and not self._asking:
            self._run(self._judge(answer))

    async def _judge(self, answer: Preferred) -> None:
        self.told = await self.client.call("priming.judge", id=self.told["id"], answer=answer)
        self._show()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self.query_one("#compare-question", Static).update(Content(clean(str(error))))
            finally:
                self._asking = False

        self._asking = True
        self.run_worker(guarded(), exit_on_error=False)

    def action_model(self) -> None:
        """Let a model of another backend judge the same lists."""
        if self.told["done"] and not self._asking:
            self._run(self._choose_model())

    async def _choose_model(self) -> None:
        backends = await self.client.call("deck.backends")
        picks = [
            Pick(b["name"], ((f"{b['name']} ", "bold"), (str(b["model"]), "$text-muted")))
            for b in backends
            if b["ok"]
        ]
        listing = Listing(picks, empty="No other backend is ready.", enter="judges")

        def chosen(choice: Choice | None) -> None:
            if choice and choice.row:
                self.hint("the model judges…")
                self._run(self._by_model(choice.row))

        self.app.push_screen(Choose("Who judges", listing), chosen)

    async def _by_model(self, backend: str) -> None:
        self.told = await self.client.call("priming.judge_by", id=self.told["id"], backend=backend)
        self._show()


def end_words(told: PrimingJudged) -> str:
    """Which list was which, what came out, and what the ledger says of all sessions."""
    words = {
        "win": "primed was preferred",
        "loss": "primed was not preferred",
        "tie": "no difference: the two orders disagreed, or they were alike",
    }
    parts = [f"against {other}: {words[what]}" for other, what in told["outcomes"].items()]
    shown = [
        f"  {n}. left {s['first']}, right {s['second']}: {_verdict(s)}"
        for n, s in enumerate(told["showings"], 1)
    ]
    ledger = [f"  {line}" for line in told["ledger"]["says"]]
    lists = []
    for arm, ideas in told["ideas"].items():
        lists.append(f"{arm}\n" + "\n".join(f"  • {idea}" for idea in ideas))
    return "\n\n".join(
        [
            "\n".join(parts),
            "What you were shown\n" + "\n".join(shown),
            "Over all sessions\n" + "\n".join(ledger),
            *lists,
        ]
    )


def _verdict(showing: ComparedShowing) -> str:
    if showing["answer"] == "tie":
        return "alike"
    left = showing["answer"] == "first"
    return f"{showing['first'] if left else showing['second']} preferred"


def begin(panel: Primed) -> None:
    """Go on with a comparison of this session that waits, or begin one of what is ticked."""
    panel.work(lambda session, prime: _begin(panel, session, prime))


async def _begin(panel: Primed, session: str, prime: Prime) -> None:
    waiting = await panel.client.call("priming.comparing")
    mine = next((c for c in waiting if c["session"] == session), None)
    if mine is not None:
        told = await panel.client.call("priming.resume", id=mine["id"])
        panel.app.push_screen(Compare(panel.client, told))
        return
    drawn, items = prime.drawn, prime.chosen
    if drawn is None or not items:
        panel.deck.say("Tick what shall be compared first.")
        return
    text = (
        f"Compare {len(items)} lines blindly? Three forks answer the same follow-up: plain, with "
        "a sham block of the same length, primed. Seven questions go to the session's model; "
        "nothing enters the session. You then judge four pairs."
    )

    async def run(session: str, prime: Prime) -> None:
        told = await panel.client.call(
            "priming.compare",
            session=session,
            id=drawn["id"],
            items=items,
            follow_up=prime.follow_up,
            wishes=prime.wishes,
        )
        panel.app.push_screen(Compare(panel.client, told))

    confirm = Confirm("Blind comparison", text, "Compare")
    says = "three forks answer, and their replies are brought to one form…"
    panel.app.push_screen(confirm, lambda yes: panel.work(run, says) if yes else None)


async def show_ledger(panel: Primed, prime: Prime) -> None:
    """What all comparisons of all sessions say, of each part of a priming too."""
    ledger = await panel.client.call("priming.ledger")
    text = "\n".join(ledger["says"])
    if ledger["unreadable"]:
        text += f"\n{ledger['unreadable']} lines of the ledger can't be read."
    more = [*ledger["facets"], prime.known["says"] if prime.known else ""]
    text += "".join(f"\n\n{each}" for each in more if each)
    text += (
        "\n\nPrimed against plain says whether a block helps at all; primed against sham whether "
        "it is the draw that helps and not any block of that length. Only the second counts for "
        "priming."
    )
    panel.app.push_screen(ReadingScreen(f"{ledger['comparisons']} blind comparisons", text))
