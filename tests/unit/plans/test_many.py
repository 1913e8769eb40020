"""Many sessions on a server that is slow, fails, limits, stalls and asks; judges that fail."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from sessions.plans import report
from sessions.plans import runner as runner_module
from tests.support.messages_server import (
    Hang,
    Request,
    Sleep,
    Step,
    call,
    error,
    say,
    start,
)
from tests.support.rig import until
from tests.unit.plans.test_runs import LONG, Rig, states
from tests.unit.plans.test_runs import rig as rig

EACH = max(6, int(os.environ.get("AGENTDECK_NIGHT_TASKS", "36")) // 6)
"""Tasks of each of the six ways; `AGENTDECK_NIGHT_TASKS=300` for hundreds."""
WAYS = ("good", "slow", "fails", "limits", "stalls", "asks")


class Night:
    """Each task meets what its item says."""

    def __init__(self) -> None:
        self.limited: set[str] = set()
        self.begun: Counter[str] = Counter()

    def __call__(self, request: Request) -> list[Step]:
        """The steps of one answer."""
        words = request.last_text.split()
        way, name = (words[0], " ".join(words[:2])) if words else ("", "")
        self.begun[name] += 1
        if way == "slow":
            return [*say("slowly")[:1], Sleep(0.2), *say("slowly")[1:]]
        if way == "fails":
            return error("invalid_request_error", "no such thing", status=400)
        if way == "limits" and name not in self.limited:
            self.limited.add(name)
            return error("rate_limit_error", status=429)
        if way == "stalls" and "You were interrupted" not in request.last_text:
            return [start(), Hang()]
        if way == "asks" and not request.results:
            return call("Write", {"file_path": f"/etc/{words[1]}", "content": "x"}, "c")
        return list(say("done"))


async def test_each_task_ends_as_its_server_lets_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_WAIT_S", 0.05)
    night = Night()
    rig.server.script = night
    tasks = "".join(
        f'[[task]]\nname = "{way}"\nprompt = "{way} {{item}}"\n'
        f"limits = {{stall_minutes = {0.04 if way == 'stalls' else 15.0}}}\n"
        f"for_each = {{values = {list(range(EACH))}}}\n"
        for way in WAYS
    )
    runner = await rig.begin(f'[plan]\nparallel = 12\nunanswered = "deny"\n{tasks}')
    await until(lambda: runner.idle, LONG + EACH)
    ended = Counter((unit.node, unit.state) for unit in runner.run.units.values())
    assert ended == {
        **dict.fromkeys(((way, "done") for way in WAYS if way != "fails"), EACH),
        ("fails", "failed"): EACH,
    }
    assert all(night.begun[f"{way} {n}"] == 1 for way in ("good", "slow") for n in range(EACH))
    data = report.build(runner.run)
    assert (data["state"], len(data["done"]), len(data["failed"])) == ("failed", 5 * EACH, EACH)
    assert all("no such thing" in unit["why"] for unit in data["failed"])


async def test_a_judge_waits_for_its_limit_and_picks_nothing_where_it_fails(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_WAIT_S", 0.05)
    faults = [error("rate_limit_error", status=429)]

    def script(request: Request) -> list[Step]:
        if "Answer A:" not in request.last_text:
            return say("an idea")
        return faults.pop() if faults else say("VERDICT: A")

    rig.server.script = script
    plan = '[[task]]\nname = "idea"\nprompt = "x"\nbest_of = 2\njudge = {prompt = "Which?"}\n'
    runner = await rig.run(plan)
    assert states(runner)["idea"] == "done"
    assert runner.run.units["idea"].evidence.endswith("a tie")
    faults.append(error("invalid_request_error", "too long", status=400))
    runner = await rig.run(plan)
    unit = runner.run.units["idea"]
    assert (unit.state, unit.answer) == ("failed", "")
    assert unit.why.startswith("The judge failed: ") and "too long" in unit.why
