"""Which runs of plans go on: asked for when the engine is there, told by it from then on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sessions.api.notices import EngineNotice
from sessions.errors import AgentdeckError
from tui.deck.edge_lines import progress
from tui.terminal.title import set_title

if TYPE_CHECKING:
    from tui.deck.interfaces import ForPlanRuns


class PlanRuns:
    """Keeps the model's runs as they are, and says in the terminal's title how far they are."""

    def __init__(self, deck: ForPlanRuns) -> None:
        self.deck = deck
        self._title = ""

    async def ask(self) -> None:
        """Ask which go on; an engine that knows none of them has none."""
        with suppress(AgentdeckError):
            for line in await self.deck.client.call("plan.going"):
                counts = line["counts"]
                done = counts.get("done", 0) + counts.get("skipped", 0)
                told = EngineNotice(run=line["id"], title=line["title"], idle=line["idle"])
                self.told({**told, "done": done, "of": sum(counts.values())})

    def told(self, notice: EngineNotice) -> None:
        """Something of a run: the status line and who looks at it are told."""
        deck = self.deck
        if run := str(notice.get("run", "")):
            runs = deck.model.runs
            runs[run] = notice
            if notice.get("over"):
                del runs[run]
            deck.redraw()
            title = " ".join(["agentdeck", progress(runs.values())]).strip()
            if title != self._title:
                self._title = title
                set_title(deck.app, title)
        deck.topics.run.publish(notice)
