"""f10: runs of plans are seen, followed and steered."""

from __future__ import annotations

import pytest

from sessions.api.notices import EngineNotice
from sessions.api.plans import RunLine, RunShown
from sessions.plans import record, show
from sessions.plans.model import ForEach, Head, Task
from sessions.plans.state import Run
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient
from tests.unit.plans.test_scheduling import World, plan_of
from tui.screens import runs as view
from tui.screens.runs import RunsView
from tui.widgets.rows import Rows


class PlansClient(FakeClient):
    """An engine with one run."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.shows = 0

    async def _plan_list(self) -> list[RunLine]:
        return [show.line(self.run)]

    async def _plan_show(self, run: str) -> RunShown:
        self.shows += 1
        return show.whole(self.run)


def of(count: int) -> World:
    """A run of so many tasks, two of them at work."""
    tasks = [Task(name="t", prompt="x", for_each=ForEach(files="*"))]
    world = World(plan_of(tasks, Head(title="Night", parallel=2)), {"t": count})
    world.step()
    return world


async def opened_run(here: Opened) -> Rows:
    await here.press("f10")
    await here.until(lambda: bool(here.app.screen.query_one(Rows).rows))
    await here.press("enter")
    await here.until(lambda: bool(here.app.screen.query("#standing").first().display))
    return here.app.screen.query_one(Rows)


async def test_a_run_is_shown_with_what_needs_you_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "REFRESH_S", 0.01)
    world = of(3)
    client = PlansClient(world.run)
    async with opened(1, client=client) as here:
        rows = await opened_run(here)
        assert [r.key for r in rows.rows] == ["t[1]", "t[2]", "t[3]"]
        world.add(record.Waiting(unit="t[2]", what="run \x1b[31mmake"))
        world.run.units["t[2]"].session = "s001"
        client.on_notice({"kind": "plan", "message": "", "run": "r", "event": {}})
        await here.until(lambda: rows.rows[0].key == "t[2]")
        assert "needs you" in rows.rows[0].content().plain
        assert "\x1b" not in rows.rows[0].content().plain
        await here.press("home", "enter")
        assert not isinstance(here.app.screen, RunsView)
        assert here.deck.model.current == "s001"


@pytest.mark.parametrize(("size", "line"), [((80, 24), 12), ((120, 36), 24)])
async def test_columns_are_as_wide_as_what_they_hold(size: tuple[int, int], line: int) -> None:
    client = PlansClient(of(3).run)
    async with opened(1, size, client=client) as here:
        await here.press("f10")
        await here.until(lambda: bool(here.app.screen.query_one(Rows).rows))
        told = here.app.screen.query_one(Rows).rows[0].content().plain
        assert "   " not in told.strip()
        await here.press("enter")
        await here.until(lambda: len(here.app.screen.query_one(Rows).rows) == 3)
        for row in here.app.screen.query_one(Rows).rows:
            assert row.cells[1][0] == f"{row.key} "
            assert len(row.cells[2][0]) == line


def test_tasks_that_differ_by_their_number_are_told_apart_where_their_names_are_cut() -> None:
    told = [view._in_column(f"read-the-sources[{number}]", 16) for number in (1, 2)]
    assert [name.rstrip()[-3:] for name in told] == ["[1]", "[2]"]


async def test_a_run_is_steered(monkeypatch: pytest.MonkeyPatch) -> None:
    client = PlansClient(of(2).run)
    async with opened(1, client=client) as here:
        await opened_run(here)
        await here.press("p", "s", "t")
        assert [args for name, args in client.calls if name == "plan.pause"] == [{"run": "r"}]
        assert client.said("plan.skip") == [{"run": "r", "task": "t[1]"}]
        assert client.said("plan.retry") == [{"run": "r", "task": "t[1]"}]
        await here.press("x")
        assert not client.said("plan.stop")
        await here.press("y")
        assert client.said("plan.stop") == [{"run": "r"}]
        await here.press("escape")
        await here.until(lambda: here.app.screen.query_one(Rows).rows[0].key == "r")
        await here.press("escape")
        assert not isinstance(here.app.screen, RunsView)


async def test_a_thousand_tasks_are_asked_for_once_a_second_at_most() -> None:
    client = PlansClient(of(1000).run)
    async with opened(1, client=client) as here:
        rows = await opened_run(here)
        assert len(rows.rows) == 1000
        before = client.shows
        for _ in range(500):
            client.on_notice({"kind": "plan", "message": "", "run": "r", "event": {}})
        await here.settle()
        await here.press("end")
        assert rows.key == "t[1000]"
        assert client.shows - before <= 1


async def test_a_run_is_told_once_and_its_sessions_only_where_they_need_you(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(1) as here:
        bells: list[str] = []
        monkeypatch.setattr(here.deck.notifier, "outward", bells.append)
        mine = here.client.add("t[1]", run="r")
        here.client.on_summary(here.client.summaries[mine])
        await here.press("f1")
        here.client.start_turn(mine)
        here.client.end_turn(mine)
        here.client.start_turn(mine)
        here.client.ask(mine)
        await here.until(lambda: here.notices() == ["t[1] needs you"])
        told: EngineNotice = {"kind": "plan", "run": "r", "title": "Night", "done": 9, "of": 9}
        here.client.on_notice({**told, "message": "", "event": {}, "idle": False})
        here.client.on_notice({**told, "message": "Night: 9 of 9 done.", "idle": True})
        await here.until(lambda: "Night: 9 of 9 done." in here.notices())
        assert bells == ["t[1] needs you", "Night: 9 of 9 done."]


async def test_the_status_line_tells_how_far_a_run_is() -> None:
    async with opened(1) as here:
        told: EngineNotice
        told = {"kind": "plan", "message": "", "run": "r", "title": "Night", "done": 3, "of": 9}
        here.client.on_notice(told)
        await here.until(lambda: "Night 3/9" in here.line("status"))
        here.client.on_notice({**told, "message": "Night: 9 of 9 done.", "over": "done"})
        await here.until(lambda: "Night" not in here.line("status"))
        assert here.notices() == ["Night: 9 of 9 done."]
