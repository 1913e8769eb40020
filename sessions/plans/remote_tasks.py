"""Tasks whose sessions live elsewhere: on a host, or on a Ray cluster.

The repository goes there as a bundle of what is not there yet, the session works in a clone of its
own, its check runs there, and the branch and what was made come back. All of it is asked by the
commands `work.*`, whichever way leads to the place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.api.work import Packed
from sessions.errors import AgentdeckError, UsageError
from sessions.ids import new_id
from sessions.plans.check import CheckVerdict
from sessions.plans.interfaces import SessionChanges
from sessions.plans.model import ANY, RAY, Plan, Task
from sessions.record.closed_sets import SkillState
from sessions.remote import return_home
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.repository_transfer import RepositoryTransfer, kept
from sessions.remote.site_interface import Offline
from sessions.remote.source_repository import Origin
from sessions.worktrees.repository import look, pin

if TYPE_CHECKING:
    from sessions.features.interfaces import Actors, Neighbours, Trees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.plans")

_REACH_S, _LOOK_S = 30.0, 0.1


def where_of(plan: Plan, task: Task) -> str:
    """Where a task's sessions live: "" here, a host's name, `ray` or `any`."""
    return task.where or plan.head.where


class RemoteTasks:
    """What a run does for its sessions that live elsewhere."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self._deck = deck
        self._others = others
        self._promised: dict[str, tuple[str, asyncio.Task[Any] | None]] = {}
        """With `any`: where a session is to be that does not work yet, and what makes it."""

    @cached_property
    def _carrying(self) -> RepositoryTransfer:
        return RepositoryTransfer(self._deck.elsewhere, self._trees)

    @property
    def _trees(self) -> Trees:
        return self._others.worktrees

    @property
    def _cluster(self) -> Actors:
        return self._others.cluster

    # -- before

    def chosen(self, where: str, session: str) -> str:
        """The site of a session that is to be: with `any`, the host with most room, or here.

        Raises UsageError: nothing is called so.
        """
        if where != ANY:
            return where
        rooms: dict[str, int] = {"": 0}
        for site in self._deck.elsewhere.sites:
            if site.name != RAY and not site.offline:
                rooms[site.name] = int(getattr(site, "room", lambda: 1)())
        rooms[""] = self._deck.config.limits.turns_at_once - self._deck.working
        self._promised = {s: p for s, p in self._promised.items() if self._awaited(s, p[1])}
        for site_name, _ in self._promised.values():
            if site_name in rooms:
                rooms[site_name] -= 1
        found = max(rooms, key=lambda name: rooms[name])
        self._promised[session] = found, asyncio.current_task()
        return found

    def _awaited(self, session: str, making: asyncio.Task[Any] | None) -> bool:
        """Whether a session that was given a place takes it without being seen to work yet."""
        made = self._deck.sessions.get(session)
        going = making is not None and not making.done()
        return going and (made is None or not made.summary.turns)

    async def make(
        self, site: str, plan: Plan, task: Task, session: str, cwd: Path, base: str, run: str,
        wishes: dict[str, Any], skills: dict[str, SkillState],
    ) -> Session:  # fmt: skip
        """The session of a task, made over there and mirrored. Raises AgentdeckError."""
        await self._reached(site)
        if site == RAY:
            keys = self._keys([*plan.head.keys, *task.keys])
            await self._cluster.begin(session, task.resources, task.labels, keys)
        try:
            found = await self._trees.run(look, cwd)
            there: Mapping[str, Any] = {"cwd": "" if site == RAY else str(cwd)}
            if found is not None:
                # A cluster's nodes have caches of their own: the session says which is asked.
                to = {"session": session} if site == RAY else {}
                began = await self._trees.run(pin, found, base)
                there = await self._carrying.sent(site, found, began.commit, to)
                if site != RAY:  # from a cluster it comes home
                    origin = Origin(str(cwd), began.ref)
                    await asyncio.to_thread(self._deck.elsewhere.origins.keep, session, origin)
            asked = {"skills": skills, **wishes, **there}
            await self._deck.elsewhere.on(site).call("work.begin", id=session, run=run, **asked)
            if site == RAY:
                await self._cluster.shown(session)
            else:
                await self._deck.elsewhere.pull(site, session)
        except BaseException:
            if site == RAY:
                with contextlib.suppress(Offline):
                    await self._cluster.end(session)
            raise
        return await self._deck.get(session)

    async def _reached(self, site: str) -> None:
        """Wait a while for a site that is not reached yet: the engine may just have started."""
        for _ in range(round(_REACH_S / _LOOK_S)):
            if not self._deck.elsewhere.of(site).offline:
                return
            await asyncio.sleep(_LOOK_S)

    def _keys(self, names: Sequence[str]) -> dict[str, str]:
        """The keys that a plan names. Raises UsageError: one is not here."""
        found = {name: os.environ.get(name, "") for name in names}
        if missing := [name for name, value in found.items() if not value]:
            raise UsageError(
                f"The plan sends keys that are not set here: {', '.join(missing)}.",
                "Set them for the engine, or take them out of `keys`.",
            )
        return found

    # -- while it works

    async def prime(self, session: Mirrored, wanted: str) -> None:
        """A priming before the session's first message, drawn over there."""
        await self._carrying.there(session).call(
            "work.prime", session=session.id, wanted=wanted, once=new_id()
        )

    async def tell(self, session: Mirrored, texts: Sequence[str]) -> None:
        """What it hears before its first message."""
        await self._carrying.there(session).call("work.tell", session=session.id, texts=list(texts))

    async def check(
        self, session: Mirrored, argv: Sequence[str], minutes: float, answer: str
    ) -> CheckVerdict:  # fmt: skip
        """A check, run in the session's directory over there."""
        said = await self._carrying.there(session).call(
            "work.check",
            session=session.id,
            argv=list(argv),
            minutes=minutes,
            answer=answer,
            once=new_id(),
        )
        return CheckVerdict(
            bool(said["ok"]), said["code"], str(said["output"]), float(said["seconds"])
        )

    async def commit(
        self, session: Mirrored, directory: Path, message: str, changed: SessionChanges
    ) -> str:  # fmt: skip
        """Commit what is not, and take the branch back; the commit."""
        tree = session.summary.worktree
        if tree is None:
            return ""
        packed, taken = await self._back(session, directory, message, changed.loose)
        return packed["head"] if taken else str(tree["base"])

    async def _back(
        self, session: Mirrored, directory: Path, message: str, loose: list[str]
    ) -> tuple[Packed, bool]:
        found = None
        if session.summary.worktree is not None:
            found = await self._trees.run(look, directory)
        return await self._carrying.branch(session, found, message, loose)

    async def changes(self, session: Mirrored) -> SessionChanges:
        """What it has changed so far."""
        said = await self._carrying.changes(session)
        return SessionChanges(said["files"], said["diff"], said["loose"], said["head"])

    async def heard(self, session: Mirrored) -> None:
        """Return when all that a session has said so far is here, or nothing more ever comes."""
        await self._carrying.heard(session)

    # -- after

    async def home_now(self, session: Mirrored, directory: Path, title: str) -> list[str]:
        """The same for a person who has ended it: its place is not waited for if it is lost."""
        with self._carrying.in_haste(session):
            return await self.home(session, directory, title)

    async def home(self, session: Mirrored, directory: Path, title: str) -> list[str]:
        """A try is over: what it made comes back, and an actor ends. What was left there."""
        left: list[str] = []
        try:
            loose: list[str] = []
            if session.summary.worktree is not None:  # else there is nothing to be committed
                loose = (await self.changes(session)).loose
            message = f"{title} (not finished)"
            packed, _ = await self._back(session, directory, message, loose)
            files, left = await self._carrying.files(session, packed)
        except AgentdeckError as error:
            left = [f"what it made, which could not be fetched ({error})"]
            files = {}
        if session.host != RAY:
            kept(session.folder / "files", files)
            return left
        await self._cluster.end(session.id)
        found = await self._trees.run(look, directory)
        record = session.folder / "files"
        await return_home.come_home(
            self._deck, self._trees, session, found, directory,
            lambda folder: kept(record, files, folder),
        )  # fmt: skip
        return left

    async def stop(self, session: Mirrored, why: str) -> str:
        """End a session's turn because a person wants it; why it can't be told to, or "".

        A place that is out of reach is not waited for; an actor is ended once it is back.
        """
        try:
            with contextlib.suppress(UsageError):  # an older engine knows no such command
                await self._deck.elsewhere.on(session.host).call("work.stop", session=session.id)
            await session.interrupt(why)
        except Offline as error:
            if session.host == RAY:
                with contextlib.suppress(Offline):
                    await self._cluster.end(session.id)
                return f"ray is out of reach: its actor is ended once it is back ({error.message})"
            return f"{session.host} is out of reach: what works there goes on ({error.message})"
        except AgentdeckError as error:
            log.info("session %s is not interrupted: %s", session.id, error)
        return ""
