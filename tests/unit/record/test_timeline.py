"""Where a turn's time went."""

from __future__ import annotations

import pytest

from sessions.record import events as ev
from sessions.record.timeline import Timeline


def at(second: float) -> str:
    whole = int(second)
    return f"2026-11-28T12:{whole // 60:02}:{whole % 60:02}.{round(1000 * (second - whole)):03}Z"


def folded(*events: tuple[float, ev.Event]) -> Timeline:
    found = Timeline(1)
    for second, event in events:
        found.apply(ev.replace(event, at=at(second)))
    return found


def call(name: str, **given: str) -> ev.ToolCall:
    return ev.ToolCall(turn=1, call=name, name=name, input=dict(given))


def result(name: str) -> ev.ToolResult:
    return ev.ToolResult(turn=1, call=name, status="ok")


MESSAGE = ev.UserMessage(turn=1, text="go")
STARTED = ev.TurnStarted(turn=1)
ENDED = ev.TurnEnded(turn=1, reason="end_turn")


def test_the_model_tools_and_a_person_have_their_shares() -> None:
    found = folded(
        (0, MESSAGE), (0, STARTED), (1, ev.Thinking(turn=1, text="hm")),
        (2, ev.Text(turn=1, text="I look.")),
        (3, call("bash", command="pytest")),
        (3, ev.PermissionAsked(turn=1, call="bash", ask="q", tool="bash", summary="run pytest")),
        (13, ev.PermissionAnswered(turn=1, call="bash", ask="q", allowed=True)),
        (33, result("bash")), (40, ev.Text(turn=1, text="Done.")), (40, ENDED),
    )  # fmt: skip
    assert [(s.kind, s.name, s.begin, s.end) for s in found.spans] == [
        ("model", "thinks and writes", 0, 3), ("person", "bash", 3, 13),
        ("tool", "bash", 13, 33), ("model", "writes", 33, 40),
    ]  # fmt: skip
    assert found.spans[2].about == "pytest" and found.spans[2].status == "ok"
    assert found.sums() == {"model": 10, "person": 10, "tool": 20}
    assert found.ended and found.seconds == 40


def test_tools_side_by_side_are_counted_once() -> None:
    found = folded(
        (0, STARTED), (1, call("a")), (1, call("b")), (4, result("a")), (6, result("b")), (7, ENDED)
    )
    assert found.sums() == {"model": 2, "tool": 5}


def test_a_retry_is_waiting_no_longer_than_it_lasted() -> None:
    retry = ev.Retry(turn=1, kind="overloaded", wait_s=10, attempt=1)
    found = folded((0, STARTED), (1, retry), (20, ENDED))
    assert found.sums() == {"model": 10, "wait": 10}
    found = folded((0, STARTED), (1, retry), (3, ENDED))
    assert found.sums() == {"model": 1, "wait": 2}


def test_waiting_for_a_place_among_the_turns_is_told() -> None:
    found = folded((0, MESSAGE), (5, STARTED), (6, ENDED))
    assert found.sums() == {"wait": 5, "model": 1}


def test_a_turn_that_runs_lasts_until_now() -> None:
    found = folded((0, STARTED), (1, call("bash")))
    found.finish(at(31))
    assert found.sums() == {"model": 1, "tool": 30} and not found.ended


@pytest.mark.parametrize("when", ["", "yesterday", "2026-11-28T12:00:05", "\ud800"])
def test_times_that_are_none_cost_nothing(when: str) -> None:
    found = folded((0, STARTED))
    found.apply(ev.replace(call("bash"), at=when))
    found.apply(ev.replace(ENDED, at=at(2)))
    assert found.ended and sum(found.sums().values()) == pytest.approx(2)


def test_other_turns_are_passed_over() -> None:
    found = folded((0, STARTED), (1, ev.ToolCall(turn=2, call="x", name="x", input={})), (2, ENDED))
    assert found.sums() == {"model": 2}
