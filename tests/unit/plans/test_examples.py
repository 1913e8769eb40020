"""The plans that come with agentdeck are plans, and their loop leaves receipts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions.plans import examples, placeholders, receipts, report
from sessions.record import events as ev
from tests.unit.plans.conftest import Read
from tests.unit.plans.test_report import night


@pytest.mark.parametrize("name", examples.names())
def test_an_example_is_a_plan(name: str, read: Read, tmp_path: Path) -> None:
    plan = read(examples.text(name)).plan
    assert plan.tasks and examples.about(name).endswith(".")


def test_receipts_name_what_was_drawn_and_by_which_seed() -> None:
    papers = [{"id": f"2611.0000{n}", "title": f"On {n}\x1b"} for n in range(10)]
    events: list[ev.Event] = [
        ev.PrimingDrawn(id="a", kind="arxiv", seed=7, draw=papers, data={"source": "bundled"}),
        ev.PrimingDrawn(id="b", kind="acronym", seed=8, draw=["ABCD"], data={"source": "chance"}),
        ev.PrimingInjected(id="a"),
    ]
    (line,) = receipts.of(events)
    assert line.startswith("arxiv (bundled), seed 7: 2611.00000 On 0")
    assert line.endswith("2 more") and "\x1b" not in line
    left = {
        "h": [
            placeholders.Left("h[1]", receipts=(line,)),
            placeholders.Left("h[2]", receipts=("x",)),
        ]
    }
    assert placeholders.Values(tasks=left).get("h.receipts")[0] == f"h[1]: {line}\nh[2]: x"
    run = night()
    run.units["say"].receipts = [line]
    for fmt in ("md", "html"):
        assert f"drawn for it: {line}" in report.write(run, fmt)
    done = json.loads(report.write(run, "json"))["done"]
    assert [line] in [unit["receipts"] for unit in done]
