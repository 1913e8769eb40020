"""Tasks whose sessions live elsewhere: the branch goes there and comes back, checked there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sessions.engine.whole_deck import WholeDeck
from sessions.plans import remote_tasks
from sessions.plans.interfaces import SessionChanges
from sessions.plans.runner import Runner
from sessions.plans.state import Unit
from sessions.record import codec
from sessions.record import events as ev
from sessions.remote.cluster import settings
from sessions.remote.cluster.actor_deck import ActorBody
from sessions.remote.cluster.actor_homes import home
from sessions.remote.mirrored_session import Mirrored
from sessions.runtime.session import Session
from tests.support.messages_server import Hang, say, start
from tests.support.nearby import Nearby, nearby
from tests.support.rig import until
from tests.unit.plans.test_branches import ONE, PLAN, git, hung, writes
from tests.unit.plans.test_branches import rig as at_home
from tests.unit.plans.test_runs import LONG, Rig, states

__all__ = ["at_home", "nearby"]


class ScrollPosition:
    """A stand-in for a host: one engine that has all sessions that are made there."""

    name = "build"

    def __init__(self, config_file: Path, room: int) -> None:
        self.body = ActorBody({"session": "build", "config": settings.sent(config_file)})
        self.asked: list[str] = []
        self.offline = ""
        self._room = room

    def room(self) -> int:
        """How many sessions may still work there."""
        return self._room

    async def call(self, command: str, args: ev.JSON) -> Any:
        """Done by the body."""
        self.asked.append(command)
        told = codec.loads(await self.body.call(command, codec.encode(args)))
        assert "ok" in told, told
        return told["ok"]

    async def since(self, session: str, seq: int) -> Sequence[bytes]:
        """Of its journal."""
        return (await self.body.news({session: seq}, 0)).get(session, [])

    async def follow(self, deck: WholeDeck) -> None:
        """Push what is said, as a host does."""
        while True:
            known = {m.id: m.last_seq for m in deck.elsewhere.mirrors(self.name)}
            for session, lines in (await self.body.news(known, 1.0)).items():
                await deck.elsewhere.take(self.name, session, lines)


FAR, ONE_FAR = (each.replace("[plan]\n", '[plan]\nwhere = "ray"\n') for each in (PLAN, ONE))


@pytest.fixture
async def rig(at_home: Rig, nearby: Nearby) -> AsyncIterator[Rig]:
    """The deck of a repository, with a cluster."""
    file = at_home.deck.places.config_file
    file.write_text(file.read_text() + '\n[cluster]\naddress = "127.0.0.1:6379"\n')
    await at_home.again()
    yield at_home


def _whys(runner: Runner) -> list[str]:
    return [u.why for u in runner.run.units.values()]


async def test_tasks_on_a_cluster_leave_what_tasks_here_leave(rig: Rig, nearby: Nearby) -> None:
    """Branches, answers, checks; each next begins where the one before ended."""
    rig.server.script = writes
    runner = await rig.run(FAR)
    assert states(runner) == {"one": "done", "two": "done"}, _whys(runner)
    one, two = runner.run.units["one"], runner.run.units["two"]
    work = rig.root / "work"
    assert git(work, "rev-parse", one.branch) == one.commit
    assert git(work, "show", f"{two.branch}:one.txt") == "one.txt"
    assert (two.files, two.evidence) == (["two.txt"], "one.txt\ntwo.txt")
    assert not nearby.bodies and rig.deck.features.cluster.site.ledger.empty
    asked = [args for op, args in nearby.asked if op == "call"]
    commands = [args["command"] for args in asked]
    assert commands.count("work.take") == 2  # the second bundle holds the first's commit alone
    reads = [codec.loads(args["args"]) for args in asked if args["command"] == "work.read"]
    begun = [told for told in reads if (told["kind"], told["offset"]) == ("branch", 0)]
    assert len(begun) == 2  # each branch comes once: when the try is over it is here


async def test_a_node_fetches_by_the_address_what_is_there(rig: Rig, nearby: Nearby) -> None:
    """Nothing goes from here then; the branch comes back all the same."""
    file, work, origin = rig.deck.places.config_file, rig.root / "work", rig.root / "origin.git"
    file.write_text(file.read_text() + "origin = true\n")
    await rig.again()
    git(rig.root, "clone", "-q", "--bare", str(work), str(origin))
    git(work, "remote", "add", "origin", f"file://{origin}")
    rig.server.script = writes
    runner = await rig.run(ONE_FAR)
    assert states(runner) == {"one": "done"}, _whys(runner)
    assert git(work, "show", f"{runner.run.units['one'].branch}:one.txt") == "one.txt"
    commands = [args["command"] for op, args in nearby.asked if op == "call"]
    assert "work.fetch" in commands and "work.take" not in commands


async def test_its_session_comes_home_and_is_reviewed_like_any_other(
    rig: Rig, nearby: Nearby
) -> None:
    """A worktree here, the journal whole, and it can be gone on with."""
    rig.server.script = writes
    runner = await rig.run(ONE_FAR)
    unit = runner.run.units["one"]
    await until(lambda: unit.session not in rig.deck.sessions, LONG)  # it is put away
    session = await rig.deck.get(unit.session)
    assert session.summary.host == "" and session.summary.repository == "work"
    assert (Path(session.summary.cwd) / "one.txt").read_text() == "one.txt\n"
    assert [e.seq for e in session.journal.events()] == [*range(1, session.summary.seq + 1)]
    told = await rig.deck.features.worktrees.reviews.diff(session, fold_space=False, context=3)
    assert [f["path"] for f in told["files"]] == ["one.txt"]
    rig.server.script = lambda _: say("at home")
    await session.send("go on")
    await until(lambda: session.summary.snippet == "at home", LONG)


async def test_what_was_made_without_a_repository_comes_back_as_files(
    rig: Rig, nearby: Nearby, tmp_path: Path
) -> None:
    """Up to a limit; the rest is named."""
    rig.server.script = writes
    plain = tmp_path / "plain"
    plain.mkdir()
    plan = '[plan]\nwhere = "ray"\n[[task]]\nname = "a"\nprompt = "note.md"\n'
    (plain / "plan.toml").write_text(plan)
    runner = await rig.deck.plans.begin(plain / "plan.toml")
    await until(lambda: runner.idle, LONG)
    assert states(runner) == {"a": "done"}, _whys(runner)
    session = await rig.deck.get(runner.run.units["a"].session)
    assert (session.folder / "files" / "brought" / "note.md").read_text() == "note.md\n"


async def test_the_next_engine_waits_for_a_turn_that_goes_on_there(
    rig: Rig, nearby: Nearby
) -> None:
    """No try is begun twice because the engine here ended."""
    _, goes_on = await hung(rig, ONE_FAR)
    await rig.again()
    goes_on.set()
    runner = await rig.deck.plans.get("last")
    unit = runner.run.units["one"]
    await until(lambda: unit.session in rig.deck.sessions, LONG)
    (body,) = nearby.bodies.values()
    why = codec.encode({"session": body.session, "why": "Somebody pulled the plug."})
    await body.call("session.interrupt", why)
    await until(lambda: bool(runner.run.over), LONG)
    assert (unit.state, len(set(unit.sessions))) == ("failed", 1)
    assert "pulled the plug" in unit.why


async def test_a_lost_actor_is_tried_again_by_the_plan_s_rule(rig: Rig, nearby: Nearby) -> None:
    """In a fresh worktree it may be, and does not count."""
    runner, goes_on = await hung(rig, ONE_FAR)
    goes_on.set()
    nearby.bodies.popitem()
    await until(lambda: bool(runner.run.over), LONG)
    unit = runner.run.units["one"]
    assert (unit.state, len(set(unit.sessions)), unit.counted) == ("done", 2, 1), _whys(runner)


async def test_a_run_that_is_stopped_ends_its_actors(rig: Rig, nearby: Nearby) -> None:
    """They are not left to work on for nobody."""
    rig.server.script = lambda _: [start(), Hang()]
    runner = await rig.begin(ONE_FAR)
    await until(lambda: bool(rig.server.asked), LONG)
    await runner.stop()
    assert not nearby.bodies and rig.deck.features.cluster.site.ledger.empty
    session = await rig.deck.get(runner.run.units["one"].sessions[0])
    ends = [e for e in session.journal.events() if isinstance(e, ev.TurnEnded)]
    assert len(ends) == 1 and session.summary.host == ""


async def test_a_place_that_is_lost_after_a_turn_is_tried_again_by_the_plan_s_rule(
    rig: Rig, nearby: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the turn did can't be had any more: the same as if it had been cut off."""
    rig.server.script = writes
    changes, lost = remote_tasks.RemoteTasks.changes, [True]

    async def changed(tasks: remote_tasks.RemoteTasks, session: Mirrored) -> SessionChanges:
        if lost and lost.pop():
            nearby.bodies.popitem()
        return await changes(tasks, session)

    monkeypatch.setattr(remote_tasks.RemoteTasks, "changes", changed)
    runner = await rig.run(ONE_FAR)
    unit = runner.run.units["one"]
    assert (unit.state, len(set(unit.sessions)), unit.counted) == ("done", 2, 1), _whys(runner)


async def test_a_place_that_is_lost_before_a_word_is_tried_again_and_does_not_count(
    rig: Rig, nearby: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can have happened there."""
    rig.server.script = writes
    make, lost = remote_tasks.RemoteTasks.make, [True]

    async def made(tasks: remote_tasks.RemoteTasks, *args: Any) -> Session:
        session = await make(tasks, *args)
        if lost and lost.pop():
            body = nearby.bodies.pop(session.id)
            await until(lambda: not rig.deck.features.cluster.site.running, LONG)
            await body.end({})
        return session

    monkeypatch.setattr(remote_tasks.RemoteTasks, "make", made)
    unit = (await rig.run(ONE_FAR)).run.units["one"]
    assert (unit.state, len(set(unit.sessions)), unit.counted) == ("done", 2, 1), unit.why


async def test_a_run_is_stopped_also_while_the_cluster_is_away(rig: Rig, nearby: Nearby) -> None:
    """Its actors are ended once it is back, and that is said."""
    rig.server.script = lambda _: [start(), Hang()]
    runner = await rig.begin(ONE_FAR)
    await until(lambda: bool(rig.server.asked), LONG)
    nearby.away = "The network is down."
    await asyncio.wait_for(runner.stop(), LONG)
    notes = [note.text for note in runner.run.units["one"].notes]
    assert any("ray is out of reach" in note for note in notes), notes
    assert len(nearby.bodies) == 1 and not rig.deck.features.cluster.site.ledger.empty
    nearby.away = ""
    nearby.gone.set()  # the connection is made anew
    await until(lambda: not nearby.bodies, LONG)
    await until(lambda: rig.deck.features.cluster.site.ledger.empty, LONG)


async def test_only_the_keys_that_a_plan_names_are_sent(
    rig: Rig, nearby: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a key that is not here is said before anything is begun."""
    rig.server.script = writes
    monkeypatch.setenv("NAMED_KEY", "sk-named-1234567890")
    plan = ONE_FAR
    await rig.run(plan.replace("[plan]\n", '[plan]\nkeys = ["NAMED_KEY"]\n'))
    begun = [args["seed"]["env"] for op, args in nearby.asked if op == "begin"]
    assert begun == [{"NAMED_KEY": "sk-named-1234567890"}]
    runner = await rig.run(plan.replace("[plan]\n", '[plan]\nkeys = ["NOT_HERE"]\n'))
    assert "NOT_HERE" in runner.run.units["one"].why
    assert len([op for op, _ in nearby.asked if op == "begin"]) == 1


def test_where_is_checked_before_anything_starts(wrong: Callable[[str], list[str]]) -> None:
    """A host that nobody configured, a cluster that is none."""
    told = wrong('[plan]\nwhere = "nowhere"\n[[task]]\nname = "a"\nprompt = "x"\nwhere = "ray"\n')
    assert "no host is called 'nowhere'" in told[0] and "no cluster is configured" in told[1]


async def _at(site: ScrollPosition, rig: Rig) -> Unit:
    """What became of a task that may run anywhere, where there is one other place."""
    rig.server.script = writes
    rig.deck.elsewhere.add(site)
    following = asyncio.ensure_future(site.follow(rig.deck))
    try:
        plan = ONE_FAR.replace('"ray"', '"any"')
        runner = await rig.run(plan)
        assert states(runner) == {"one": "done"}, _whys(runner)
        return runner.run.units["one"]
    finally:
        following.cancel()
        await site.body.end({})


async def test_anywhere_is_the_place_with_most_room(rig: Rig, nearby: Nearby) -> None:
    """The branch comes back from it, checked there."""
    site = ScrollPosition(rig.deck.places.config_file, room=100)
    unit = await _at(site, rig)
    assert site.asked.count("work.begin") == 1 and "work.check" in site.asked
    work = rig.root / "work"
    assert git(work, "show", f"{unit.branch}:one.txt") == "one.txt"
    assert git(work, "rev-parse", unit.branch) == unit.commit and not nearby.bodies


@pytest.mark.parametrize(("room", "offline"), [(0, ""), (100, "It is away.")])
async def test_anywhere_is_here_where_nothing_else_has_room(
    rig: Rig, nearby: Nearby, room: int, offline: str
) -> None:
    """A place that is full or away is asked nothing."""
    site = ScrollPosition(rig.deck.places.config_file, room)
    site.offline = offline
    unit = await _at(site, rig)
    assert not site.asked and (await rig.deck.get(unit.session)).summary.host == ""


async def test_places_that_are_promised_are_not_given_twice() -> None:
    """Tasks that begin at once do not all go to where there was most room before any began."""
    site = SimpleNamespace(name="build", offline="", room=lambda: 3)
    sessions: dict[str, Any] = {}
    deck: Any = SimpleNamespace(
        elsewhere=SimpleNamespace(sites=(site, SimpleNamespace(name="ray", offline=""))),
        config=SimpleNamespace(limits=SimpleNamespace(turns_at_once=3)), working=1,
        sessions=sessions,
    )  # fmt: skip
    tasks = remote_tasks.RemoteTasks(deck, deck)
    assert [tasks.chosen("any", f"s{n}") for n in range(5)] == ["build", "", "build", "", "build"]
    # Once they work they are counted by their place, and no longer as promised.
    sessions.update({f"s{n}": SimpleNamespace(summary=SimpleNamespace(turns=1)) for n in range(5)})
    assert tasks.chosen("any", "s5") == "build" and tasks.chosen("ray", "s6") == "ray"


def test_homes_are_apart(nearby: Nearby) -> None:
    """Each session's actor has its own."""
    assert home("a") != home("b")
