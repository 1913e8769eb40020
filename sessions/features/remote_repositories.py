"""Sessions on other machines that were made with a repository of here.

The repository goes there, the session works on a branch of its own over there, is reviewed there as
any other, and its branch comes back here, where it is landed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.api.answers import Sent
from sessions.api.worktrees import Fetched, Landed, NotLanded
from sessions.errors import AgentdeckError, EngineError, UsageError
from sessions.features.feature import Feature
from sessions.features.landing import landed, not_landed, target_of
from sessions.ids import new_id
from sessions.record.closed_sets import LandedHow
from sessions.record.names import name_of
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.repository_transfer import RepositoryTransfer, kept
from sessions.remote.site_interface import Offline
from sessions.remote.source_repository import Origin
from sessions.tools.git import says
from sessions.worktrees import land
from sessions.worktrees.land import Conflicts, Landing
from sessions.worktrees.repository import Repository, pin, repository

if TYPE_CHECKING:
    from sessions.features.landing import Landings
    from sessions.features.worktrees import Worktrees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


class RemoteRepositories(Feature):
    """What took a repository of this machine along, and brings its branch back."""

    def __init__(self, deck: Deck, trees: Worktrees) -> None:
        self._deck = deck
        self._trees = trees
        self._carrying = RepositoryTransfer(deck.elsewhere, trees)

    @property
    def _landings(self) -> Landings:
        return self._trees.landings

    async def removed(self, session: Session) -> None:
        """A session is deleted: its branch stays where it is."""
        self._deck.elsewhere.origins.forget(session.id)

    async def create(
        self, host: str, directory: str, base: str, wishes: Mapping[str, Any]
    ) -> Session:
        """A session over there, on a branch of its own that begins at `base` of a repository here.

        Raises UsageError: there is no repository, or no such commit; Offline.
        """
        found = await self._trees.run(repository, Path(directory).expanduser())
        pinned = await self._trees.run(pin, found, base)
        session, origins = new_id(), self._deck.elsewhere.origins
        await asyncio.to_thread(origins.keep, session, Origin(directory, pinned.ref))
        try:
            there = await self._carrying.sent(host, found, pinned.commit, {})
            asked = {**wishes, **there}
            await self._deck.elsewhere.on(host).call(
                "work.begin", id=session, ref=pinned.ref, **asked
            )
        except Offline:
            raise  # it may be there: what is known of it stays
        except BaseException:
            origins.forget(session)
            raise
        await self._deck.elsewhere.pull(host, session)
        return await self._deck.get(session)

    # -- back

    async def fetch(self, session: Session, message: str = "") -> Fetched:
        """Bring a session's branch, and what it made beside it, to this machine.

        `message`: of a commit of what is not committed; without it that stays there, and is named.
        """
        mirror, origin, found = await self._of(session)
        async with self._landings.alone(str(found.common)):
            return await self._fetch(mirror, origin, found, message)

    async def _of(self, session: Session) -> tuple[Mirrored, Origin, Repository]:
        """It over there, and what it took along. Raises UsageError: it took nothing of here."""
        origin = self._deck.elsewhere.origins.of(session.id)
        if origin is None or not isinstance(session, Mirrored):
            raise UsageError(
                "This session took no repository of this machine along.",
                "Its branch, if it has one, is where it works.",
            )
        return session, origin, await self._trees.run(repository, Path(origin.directory))

    async def _fetch(
        self, mirror: Mirrored, origin: Origin, found: Repository, message: str
    ) -> Fetched:
        carrying = self._carrying
        with carrying.in_haste(mirror):
            changed = await carrying.changes(mirror)
            loose = changed["loose"]
            await self._trees.run(_unchanged, found, mirror.summary.branch, origin.head)
            packed, taken = await carrying.branch(
                mirror, found, message, loose if message else [], origin.head
            )
            if taken:
                kept_now = replace(origin, head=packed["head"])
                await asyncio.to_thread(self._deck.elsewhere.origins.keep, mirror.id, kept_now)
            files, left = await carrying.files(mirror, packed)
        await asyncio.to_thread(kept, mirror.folder / "files", files, newest=True)
        brought = mirror.folder / "files" / "brought"
        return {
            "id": mirror.id,
            "repository": str(found.at),
            "branch": packed["branch"],
            "commit": packed["head"],
            "loose": [] if message else loose,
            "files": [str(brought / name) for kind, name in files if kind == "made"],
            "left": left,
        }

    async def land(
        self, session: Session, onto: str, how: LandedHow, message: str, check: bool
    ) -> Landed | NotLanded:
        """Bring a session's branch here, and into the branch that it began at."""
        mirror, origin, found = await self._of(session)
        target = target_of(onto, origin.ref, how)
        if mirror.summary.open:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        async with self._landings.alone(str(found.common)):
            if check:
                await self._checked(mirror)
            told = await self._fetch(mirror, origin, found, message)
            if told["loose"]:
                raise UsageError(
                    "The session has changes that are not committed; they would stay behind.",
                    "Commit them first: with -m MESSAGE this is done before the landing.",
                )
            if not told["branch"]:
                raise UsageError("There is nothing to land: it has committed nothing.")
            title = name_of(mirror.summary)
            given = found.at, told["branch"], target, how, message, title, told["commit"]
            try:
                landing = await self._trees.run(land.prepare, *given)
            except Conflicts as conflicts:
                return not_landed(session.id, conflicts, how)
            await self._trees.run(land.reach, landing)
        await self._told(mirror, found, landing)
        return landed(session.id, landing)

    async def hand_over(self, session: Session, told: NotLanded) -> Sent:
        """Let the session mend what conflicts, with what it is to be landed on; how that went."""
        mirror, _, found = await self._of(session)
        onto = await self._trees.run(pin, found, told["onto"])
        await self._carrying.sent(mirror.host, found, onto.commit, {})
        return await self._landings.hand_over(mirror, {**told, "onto": onto.commit})

    async def _checked(self, mirror: Mirrored) -> None:
        """By the check that is configured over there, where the branch is: no code of it runs here.

        Raises AgentdeckError: it failed.
        """
        try:
            told = await self._deck.elsewhere.on(mirror.host).call(
                "worktree.check", session=mirror.id
            )
        except UsageError:
            return  # none is configured there
        if not told["ok"]:
            raise AgentdeckError(
                f"The check failed on {mirror.host} ({told['how']}), so nothing was landed.",
                str(told["output"])[-1500:].strip(),
            )

    async def _told(self, mirror: Mirrored, found: Repository, landing: Landing) -> None:
        """The session over there goes on from what was landed, where it can be told so."""
        now = Origin(str(found.top or found.common), landing.target, landing.head)
        await asyncio.to_thread(self._deck.elsewhere.origins.keep, mirror.id, now)
        try:
            there = await self._carrying.sent(mirror.host, found, landing.new, {})
            await self._deck.elsewhere.on(mirror.host).call(
                "work.landed", session=mirror.id, repository=there["repository"],
                onto=landing.target, how=landing.how, commit=landing.new, before=landing.old,
                commits=landing.commits, head=landing.head,
            )  # fmt: skip
        except EngineError as error:  # it is landed all the same
            self._deck.notice("worktree", f"{mirror.host} was not told of the landing: {error}")


def _unchanged(found: Repository, branch: str, head: str) -> None:
    """Raises UsageError: somebody went on here with a branch that came back before."""
    ref = f"refs/heads/{branch}"
    now = says(found.at, "rev-parse", "--verify", "--quiet", ref) if branch else None
    if now and head and now != head:
        raise UsageError(
            f"The branch {branch} was changed here since it came; it is not written over.",
            f"Give it another name first: git branch -m {branch} NAME",
        )
