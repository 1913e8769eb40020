"""Tasks whose sessions live elsewhere: on a host, or on a Ray cluster.

The repository goes there as a bundle of what is not there yet, the session works in a clone of its
own, its check runs there, and the branch and what was made come back. All of it is asked by the
commands `work.*`, whichever way leads to the place.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.api.work import Packed
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.ids import new_id
from sessions.plans.check import CheckVerdict
from sessions.plans.model import ANY, RAY, Plan, Task
from sessions.plans.ports import SessionChanges
from sessions.record.closed_sets import SkillState
from sessions.remote import bundles, homecoming
from sessions.remote.mirrored import Mirrored
from sessions.remote.parts import MOST_BYTES, MOST_FILES, PART, unpacked, written
from sessions.remote.port import Lost, Offline
from sessions.safety.sanitise import clean
from sessions.worktrees.git import says
from sessions.worktrees.repository import Repository, look, pin

if TYPE_CHECKING:
    from sessions.features.neighbours import Actors, Neighbours, Trees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.plans")

_AGAIN_S = 1.0
Files = dict[tuple[str, str], bytes]
"""What came back, by its kind and name."""
_REACH_S, _LOOK_S = 30.0, 0.1
_MOST_BRANCH = 2 * 2**30


def where_of(plan: Plan, task: Task) -> str:
    """Where a task's sessions live: "" here, a host's name, `ray` or `any`."""
    return task.where or plan.head.where


class FarTasks:
    """What a run does for its sessions that live elsewhere."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self._deck = deck
        self._others = others
        self._sending: dict[str, asyncio.Lock] = {}
        """A repository is sent to a site by one task at a time: the next finds it there."""
        self._promised: dict[str, tuple[str, asyncio.Task[Any] | None]] = {}
        """With `any`: where a session is to be that does not work yet, and what makes it."""
        self._in_haste: set[str] = set()
        """Sessions of which a person wants to see the end: their place is not waited for."""

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
            there: dict[str, Any] = {"cwd": "" if site == RAY else str(cwd)}
            if found is not None:
                there = await self._sent(site, session, found, base)
            args = {"id": session, "run": run, "skills": skills, **wishes, **there}
            await self._deck.elsewhere.ask(site, "work.begin", args)
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

    async def _sent(
        self, site: str, session: str, repository: Repository, base: str
    ) -> dict[str, Any]:  # fmt: skip
        pinned = await self._trees.run(pin, repository, base)
        key = bundles.key_of(repository)
        ask = self._deck.elsewhere.ask
        # A cluster's nodes have caches of their own: the session's actor says what its node has.
        to = {"session": session} if site == RAY else {}
        known = {"repository": key, "commit": pinned.commit}
        async with self._sending.setdefault(f"{site} {key}", asyncio.Lock()):
            had = await ask(site, "work.known", {**known, **to})
            if not had["has"]:
                await self._send(site, repository, pinned.commit, had["tips"], key, to)
        who = [says(repository.at, "config", each) or "" for each in ("user.name", "user.email")]
        inner = "" if str(repository.inner) == "." else str(repository.inner)
        return {**known, "inner": inner, "author": who}

    async def _send(
        self, site: str, repository: Repository, commit: str, tips: list[str], key: str,
        to: dict[str, str],
    ) -> None:  # fmt: skip
        name = new_id()
        with tempfile.TemporaryDirectory(prefix="agentdeck-bundle-") as folder:
            file = Path(folder) / "bundle"
            await self._trees.run(bundles.packed, repository, commit, tips, file)
            offset = 0
            with file.open("rb") as opened:
                while part := await asyncio.to_thread(opened.read, PART):
                    data = base64.b64encode(part).decode()
                    args = {"name": name, "offset": offset, "data": data, **to}
                    offset = await self._deck.elsewhere.ask(site, "work.part", args)
        await self._deck.elsewhere.ask(site, "work.take", {"name": name, "repository": key, **to})

    # -- while it works

    async def prime(self, session: Mirrored, wanted: str) -> None:
        """A priming before the session's first message, drawn over there."""
        await self._there(session, "prime", wanted=wanted, once=new_id())

    async def tell(self, session: Mirrored, texts: Sequence[str]) -> None:
        """What it hears before its first message."""
        await self._there(session, "tell", texts=list(texts))

    async def heard(self, session: Mirrored) -> None:
        """Return when all that a session has said so far is here, or nothing more ever comes."""
        while True:
            try:
                await self._deck.elsewhere.pull(session.host, session.id)
                return
            except NotFound:
                return
            except AgentdeckError as error:
                log.info("session %s is not heard: %s", session.id, error)
                await asyncio.sleep(_AGAIN_S)

    async def check(
        self, session: Mirrored, argv: Sequence[str], minutes: float, answer: str
    ) -> CheckVerdict:  # fmt: skip
        """A check, run in the session's directory over there."""
        said = await self._there(
            session, "check", argv=list(argv), minutes=minutes, answer=answer, once=new_id()
        )
        return CheckVerdict(
            bool(said["ok"]), said["code"], str(said["output"]), float(said["seconds"])
        )

    async def changes(self, session: Mirrored) -> SessionChanges:
        """What it has changed so far."""
        said = await self._there(session, "changes")
        return SessionChanges(said["files"], said["diff"], said["loose"], said["head"])

    async def commit(
        self, session: Mirrored, directory: Path, message: str, changed: SessionChanges
    ) -> str:  # fmt: skip
        """Commit what is not, and take the branch back; the commit."""
        tree = session.summary.worktree
        if tree is None:
            return ""
        packed, taken = await self._back(session, directory, message, changed)
        return packed["head"] if taken else str(tree["base"])

    async def _back(
        self, session: Mirrored, directory: Path, message: str, changed: SessionChanges
    ) -> tuple[Packed, bool]:
        """Commit what is not, and take the branch back, if there is one; what else is to come."""
        tree = session.summary.worktree
        if tree is not None and changed.loose:
            await self._there(session, "commit", message=message, loose=changed.loose)
        packed: Packed = await self._there(session, "pack")
        if tree is None or not packed["branch"]:
            return packed, False
        found = await self._trees.run(look, directory)
        if found is None:
            return packed, False
        await self._taken(session, found, packed)
        return packed, True

    async def _taken(self, session: Mirrored, repository: Repository, packed: Packed) -> None:
        told = packed["branch"], packed["head"], session.id
        if await self._trees.run(bundles.came, repository, *told):
            return
        with tempfile.TemporaryDirectory(prefix="agentdeck-bundle-") as folder:
            file = Path(folder) / "bundle"
            with file.open("wb") as opened:
                async for part in self._parts(session, "branch", ""):
                    await asyncio.to_thread(opened.write, part)
                    if opened.tell() > _MOST_BRANCH:
                        raise UsageError("What a branch adds is more than comes back: 2 GB.")
            await self._trees.run(bundles.fetched, repository, file, *told)

    async def _parts(self, session: Mirrored, kind: str, name: str) -> AsyncIterator[bytes]:
        offset = 0
        while said := await self._there(session, "read", kind=kind, name=name, offset=offset):
            part = unpacked(said)
            offset += len(part)
            yield part

    async def _files(self, session: Mirrored, packed: Packed) -> tuple[Files, list[str]]:
        """The files that come back, within the limits that hold over there too; what does not."""
        files: Files = {}
        left, room = [*packed["left"]], MOST_BYTES
        for told in packed["files"]:
            name, whole = told["name"], bytearray()
            if len(files) >= MOST_FILES or told["size"] > room:
                left.append(f"{name} ({told['size']:,} bytes)")
                continue
            try:
                async for part in self._parts(session, told["kind"], name):
                    whole += part
                    if len(whole) > room:
                        raise UsageError("it grew meanwhile")
            except Lost:
                raise
            except (NotFound, UsageError) as error:
                left.append(f"{name} ({error})")
                continue
            room -= len(whole)
            files[told["kind"], name] = bytes(whole)
        return files, left

    async def _there(self, session: Mirrored, command: str, **args: Any) -> Any:
        """A command for a task, asked again where it is safe to: nothing here sends a message."""
        while True:
            try:
                return await self._deck.elsewhere.call(
                    session.id, session.host, f"work.{command}", args
                )
            except Offline as error:
                if session.id in self._in_haste:
                    raise
                log.info("work.%s of session %s: %s", command, session.id, error)
                await self.heard(session)

    # -- after

    async def home_now(self, session: Mirrored, directory: Path, title: str) -> list[str]:
        """The same for a person who has ended it: its place is not waited for if it is lost."""
        self._in_haste.add(session.id)
        try:
            return await self.home(session, directory, title)
        finally:
            self._in_haste.discard(session.id)

    async def home(self, session: Mirrored, directory: Path, title: str) -> list[str]:
        """A try is over: what it made comes back, and an actor ends. What was left there."""
        left: list[str] = []
        try:
            changed = await self.changes(session)
            message = f"{title} (not finished)"
            packed, _ = await self._back(session, directory, message, changed)
            files, left = await self._files(session, packed)
        except AgentdeckError as error:
            left = [f"what it made, which could not be fetched ({error})"]
            files = {}
        if session.host != RAY:
            _kept(session.folder / "files", files)
            return left
        await self._cluster.end(session.id)
        found = await self._trees.run(look, directory)
        record = session.folder / "files"
        await homecoming.come_home(
            self._deck, self._trees, session, found, directory,
            lambda folder: _kept(record, files, folder),
        )  # fmt: skip
        return left

    async def stop(self, session: Mirrored, why: str) -> str:
        """End a session's turn because a person wants it; why it can't be told to, or "".

        A place that is out of reach is not waited for; an actor is ended once it is back.
        """
        try:
            with contextlib.suppress(UsageError):  # an older engine knows no such command
                await self._deck.elsewhere.call(session.id, session.host, "work.stop", {})
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


def _kept(record: Path, files: Files, folder: Path | None = None) -> None:
    """Files that came back: the record's where it has them, the others where it worked."""
    for (kind, name), data in files.items():
        target = record if kind == "record" else (folder or record / "brought")
        try:
            if not os.path.lexists(target / name):
                written(target, name, data)
        except AgentdeckError as error:
            log.warning("%s is not kept: %s", clean(name), error)
