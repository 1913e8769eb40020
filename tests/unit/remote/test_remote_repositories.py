"""A session on a host that took a repository of here along: its branch is landed here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sessions.backends.base import TurnHost
from sessions.engine.commands import session as session_commands
from sessions.engine.commands import worktrees
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.remote import bundles
from sessions.remote.site_interface import Offline
from sessions.worktrees.repository import Repository, repository
from tests.support.rig import until
from tests.unit.remote.test_host import Two, two
from tests.unit.remote.test_work import git

__all__ = ["two"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository of here, with one commit."""
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for key, value in (("user.name", "Ida"), ("user.email", "ida@example.org")):
        git(folder, "config", key, value)
    (folder / "inner" / "a.txt").write_text("a\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


async def _made(two: Two, work: Path) -> str:
    told = await session_commands.create(
        two.here.deck, host="far", bring=str(work / "inner"), title="Port it"
    )
    assert told["host"] == "far" and told["cwd"].endswith("/inner")
    return told["id"]


async def _turn(two: Two, session: str, committed: str, loose: str = "") -> None:
    """A turn over there that commits a file, and leaves another one lying about."""

    async def act(host: TurnHost) -> ev.TurnEnded:
        cwd = Path(two.far.deck.sessions[session].summary.cwd)
        (cwd / committed).write_text(f"{committed}\n")
        git(cwd, "add", ".")
        git(cwd, "commit", "-q", "-m", f"add {committed}")
        if loose:
            (cwd / loose).write_text("loose\n")
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    two.far.backend.act = act
    turns = two.here.deck.sessions[session].summary.turns
    await two.here.deck.sessions[session].send("Go.")
    summary = two.here.deck.sessions[session].summary
    await until(lambda: summary.turns > turns and summary.status == "done")


async def test_a_branch_comes_back_and_is_landed_here_again_and_again(two: Two, work: Path) -> None:
    """What is not committed is named, and committed only if that is wished."""
    session = await _made(two, work)
    await _turn(two, session, "b.txt", "loose.txt")
    shown = await two.here.deck.elsewhere.on("far").call("worktree.diff", session=session)
    assert [f["path"] for f in shown["files"]] == ["inner/b.txt", "inner/loose.txt"]
    deck = two.here.deck
    told = await worktrees.fetch(deck, session)
    assert told["loose"] == ["inner/loose.txt"] and told["repository"] == str(work)
    assert git(work, "show", f"{told['branch']}:inner/b.txt") == "b.txt"
    with pytest.raises(UsageError, match="not committed"):
        await worktrees.land(deck, session)
    landed = await worktrees.land(deck, session, message="the rest")
    assert landed["landed"] and (landed["onto"], landed["commits"]) == ("main", 2)
    assert (work / "inner" / "loose.txt").read_text() == "loose\n"

    shown = await deck.elsewhere.on("far").call("worktree.diff", session=session)
    assert not shown["files"]  # over there it begins where it was landed
    git(work, "commit", "-q", "--allow-empty", "-m", "meanwhile, here")
    await _turn(two, session, "c.txt")
    landed = await worktrees.land(deck, session, how="squash")
    assert landed["landed"] and landed["commits"] == 1
    assert (work / "inner" / "c.txt").exists()
    there = two.far.deck.sessions[session].summary
    assert git(Path(there.cwd), "rev-parse", "HEAD") == git(work, "rev-parse", "main")


async def test_a_conflict_is_handed_to_the_session_with_what_it_is_to_be_landed_on(
    two: Two, work: Path
) -> None:
    session = await _made(two, work)
    await _turn(two, session, "a2.txt")
    (work / "inner" / "a2.txt").write_text("mine\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "mine")

    async def mend(host: TurnHost) -> ev.TurnEnded:
        cwd = Path(two.far.deck.sessions[session].summary.cwd)
        git(cwd, "reset", "-q", "--hard", git(work, "rev-parse", "main"))
        (cwd / "both.txt").write_text("both\n")
        git(cwd, "add", ".")
        git(cwd, "commit", "-q", "-m", "both")
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    two.far.backend.act = mend
    deck = two.here.deck
    told = await worktrees.land(deck, session, hand_over=True)
    assert not told["landed"] and told["handed"]
    assert [c["path"] for c in told["conflicts"]] == ["inner/a2.txt"]
    summary = deck.sessions[session].summary
    await until(lambda: summary.turns == 2 and summary.status == "done")
    before = git(work, "rev-parse", summary.branch)
    landed = await worktrees.land(deck, session)  # its commits were made anew: they take the place
    assert landed["landed"] and (work / "inner" / "both.txt").exists()
    assert before in git(work, "for-each-ref", "refs/agentdeck/earlier")


async def test_a_branch_that_somebody_went_on_with_here_is_not_written_over(
    two: Two, work: Path
) -> None:
    session = await _made(two, work)
    await _turn(two, session, "b.txt")
    told = await worktrees.fetch(two.here.deck, session)
    git(work, "update-ref", f"refs/heads/{told['branch']}", git(work, "rev-parse", "main"))
    with pytest.raises(UsageError, match="changed here"):
        await worktrees.fetch(two.here.deck, session)


async def test_nothing_is_waited_for_while_the_host_is_away(two: Two, work: Path) -> None:
    """And a session that took nothing along has nothing to bring back."""
    session = await _made(two, work)
    other = await two.far.session()
    await until(lambda: other.id in two.here.deck.sessions)
    with pytest.raises(UsageError, match="took no repository"):
        await worktrees.fetch(two.here.deck, other.id)
    two.reachable = False
    two.lines[-1].cut()
    await until(lambda: bool(two.host.offline))
    with pytest.raises(Offline):
        await worktrees.fetch(two.here.deck, session)
    with pytest.raises(Offline):
        await session_commands.create(two.here.deck, host="far", bring=str(work))
    with pytest.raises(UsageError, match="no git repository"):
        await session_commands.create(two.here.deck, host="far", bring=str(work.parent))
    with pytest.raises(UsageError, match="no other machine"):
        await session_commands.create(two.here.deck, bring=str(work))


async def test_a_host_fetches_what_it_can_by_address_and_lacks_the_rest_alone(
    two: Two, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that fails all of it goes from here."""
    origin = tmp_path / "origin.git"
    git(tmp_path, "clone", "-q", "--bare", str(work), str(origin))
    git(work, "remote", "add", "origin", f"file://{origin}")
    git(work, "commit", "-q", "--allow-empty", "-m", "only here")
    two.host.config = replace(two.host.config, origin=True)
    tips: list[list[str]] = []
    packed = bundles.packed

    def pack(found: Repository, commit: str, known: list[str], into: Path) -> None:
        tips.append(known)
        packed(found, commit, known, into)

    monkeypatch.setattr(bundles, "packed", pack)
    await _made(two, work)
    assert tips == [[git(work, "rev-parse", "HEAD~1")]]
    git(work, "remote", "set-url", "origin", "https://127.0.0.1:9/none.git")
    git(work, "commit", "-q", "--allow-empty", "-m", "and more")
    await _made(two, work)
    assert len(tips) == 2


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.org/x.git", True),
        ("git@example.org:x.git", True),
        ("ssh://git@example.org:22/x.git", True),
        ("https://me:secret@example.org/x.git", False),
        ("https://token@example.org/x.git", False),
        ("ext::sh -c id", False),
        ("--upload-pack=id", False),
        ("/home/me/x", False),
    ],
)
def test_an_address_that_holds_a_key_or_runs_something_is_not_told(
    work: Path, url: str, told: bool
) -> None:
    git(work, "config", "remote.origin.url", url)
    assert bool(bundles.address(repository(work))) is told
    if not told:
        with pytest.raises(UsageError, match="no address"):
            bundles.Cache(work).fetch("key", url)
