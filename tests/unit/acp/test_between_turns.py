"""What an agent asks while no turn runs, or while its session is opened."""

from __future__ import annotations

from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.nativerig import text_of
from tests.support.rig import until
from tests.unit.acp.test_steering import Make, make

__all__ = ["make"]


async def answered(session: Session, **content: object) -> None:
    """Fill in the form that waits."""
    await until(lambda: session.summary.status == "needs-you")
    (asked,) = session.summary.asks
    assert asked.get("between", False) is not session.working
    await session.answer(asked["ask"], "form", content=dict(content))


async def test_a_question_that_comes_while_no_turn_runs_is_asked_and_answered(make: Make) -> None:
    rig = await make()
    session = await rig.session()
    await session.send("later clean")
    await answered(session, port=80)
    assert session.summary.status == "done" and session.summary.asks == []
    told = "asked while no turn ran; it was refused: Clean up"
    await until(lambda: any(told in getattr(e, "message", "") for e in session.journal.events()))
    await session.send("heard")
    await rig.idle(session)
    assert '"content": {"port": 80}' in text_of(session)
    calls = [e for e in session.journal.events() if isinstance(e, ev.ToolCall | ev.ToolResult)]
    assert [type(e) for e in calls] == [ev.ToolCall, ev.ToolResult]


async def test_who_goes_on_instead_has_given_no_answer(make: Make) -> None:
    rig = await make()
    session = await rig.session()
    await session.send("later")
    await until(lambda: session.summary.status == "needs-you")
    await session.send("say on")
    await rig.idle(session)
    await session.send("heard")
    await rig.idle(session)
    assert '[{"action": "cancel"}, null]' in text_of(session)
    (given,) = [e for e in session.journal.events() if isinstance(e, ev.PermissionAnswered)]
    assert given.decision == "cancelled"


async def test_an_interrupt_takes_the_question_away(make: Make) -> None:
    rig = await make()
    session = await rig.session()
    await session.send("later")
    await until(lambda: session.summary.status == "needs-you")
    await session.interrupt()
    assert session.summary.status == "done" and session.summary.asks == []
    await session.send("heard")
    await rig.idle(session)
    assert '[{"action": "cancel"}, null]' in text_of(session)


async def test_a_question_that_comes_with_the_opening_of_a_session_is_asked_in_it(
    make: Make,
) -> None:
    rig = await make("--asks")
    session = await rig.session()
    await session.send("heard")
    await answered(session, name="mine")
    await rig.idle(session)
    assert '"content": {"name": "mine"}' in text_of(session)
