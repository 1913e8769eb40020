"""Commands of a plan's task whose session lives here, for the engine that runs the plan."""

from __future__ import annotations

import asyncio
from typing import Unpack
from weakref import WeakValueDictionary

from sessions.api.requests import SessionWishes
from sessions.api.work import Changed, CheckSaid, Known, Packed
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import UsageError
from sessions.paths import JOURNAL
from sessions.record import events as ev
from sessions.record.closed_sets import LandedHow
from sessions.record.event_parts import MessageNote
from sessions.record.summary import SessionSummary
from sessions.remote import work
from sessions.remote.idempotent_requests import IdempotentRequests

_beginning: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""A session is begun by one at a time: an engine that was started anew may ask once more."""
_once = IdempotentRequests()


@command("work.known")
async def known(deck: Deck, repository: str, commit: str, session: str = "") -> Known:
    """Whether a commit of a repository is here, and what of it is.

    `session`, as in `work.fetch`, `work.part` and `work.take`: for whose task; where each has a
    machine of its own, it says which is asked.
    """
    cache = work.cache(deck.places)

    def look() -> Known:
        if cache.has(repository, commit):
            return {"has": True, "tips": []}
        return {"has": False, "tips": cache.tips(repository)}

    return await asyncio.to_thread(look)


@command("work.fetch")
async def fetch(
    deck: Deck, repository: str, commit: str, address: str, session: str = ""
) -> Known:  # fmt: skip
    """Fetch a repository by its address; whether the commit is here then, and what of it is."""
    await asyncio.to_thread(work.cache(deck.places).fetch, repository, address)
    return await known(deck, repository, commit)


@command("work.part")
async def part(deck: Deck, name: str, offset: int, data: str, session: str = "") -> int:
    """One part of a bundle that comes, in base 64; how much of it is here."""
    return await asyncio.to_thread(work.received, deck.places, name, offset, data)


@command("work.take")
async def take(deck: Deck, name: str, repository: str, session: str = "") -> None:
    """Take a bundle in that has come whole."""
    await asyncio.to_thread(work.taken_in, deck.places, name, repository)


@command("work.begin")
async def begin(
    deck: Deck,
    id: str,
    run: str = "",
    repository: str = "",
    commit: str = "",
    inner: str = "",
    author: list[str] | None = None,
    ref: str = "",
    **wishes: Unpack[SessionWishes],
) -> SessionSummary:
    """Make a task's session: on a branch of its own from a commit, or where `cwd` says; its
    summary. One that is there already is left as it is.

    `ref`: the branch that the commit is of, where the repository comes from.
    """
    async with _beginning.setdefault(id, asyncio.Lock()):
        if (deck.places.session(id) / JOURNAL).exists():
            return (await deck.get(id)).summary.to_json()
        if repository or not wishes.get("cwd"):
            folder = await asyncio.to_thread(
                work.place, deck.places, id, repository, commit, inner, author or [], ref
            )
            wishes = {**wishes, "cwd": str(folder)}
        if repository:
            wishes = {**wishes, "worktree": True, "base": ref or commit}
        session = await deck.create(id=id, run=run, **wishes)
        return session.summary.to_json()


@command("work.prime")
async def prime(deck: Deck, session: str, wanted: str, once: str = "") -> None:
    """A whole priming without a person, put before the session's next message.

    `once`, as in `work.check`: asked again by the same id because the answer was lost, it is not
    done again, but told again.
    """
    target = await deck.get(session)
    await _once.done(session, once, lambda: deck.features.primings.whole(target, wanted))


@command("work.tell")
async def tell(deck: Deck, session: str, texts: list[str]) -> None:
    """What a task's session hears before its next message; once, however often it is said."""
    target = await deck.get(session)
    told: list[MessageNote] = [{"kind": "plan", "text": text} for text in texts]
    target.prepared += [each for each in told if each not in target.prepared]


@command("work.check")
async def check(
    deck: Deck, session: str, argv: list[str], minutes: float, answer: str = "", once: str = ""
) -> CheckSaid:
    """Run a task's check in its session's directory."""
    target = await deck.get(session)
    return await _once.done(
        session, once, lambda: work.checked(deck, target, argv, minutes, answer)
    )


@command("work.stop")
async def stop(deck: Deck, session: str) -> int:
    """End the checks and primings that are at work for a session; how many there were."""
    return await _once.end(session)


@command("work.changes")
async def changes(deck: Deck, session: str) -> Changed:
    """What a task's session has changed so far."""
    return await work.changed(deck, await deck.get(session))


@command("work.commit")
async def commit(deck: Deck, session: str, message: str, loose: list[str]) -> str:
    """Put what is not committed on the session's branch; the commit."""
    return await work.committed(deck, await deck.get(session), message, loose)


@command("work.landed")
async def landed(
    deck: Deck, session: str, repository: str, onto: str, how: LandedHow, commit: str, before: str,
    commits: int, head: str,
) -> None:  # fmt: skip
    """A session's branch, at `head`, was landed in the repository that it came with."""
    if not onto.startswith("refs/heads/") or not work.cache(deck.places).has(repository, commit):
        raise UsageError("What was landed is not here.")
    told = ev.WorktreeLanded(onto=onto, how=how, commit=commit, before=before, commits=commits)
    await work.landed(deck, await deck.get(session), told, head)


@command("work.pack")
async def pack(deck: Deck, session: str) -> Packed:
    """Make ready what is to come back of a task; what that is."""
    return await work.packed(deck, await deck.get(session))


@command("work.read")
async def read(deck: Deck, session: str, kind: str, name: str = "", offset: int = 0) -> str:
    """One part of what comes back (`branch`, `record`, `made`), in base 64; "" at its end."""
    # `kind` is no BroughtKind for the checker: the fault says that nothing of it comes back.
    target = await deck.get(session)
    return await asyncio.to_thread(work.read, deck, target, kind, name, offset)
