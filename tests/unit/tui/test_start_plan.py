"""A plan is written, corrected and started from the deck, and its report read there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from sessions.api.plans import PlanFound, PlanReport, RunLine, RunShown, Scheduled
from sessions.plans import show
from tests.support.deckpilot import opened
from tests.unit.tui.test_runs import PlansClient, of
from tui.screens.dialogs import Choose, Confirm, Prompt
from tui.screens.runs import RunsView
from tui.terminal import editor
from tui.widgets.rows import Rows

PLAN = PlanFound(
    path="/w/a.plan.toml", title="Night", tasks=2, sessions=3, more=True, warnings=[], fault=""
)


class Planner(PlansClient):
    """An engine with one plan file, once it was written."""

    def __init__(self) -> None:
        super().__init__(of(2).run)
        self.plans: list[PlanFound] = []

    async def _plan_list(self) -> list[RunLine]:
        return []

    async def _plan_files(self, directory: str) -> list[PlanFound]:
        return list(self.plans)

    async def _plan_new(self, directory: str) -> PlanFound:
        self.plans = [{**PLAN, "fault": "line 3: no such key"}]
        return self.plans[0]

    async def _plan_start(self, file: str) -> RunShown:
        return show.whole(self.run)

    async def _plan_schedule(self, file: str, **when: Any) -> Scheduled:
        return {
            "id": "s", "file": file, "every": "", "words": "", "due": 0.0, "wishes": {},
            "last_run": "",
        }  # fmt: skip

    async def _plan_report(self, run: str) -> PlanReport:
        return {"text": "# Night\n\nAll is done.", "path": "/p/report.md"}


async def test_from_an_empty_list_to_a_run_and_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    client, edited = Planner(), list[Path]()

    def edit(_: object, path: Path) -> None:
        edited.append(path)
        if len(edited) == 2:
            client.plans = [PLAN]

    monkeypatch.setattr(editor, "edit_file", edit)
    async with opened(1, client=client) as here:
        await here.press("f10")
        await here.until(lambda: "n starts one" in here.app.screen.query_one(Rows).empty)
        await here.press("n")
        choose = await here.screen(Choose)
        await here.press("enter")  # there is nothing but a new one
        await here.until(lambda: here.app.screen not in (choose, here.deck))
        choose = await here.screen(Choose)
        assert "line 3" in choose.query_one(Rows).rows[0].content().plain
        await here.press("enter")  # what is wrong is edited, and not started
        await here.until(lambda: client.plans == [PLAN] and here.app.screen is not choose)
        choose = await here.screen(Choose)
        assert "3 sessions and more" in choose.query_one(Rows).rows[0].content().plain
        await here.press("enter")
        await here.screen(Prompt)
        await here.press("enter")
        runs = await here.screen(RunsView)
        assert client.said("plan.start") == [{"file": PLAN["path"]}]
        await here.until(lambda: bool(runs.query_one(Rows).rows))
        await here.press("r")
        assert "All is done." in (await here.screen(Confirm)).text
    assert edited == [Path(PLAN["path"])] * 2


@pytest.mark.parametrize(
    ("said", "asked"),
    [("23:00", {"at": "23:00"}), ("every weekdays 22:00", {"every": "weekdays 22:00"})],
)
async def test_it_begins_by_the_clock_where_a_time_is_said(
    said: str, asked: dict[str, str]
) -> None:
    client = Planner()
    client.plans = [{**PLAN, "warnings": ["It has no budget."]}]
    async with opened(1, client=client) as here:
        here.deck.start("start_plan")
        await here.screen(Choose)
        await here.press("enter")
        assert "no budget" in (await here.screen(Confirm)).text
        await here.press("y")
        (await here.screen(Prompt)).query_one(Input).value = said
        await here.press("enter")
        await here.until(lambda: bool(client.said("plan.schedule")))
        assert client.said("plan.schedule") == [{"file": PLAN["path"], **asked}]
        assert not client.said("plan.start")
