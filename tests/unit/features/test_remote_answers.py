"""When a session on a host is done, its answer goes to sessions that the host does not know."""

from __future__ import annotations

import asyncio

from sessions.record import events as ev
from sessions.remote.forwarding import DO_HERE, forwarded
from tests.support.rig import until
from tests.unit.remote.test_host import Two, two

__all__ = ["two"]


async def test_when_done_it_goes_beyond_its_host_once_also_after_a_cut(two: Two) -> None:
    here, there = await two.here.session(), await two.far.session()
    await until(lambda: there.id in two.here.deck.sessions)
    mirror = two.here.deck.sessions[there.id]
    args = {"session": there.id, "to": [here.id], "words": "Check it."}
    assert await forwarded(two.here.deck.elsewhere, "session.when_done", args, "") is DO_HERE
    await two.here.deck.features.passing.when_done(mirror, [here.id], "Check it.")
    await until(lambda: bool(mirror.summary.then))
    two.reachable = False
    two.lines[-1].cut()
    await until(lambda: bool(two.host.offline))
    await there.send("Hello?")
    await two.far.idle(there)
    assert there.summary.then and not here.messages  # the host does not send it by itself
    two.reachable = True
    await until(lambda: here.summary.turns == 1 and not here.working)
    assert here.messages[1].text.startswith("Check it.") and there.id in here.messages[1].text
    await until(lambda: not mirror.summary.then and two.whole(there.id))
    await there.send("Once more?")
    await two.far.idle(there)
    await until(lambda: two.whole(there.id))
    await asyncio.sleep(0)
    assert here.summary.turns == 1


async def test_among_sessions_of_one_host_it_is_done_over_there(two: Two) -> None:
    one, other = await two.far.session(), await two.far.session()
    await until(lambda: {one.id, other.id} <= set(two.here.deck.sessions))
    args = {"session": one.id, "to": [other.id, "new"]}
    assert await forwarded(two.here.deck.elsewhere, "session.when_done", args, "") is None
    assert one.summary.then == {"to": [other.id, "new"], "words": ""}
    ended = ev.TurnEnded(turn=1, reason="end_turn")
    two.here.deck.features.passing._far._heard(two.here.deck.sessions[one.id], ended)  # type: ignore[arg-type]
    assert not two.here.deck.features.passing._far._under_way
