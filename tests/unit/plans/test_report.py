"""The report tells honestly what came of a run, whatever the sessions said."""

from __future__ import annotations

import json
import re

from sessions.plans import record, report
from sessions.plans.model import ForEach, Head, Task, TryState
from sessions.plans.state import Run
from tests.unit.plans.test_scheduling import World, plan_of

HOSTILE = "all fine <script>alert(1)</script> \x1b[31m\n```\n| done"


def night() -> Run:
    """A run in which everything happened."""
    tasks = [
        Task(name="port", prompt="x", for_each=ForEach(files="*"), check=["make", "test"]),
        Task(name="say", prompt="x"),
        Task(name="end", prompt="x", needs=["port"]),
    ]
    world = World(
        plan_of(tasks, Head(title="A <night>", goal="Port all.", parallel=9)), {"port": 3}
    )
    world.step()
    run = world.run
    for key, ok in (("port[1]", True), ("port[2]", False)):
        unit = run.units[key]
        world.add(record.Spent(unit=key, session=unit.session, usd=0.5, tokens=100, model="m"))
        world.add(
            record.Checked(
                unit=key, attempt=1, ok=ok, argv=["make", "test"], code=0 if ok else 2, output="out"
            )
        )
        state: TryState = "done" if ok else "failed"
        diff = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n+c\n" if ok else ""
        world.add(
            record.Ended(unit=key, attempt=1, state=state, why="" if ok else "the check said no",
                         answer=HOSTILE, diff=diff, files=["x.py"])
        )  # fmt: skip
    world.add(record.Waiting(unit="port[3]", what="run rm -rf /"))
    world.add(record.Ended(unit="say", attempt=1, state="done", answer="said"))
    return run


def test_who_says_that_it_is_done_is_told() -> None:
    data = report.build(night())
    done = {u["unit"]: u for u in data["done"]}
    assert done["port[1]"]["by"] == "check"
    evidence = done["port[1]"]["evidence"]
    assert evidence and evidence["code"] == 0
    assert done["port[1]"]["diffstat"] == [{"path": "x.py", "added": 2, "removed": 1}]
    assert done["say"]["by"] == "answer"
    assert data["by_whose_word"] == "1 by their check, 1 have only answered"
    assert [u["unit"] for u in data["failed"]] == ["port[2]"]
    assert [u["why"] for u in data["person"]] == ["run rm -rf /"]
    assert data["not_begun"] == [{"task": "end", "why": "port was not done"}]
    assert data["spent"] == {"usd": 1.0, "tokens": 200, "priced": True}
    assert sum(row["usd"] for row in data["costs"]["tasks"]) == 1.0


def test_markdown_and_page_are_safe_to_open() -> None:
    run = night()
    text = report.write(run, "md")
    assert "\x1b" not in text
    assert "no check says whether it is right" in text
    assert re.search(r"^````\nall fine", text, re.M)
    assert "agentdeck plan retry r port" in text
    page = report.write(run, "html")
    assert "<script" not in page and "\x1b" not in page
    assert "default-src 'none'" in page
    assert page.count("<svg") == page.count("</svg>") == 2
    assert not re.search(r"(src|href)=", page)
    assert json.loads(report.write(run, "json"))["title"] == "A <night>"
