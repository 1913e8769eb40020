"""Repositories carried to where a session lives, and what it made carried back.

The repository goes there as a bundle of what is not there yet, the session works in a clone of its
own, and its branch and what was made come back. All of it is asked by the commands `work.*`,
whichever way leads to the place.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from sessions.api.calls import Calls
from sessions.api.calls_by import CallsBy
from sessions.api.work import Changed, Known, Packed
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.remote import bundles
from sessions.remote.file_parts import MOST_BYTES, MOST_FILES, PART, unpacked, written
from sessions.remote.site_interface import Lost, Offline
from sessions.safety.sanitise import clean
from sessions.tools.git import says
from sessions.worktrees.repository import Repository

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.remote.mirrored_session import Mirrored
    from sessions.remote.remote_sessions import RemoteSessions

log = logging.getLogger("agentdeck.remote")

Files = dict[tuple[str, str], bytes]
"""What came back, by its kind and name."""
_AGAIN_S = 1.0
_MOST_BRANCH = 2 * 2**30


class RepositorySent(TypedDict):
    """A commit that was brought somewhere, as `work.begin` takes it. `inner`: the folder of the
    repository that is meant; `author`: name and address of whoever commits."""

    repository: str
    commit: str
    inner: str
    author: list[str]


class RepositoryTransfer:
    """The way of repositories and branches between here and the sites of a deck."""

    def __init__(self, elsewhere: RemoteSessions, trees: Trees) -> None:
        self._elsewhere = elsewhere
        self._trees = trees
        self._sending: dict[str, asyncio.Lock] = {}
        """A repository is sent to a site by one session at a time: the next finds it there."""
        self._in_haste: set[str] = set()

    @contextmanager
    def in_haste(self, session: Mirrored) -> Iterator[None]:
        """A person waits for what is asked of it meanwhile: its place is not waited for."""
        self._in_haste.add(session.id)
        try:
            yield
        finally:
            self._in_haste.discard(session.id)

    # -- there

    async def sent(
        self, site: str, repository: Repository, commit: str, to: dict[str, str]
    ) -> RepositorySent:  # fmt: skip
        """Bring a commit of a repository there; what `work.begin` is told of it.

        `to`: more arguments of what is asked, which say where. Raises AgentdeckError.
        """
        key = bundles.key_of(repository)
        there = self._elsewhere.on(site)
        async with self._sending.setdefault(f"{site} {key}", asyncio.Lock()):
            had = await there.call("work.known", repository=key, commit=commit, **to)
            if not had["has"]:
                had = await self._by_address(site, repository, key, commit, to) or had
            if not had["has"]:
                await self._send(site, repository, commit, had["tips"], key, to)
        who = await self._trees.run(_author, repository)
        inner = "" if str(repository.inner) == "." else str(repository.inner)
        return {"repository": key, "commit": commit, "inner": inner, "author": who}

    async def _by_address(
        self, site: str, repository: Repository, key: str, commit: str, to: dict[str, str]
    ) -> Known | None:
        """What is there once the site has fetched it by itself; None: it does not, or can't."""
        config = getattr(self._elsewhere.of(site), "config", None)
        address = bundles.address(repository) if getattr(config, "origin", False) else ""
        if not address:
            return None
        try:
            return await self._elsewhere.on(site).call(
                "work.fetch", repository=key, commit=commit, address=address, **to
            )
        except Offline:
            raise
        except AgentdeckError as error:
            log.info("%s does not fetch %s: %s", site, address, error)
            return None

    async def _send(
        self, site: str, repository: Repository, commit: str, tips: list[str], key: str,
        to: dict[str, str],
    ) -> None:  # fmt: skip
        name, there = new_id(), self._elsewhere.on(site)
        with tempfile.TemporaryDirectory(prefix="agentdeck-bundle-") as folder:
            file = Path(folder) / "bundle"
            await self._trees.run(bundles.packed, repository, commit, tips, file)
            offset = 0
            with file.open("rb") as opened:
                while part := await asyncio.to_thread(opened.read, PART):
                    data = base64.b64encode(part).decode()
                    offset = await there.call(
                        "work.part", name=name, offset=offset, data=data, **to
                    )
        await there.call("work.take", name=name, repository=key, **to)

    # -- asked of it

    def there(self, session: Mirrored) -> Calls:
        """The commands of where a session lives, asked again where their answer was lost.

        It must be one that may be asked twice: nothing here sends a message.
        """
        return CallsBy(partial(self._ask_again, session))

    async def _ask_again(self, session: Mirrored, command: str, args: ev.JSON) -> Any:
        while True:
            try:
                return await self._elsewhere.ask(session.host, command, args)
            except Offline as error:
                if session.id in self._in_haste:
                    raise
                log.info("%s of session %s: %s", command, session.id, error)
                await self.heard(session)

    async def heard(self, session: Mirrored) -> None:
        """Return when all that a session has said so far is here, or nothing more ever comes."""
        while True:
            try:
                await self._elsewhere.pull(session.host, session.id)
                return
            except NotFound:
                return
            except AgentdeckError as error:
                log.info("session %s is not heard: %s", session.id, error)
                await asyncio.sleep(_AGAIN_S)

    # -- back

    async def branch(
        self, session: Mirrored, repository: Repository | None, message: str, loose: list[str],
        before: str = "",
    ) -> tuple[Packed, bool]:  # fmt: skip
        """Commit what is loose, and take the branch back, if there is one; what else is to come.

        `before`: the commit at which it came back last; commits made anew may take its place.
        """
        tree = session.summary.worktree
        if tree is not None and loose:
            await self.there(session).call(
                "work.commit", session=session.id, message=message, loose=loose
            )
        packed = await self.there(session).call("work.pack", session=session.id)
        if tree is None or not packed["branch"] or repository is None:
            return packed, False
        await self._taken(session, repository, packed, before)
        return packed, True

    async def _taken(
        self, session: Mirrored, repository: Repository, packed: Packed, before: str
    ) -> None:
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
            await self._trees.run(bundles.fetched, repository, file, *told, before)

    async def _parts(self, session: Mirrored, kind: str, name: str) -> AsyncIterator[bytes]:
        offset = 0
        there = self.there(session)
        while said := await there.call(
            "work.read", session=session.id, kind=kind, name=name, offset=offset
        ):
            part = unpacked(said)
            offset += len(part)
            yield part

    async def files(self, session: Mirrored, packed: Packed) -> tuple[Files, list[str]]:
        """The files that come back, within the limits that hold over there too; what does not."""
        files: Files = {}
        left, room = [*packed["left"]], MOST_BYTES
        for told in packed["files"]:
            name, whole = told["name"], bytearray()
            if told["kind"] == "record" and (session.folder / "files" / name).exists():
                continue  # it came with the event that names it
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

    async def changes(self, session: Mirrored) -> Changed:
        """What it has changed so far."""
        return await self.there(session).call("work.changes", session=session.id)


def _author(repository: Repository) -> list[str]:
    return [says(repository.at, "config", each) or "" for each in ("user.name", "user.email")]


def kept(
    record: Path, files: Files, folder: Path | None = None, *, newest: bool = False
) -> None:  # fmt: skip
    """Files that came back: the record's where it has them, the others where it worked.

    One that is there already stays; with `newest`, one of the others is written over.
    """
    for (kind, name), data in files.items():
        target = record if kind == "record" else (folder or record / "brought")
        try:
            if (newest and kind != "record") or not os.path.lexists(target / name):
                written(target, name, data)
        except AgentdeckError as error:
            log.warning("%s is not kept: %s", clean(name), error)
